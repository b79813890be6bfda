# SETR (PUP) over ViT-Ti/16 on Cityscapes, from random weights.
_base_ = [
    '../_base_/models/setr-pup_vit-ti16.py',
    '../_base_/datasets/cityscapes_small.py',
    '../_base_/schedules/iters_cpu_transformer.py',
    '../_base_/default_runtime.py'
]

from mmseg_ext.engine import set_in_heads  # noqa: E402

model = set_in_heads(_base_.model, **_base_.head_options)
model.update(test_cfg=_base_.windows)
