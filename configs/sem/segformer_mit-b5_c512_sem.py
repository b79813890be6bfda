# SegFormer-B5 with the paper's embedding of 512: the fair rival of
# segformer_xattn_sem.py, which differs by the neck alone.
_base_ = './segformer_mit-b5_sem.py'

model = dict(decode_head=dict(channels=512))
