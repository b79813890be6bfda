"""MatchIntensity, in a pipeline."""
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS


@pytest.fixture
def image():
    noise = np.random.default_rng(0).integers(40, 90, (30, 40), np.uint8)
    return noise[..., None].repeat(3, 2)


def test_changes_the_image_alone(image):
    init_default_scope('mmseg')
    step = TRANSFORMS.build(dict(type='MatchIntensity', mean=150, std=20))
    mask = np.zeros(image.shape[:2], np.uint8)
    found = step(dict(img=image.copy(), gt_seg_map=mask, img_path='a.png'))
    assert found['gt_seg_map'] is mask
    np.testing.assert_allclose(
        [found['img'].mean(), found['img'].std()], [150, 20], atol=0.1)
    assert repr(step) == ("MatchIntensity(method='intensity', mean=150, "
                          'std=20)')


def test_names_an_image_of_one_grey():
    init_default_scope('mmseg')
    step = TRANSFORMS.build(dict(type='MatchIntensity', method='histogram',
                                 quantiles=[0, 255]))
    with pytest.raises(ValueError, match=r'a\.png is one grey, 7'):
        step(dict(img=np.full((8, 8, 3), 7, np.uint8), img_path='a.png'))
