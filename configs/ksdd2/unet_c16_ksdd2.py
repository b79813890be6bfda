# U-Net of a quarter of the width at half the resolution, within reach of a
# CPU. The options of unet_ksdd2.py hold here too; CrossEntropyLoss keeps the
# class weights, and is the plain one with both of
#   model.decode_head.loss_decode.type=CrossEntropyLoss
#   model.decode_head.loss_decode.class_weight=None
_base_ = [
    '../_base_/models/unet_c16.py', '../_base_/datasets/ksdd2_small.py',
    '../_base_/schedules/mvtec_cpu.py', '../_base_/default_runtime.py'
]
