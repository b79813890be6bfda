# DPT-Hybrid over the packaged encoder on MVTec AD, within reach of a CPU: a
# transformer that few images can train, see dpt_vit-ti16_mvtec.py.
_base_ = [
    '../_base_/models/dpt-hybrid_efficientnet-lite0.py',
    '../_base_/datasets/mvtec_ad_small.py',
    '../_base_/schedules/iters_cpu.py', '../_base_/default_runtime.py'
]

model = dict(
    decode_head=dict(
        dropout_ratio=0.0,  # so short a run has no time to overfit
        loss_decode=dict(class_weight=[1.0, 10.0])))  # see unet_c16.py
