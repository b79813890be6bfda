_base_ = './iters_cpu.py'

# Convolutions of few channels at full size: both pay.
default_hooks = dict(channels_last=dict(type='ChannelsLastHook'))
# The classifier starts near zero, and is all that a defect has at first:
# without this, 300 steps are too few for one to reach a probability of 0.5.
optim_wrapper = dict(
    type='CpuAmpOptimWrapper',
    paramwise_cfg=dict(custom_keys=dict(conv_seg=dict(lr_mult=10))))
