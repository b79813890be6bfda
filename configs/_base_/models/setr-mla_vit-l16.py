# SETR, multi-level aggregation, over ViT-L/16, see setr-naive_vit-l16.py. Four
# depths, each through a 1x1 convolution, summed from deep to shallow, through
# a 3x3 one and enlarged to 4 times, side by side into the classifier. No class
# token: that row of the weights' position embedding is left out.
_base_ = 'mmseg::_base_/models/setr_mla.py'

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
