# FC-HarDNet-70 of half the width on MetalDAM, for a CPU.
_base_ = [
    '../_base_/models/fchardnet70-w050.py',
    '../_base_/datasets/metaldam.py',
    '../_base_/schedules/iters_cpu_bf16.py', '../_base_/default_runtime.py'
]

model = dict(decode_head=dict(num_classes=5))
