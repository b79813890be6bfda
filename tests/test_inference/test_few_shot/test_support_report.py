"""What is said of the labelled images, false alarms included."""
from dataclasses import replace

import numpy as np
from colour_encoder import RED, colour_encoder, mask_of, picture

from mmseg_ext.inference.few_shot import FewShotSegmenter, describe_supports

OUTLINED = [picture((RED, 8, 16, 16)), picture((RED, 24, 32, 16), seed=1)]


def test_false_alarms_are_told():
    model = FewShotSegmenter(colour_encoder(), 'dense+normal', 1).fit(
        OUTLINED, [mask_of(one) == 1 for one in OUTLINED],
        [picture(seed=2), picture(seed=3)])
    clean = [replace(one, found=np.zeros_like(one.found))
             if one.labelled.mask is None else one
             for one in model.calibration.left_out]
    model.calibration = replace(model.calibration, left_out=clean)
    told = describe_supports(model)
    assert 'each found by the others: ' in told and '\n' not in told
    last = max(i for i, one in enumerate(clean) if one.labelled.mask is None)
    clean[last] = replace(clean[last], found=clean[last].found + 1)
    assert describe_supports(model).startswith(
        f'{told}\nSomething is found in ')
