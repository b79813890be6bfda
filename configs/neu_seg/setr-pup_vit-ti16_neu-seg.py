# SETR (PUP) over ViT-Ti/16 on NEU-Seg, from random weights.
_base_ = [
    '../_base_/models/setr-pup_vit-ti16.py', '../_base_/datasets/neu_seg.py',
    '../_base_/schedules/iters_cpu_transformer.py',
    '../_base_/default_runtime.py'
]

from mmseg_ext.engine import set_in_heads  # noqa: E402

model = set_in_heads(_base_.model, **_base_.head_options)
