# U-Net on KolektorSDD2. A loss, a sampler and a crop keep tiny defects from
# being lost; without one of them, --cfg-options
#   model.decode_head.loss_decode.type=CrossEntropyLoss
#   train_dataloader.sampler.type=InfiniteSampler
#   train_dataloader.dataset.pipeline.3.defect_prob=0
_base_ = [
    '../_base_/models/unet.py', '../_base_/datasets/ksdd2.py',
    '../_base_/schedules/iters_20k.py', '../_base_/default_runtime.py'
]
