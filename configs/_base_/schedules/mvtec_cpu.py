_base_ = './iters_cpu_bf16.py'

# The classifier starts near zero, and is all that a defect has at first:
# without this, 300 steps are too few for one to reach a probability of 0.5.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(conv_seg=dict(lr_mult=10))))
