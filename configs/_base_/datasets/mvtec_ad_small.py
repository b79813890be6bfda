# For a CPU: a quarter of the batch, half of the workers.
_base_ = './mvtec_ad.py'

train_dataloader = dict(batch_size=4, num_workers=2)
val_dataloader = dict(num_workers=2)
test_dataloader = dict(num_workers=2)
