"""What is said of the labelled images, false alarms included."""
import pytest
from colour_encoder import RED, colour_encoder, mask_of, picture

from mmseg_ext.inference.few_shot import FewShotSegmenter, describe_supports

OUTLINED = [picture((RED, 8, 16, 16)), picture((RED, 24, 32, 16), seed=1)]
CLEAN = [picture(seed=2), picture(seed=3)]


@pytest.mark.parametrize('taken_for_good, expected', [
    ([], ''),
    ([picture((RED, 16, 40, 16), seed=4)],
     '\nSomething is found in 1 of 3 good images, too')])
def test_false_alarms_are_told(taken_for_good, expected):
    model = FewShotSegmenter(colour_encoder(), 'dense', 1).fit(
        OUTLINED, [mask_of(one) == 1 for one in OUTLINED],
        CLEAN + taken_for_good)
    text = describe_supports(model)
    assert text.startswith('IoU of the outlined images') and expected in text
    assert ('Something' in text) == bool(expected)
