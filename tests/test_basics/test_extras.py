"""Whoever needs an optional package is told how to install it."""
import json

import pytest
from programs import run_program

from mmseg_ext.basics.extras import require_extra

# one process for all: importing mmseg takes seconds
WITHOUT = """
import json
import sys

hidden = {'mmdet', 'skimage', 'timm', 'transformers'}
hidden.update(
    name for name in sys.modules if name.split('.')[0] in hidden)
sys.modules.update(dict.fromkeys(hidden))
from mmengine.config import Config

import mmseg_ext.labeling as labeling

labeling.ContrastSegmenter()  # needs none of them
messages = {}
for extra, work in dict(
        mmdet=lambda: Config.fromfile('configs/sem/mask2former_r50_sem.py'),
        encoders=lambda: Config.fromfile(
            'configs/sem/unet_efficientnet-lite0_sem.py'),
        labeling=labeling.RandomWalkerSegmenter,
        sam2=lambda: labeling.Sam2Segmenter('anywhere')).items():
    try:
        work()
    except ImportError as error:
        messages[extra] = str(error)
print(json.dumps(messages))
"""


def test_present():
    require_extra('numpy.linalg', 'none')


def test_absent_names_the_extra():
    with pytest.raises(ImportError, match=r'nowhere is needed.*\.\[some\]'):
        require_extra('nowhere.models', 'some')


@pytest.fixture(scope='module')
def messages(repository) -> dict:
    """Extra -> what is said where its packages are missing."""
    result = run_program('-c', WITHOUT, cwd=repository)
    assert result.returncode == 0, result.stdout
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize('extra', ['mmdet', 'encoders', 'labeling', 'sam2'])
def test_missing_packages_name_the_extra(messages, extra):
    assert f'pip install -e ".[{extra}]"' in messages[extra]
