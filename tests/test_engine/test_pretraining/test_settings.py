import json
from dataclasses import replace

import pytest

from mmseg_ext.engine.pretraining import Settings

SETTINGS = Settings('config.py', ('images', ))


@pytest.mark.parametrize('changed', [
    dict(crop=0), dict(crop=100), dict(batch=1), dict(workers=-1),
    dict(lr=0.0), dict(lr=float('nan'))])
def test_bad_arguments(changed):
    name, = changed
    with pytest.raises(ValueError, match=f'--{name}'):
        replace(SETTINGS, **changed)


def test_what_may_change_when_it_goes_on():
    before = json.loads(json.dumps(SETTINGS.record()))
    replace(SETTINGS, workers=0, images=['images']).check_same(before)
    with pytest.raises(ValueError, match='seed is 1 and was 0; amp is True'):
        replace(SETTINGS, seed=1, amp=True).check_same(before)
