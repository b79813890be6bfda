# BiSeNet over ResNet-18 on micrographs, at full size.
_base_ = [
    '../_base_/models/bisenetv1_r18.py', '../_base_/datasets/sem_iters.py',
    '../_base_/schedules/iters_20k.py', '../_base_/default_runtime.py'
]

from mmseg_ext.engine import set_in_heads  # noqa: E402

model = set_in_heads(_base_.model, **_base_.head_options)
model.update(test_cfg=_base_.windows)
