# FC-HarDNet-70 of half the width on Cityscapes, for a CPU.
_base_ = [
    '../_base_/models/fchardnet70-w050.py',
    '../_base_/datasets/cityscapes_small.py',
    '../_base_/schedules/iters_cpu_bf16.py', '../_base_/default_runtime.py'
]
