# The fair rival of fcn_r18_dpsa_cityscapes.py: GCNet's global context in the
# same places, with the width of a sixteenth that its authors publish.
_base_ = './fcn_r18_dpsa_cityscapes.py'

model = dict(backbone=dict(plugin=dict(type='ContextBlock', ratio=1 / 16)))
