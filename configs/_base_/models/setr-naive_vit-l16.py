# SETR, naive, over ViT-L/16 with mmseg's ImageNet weights. Each layer adds
# attention to what it is given, and then its MLP to that sum:
#   Z' = MSA(LN(Z)) + Z;  Z = MLP(LN(Z')) + Z'
# The head: a 1x1 convolution, enlarged to 4 times, a 1x1 classifier. Three
# auxiliary heads on shallower layers, in training alone.
_base_ = 'mmseg::_base_/models/setr_naive.py'

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
