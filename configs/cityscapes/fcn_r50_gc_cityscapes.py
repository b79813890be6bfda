# The fair rival of fcn_r50_dpsa_cityscapes.py: GCNet's global context in the
# same places, with the width of a sixteenth that its authors publish. From
# random weights mmseg's initialiser takes the block's zero start away;
# fcn_r18-c16_gc_cityscapes.py keeps it.
_base_ = './fcn_r50_dpsa_cityscapes.py'

model = dict(
    backbone=dict(plugins=[
        dict(
            _base_.model.backbone.plugins[0],
            cfg=dict(type='ContextBlock', ratio=1 / 16))
    ]))
