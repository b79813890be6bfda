# The model of mmseg's own SegFormer-B5; data and schedule come from us.
# An upstream experiment as a second _base_ would collide with them, key by
# key, so its model is taken out. The empty _base_ tells mmengine that this
# is a config of the plain kind, in spite of the import.
_base_ = []

from mmengine.hub import get_config  # noqa: E402

model = get_config(
    'mmseg::segformer/segformer_mit-b5_8xb2-160k_ade20k-512x512.py'
).model.to_dict()
# Pad to MiT's stride, whatever the crop: upstream pads to ADE20K's 512.
model['data_preprocessor'].update(size=None, size_divisor=32)
# Faster, with the same weights and outputs. To go back to mmseg's own:
# --cfg-options model.backbone.type=MixVisionTransformer \
#     model.decode_head.type=SegformerHead
model['backbone']['type'] = 'FusedMixVisionTransformer'
model['decode_head']['type'] = 'FusedSegformerHead'
