# For a CPU: a quarter of the batch.
_base_ = './mvtec_ad.py'

train_dataloader = dict(batch_size=4, num_workers=2)
