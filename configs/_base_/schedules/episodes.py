# Episodes: the backbone is frozen, so that little is learned, and at once.
_base_ = './iters_cpu.py'

optim_wrapper = dict(optimizer=dict(lr=1e-4))
# Of the class that is shown, pixels summed over all episodes of a class
# before IoU is taken, then the mean over classes.
default_hooks = dict(
    checkpoint=dict(
        save_best='episode_class_mean.IoU.defect', rule='greater'))
