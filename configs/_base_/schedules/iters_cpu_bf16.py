# For models that are convolutions above all: there both pay.
_base_ = './iters_cpu.py'

default_hooks = dict(channels_last=dict(type='ChannelsLastHook'))
optim_wrapper = dict(type='CpuAmpOptimWrapper')
