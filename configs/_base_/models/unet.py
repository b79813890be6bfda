_base_ = 'mmseg::_base_/models/fcn_unet_s5-d16.py'

model = dict(
    # U-Net halves the size four times; pad what does not divide
    data_preprocessor=dict(size_divisor=16, test_cfg=dict(size_divisor=16)),
    auxiliary_head=None,  # upstream's addition; the paper's models have none
    # Cross-entropy alone is content with no defects at all. To go back:
    # --cfg-options model.decode_head.loss_decode.type=CrossEntropyLoss
    decode_head=dict(loss_decode=dict(type='CrossEntropyDiceLoss')),
    test_cfg=dict(_delete_=True, mode='whole'))
