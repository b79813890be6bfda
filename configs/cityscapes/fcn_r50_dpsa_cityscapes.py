# FCN with DeformablePSA in the backbone, which is all that differs from
# fcn_r50_cityscapes.py. The paper inserts it "between convolution blocks"
# of any backbone and says no more.
_base_ = './fcn_r50_cityscapes.py'

model = dict(
    backbone=dict(plugins=[
        dict(
            cfg=dict(type='DeformablePSA'),
            # Stages 3 and 4: deformable convolutions were introduced in the
            # last layers, and attention over the image needs features that
            # mean something. All four would take half as much memory again.
            stages=(False, False, True, True),
            # after a whole block: 4 times the width, 15 times the weights
            position='after_conv2')
    ]))
