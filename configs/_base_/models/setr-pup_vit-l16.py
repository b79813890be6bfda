# SETR, progressive upsampling, over ViT-L/16, see setr-naive_vit-l16.py. The
# head: a 3x3 convolution and twice the size, four times over; the logits are
# of the image's size.
_base_ = 'mmseg::_base_/models/setr_pup.py'

model = dict(
    data_preprocessor=dict(
        mean=[127.5, 127.5, 127.5],  # these weights' own
        std=[127.5, 127.5, 127.5],
        # Whole patches. mmseg's ViT pads others inside of itself, and its map
        # of the padded image is then squeezed to the image's size.
        size_divisor=16,
        test_cfg=dict(size_divisor=16)),
    # upstream names a file that has to be converted by hand
    pretrained=None,
    backbone=dict(
        drop_rate=0.0,  # as all of upstream's experiments
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmsegmentation/v0.5/'
            'pretrain/segmenter/vit_large_p16_384_20220308-d4efb41d.pth')))
