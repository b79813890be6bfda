import pytest
from mmengine.config import Config

from mmseg_ext.planning.channels import LITE0, channels_over
from mmseg_ext.planning.models import MODELS

pytest.importorskip('timm', reason='needs the extra encoders')


@pytest.mark.parametrize('model', [
    model for model, bases in MODELS.items() if 'lite' in bases])
def test_they_are_those_of_the_configs(repository, model):
    base = MODELS[model]['lite']
    published = Config.fromfile(
        repository / f'configs/_base_/models/{base}.py').model
    for place, value in channels_over(model, LITE0).items():
        section = published
        for key in place:
            section = section[key]
        assert section == value, place
