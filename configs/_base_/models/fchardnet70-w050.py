# FC-HarDNet-70 of half the width, a quarter of the parameters, for a CPU.
_base_ = './fchardnet70.py'

model = dict(backbone=dict(width=0.5), decode_head=dict(width=0.5))
