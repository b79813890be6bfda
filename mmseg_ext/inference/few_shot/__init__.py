"""Few-shot segmentation: outline three images, find it in two hundred.

In Python::

    from mmseg_ext.inference.few_shot import FewShotSegmenter

    segmenter = FewShotSegmenter('efficientnet_lite0')
    segmenter.fit(images, masks, good)  # arrays; masks (H, W) bool
    print(segmenter.calibration.iou)    # of the supports, each left out
    mask = segmenter.predict(image).mask

Nothing is trained. ``fit([], [], good)`` finds what good images do not show.
"""
from .bank import CAP
from .encoder import FrozenEncoder, load_backbone, load_encoder
from .leave_one_out import (
    Calibration,
    Labelled,
    LeftOut,
    choose_matching,
    leave_one_out,
)
from .matchers import MATCHERS, TRAINED, candidates
from .matching import Matching
from .segmenter import FewShotSegmenter
from .support_files import Supports, read_supports
from .support_report import describe_supports, support_files

__all__ = [
    'CAP', 'MATCHERS', 'TRAINED', 'Calibration', 'FewShotSegmenter',
    'FrozenEncoder', 'Labelled', 'LeftOut', 'Matching', 'Supports',
    'candidates', 'choose_matching', 'describe_supports', 'leave_one_out',
    'load_backbone', 'load_encoder', 'read_supports', 'support_files'
]
