"""Where the map of intensities stands in pipelines."""
from mmseg_ext.adaptation.config import with_match

STEP = dict(type='MatchIntensity', mean=100, std=10)
LOAD, CROP, RESIZE = (
    dict(type=name) for name in ('LoadSEMImageFromFile', 'CropBottom',
                                 'Resize'))


def test_stands_behind_loading_once():
    expected = [LOAD, CROP, STEP, RESIZE]
    assert with_match([LOAD, CROP, RESIZE], STEP) == expected
    # adapting what was adapted replaces the map
    older = dict(STEP, mean=50)
    assert with_match([LOAD, CROP, older, RESIZE], STEP) == expected
    assert with_match([LOAD], STEP) == [LOAD, STEP]
