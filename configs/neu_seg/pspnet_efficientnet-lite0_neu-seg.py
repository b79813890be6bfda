# PSPNet over Lite0 on NEU-Seg, from ImageNet weights.
_base_ = [
    '../_base_/models/pspnet_efficientnet-lite0.py',
    '../_base_/datasets/neu_seg.py', '../_base_/schedules/iters_cpu.py',
    '../_base_/default_runtime.py'
]

from mmseg_ext.engine import set_in_heads  # noqa: E402

model = set_in_heads(_base_.model, **_base_.head_options)
