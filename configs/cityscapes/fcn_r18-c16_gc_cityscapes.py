# fcn_r18-c16_cityscapes.py with GCNet's global context in the same places as
# fcn_r18-c16_dpsa_cityscapes.py has its layers.
_base_ = './fcn_r18-c16_dpsa_cityscapes.py'

# At a quarter of the width a fourth is 16 and 32 channels, what the
# published sixteenth is in fcn_r18_gc_cityscapes.py.
model = dict(backbone=dict(plugin=dict(type='ContextBlock', ratio=1 / 4)))
