# The model of mmseg's own Mask2Former, see segformer_mit-b0.py for the form.
_base_ = []

from mmengine.hub import get_config  # noqa: E402

from mmseg_ext.engine import require_extra  # noqa: E402

require_extra('mmdet.models', 'mmdet')
model = get_config(
    'mmseg::mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py'
).model.to_dict()
# Pad to the pixel decoder's stride, whatever the crop.
model['data_preprocessor'].update(size=None, size_divisor=32)
