import pytest

# mmpretrain itself is not imported by the package.
IMPORTS = {
    'mmseg_ext first': """
import json, sys
import mmseg_ext
before = 'mmpretrain' in sys.modules
""",
    'mmpretrain first': """
import json
import mmpretrain
import mmseg_ext
before = True
""",
}
BUILD = """
import mmpretrain.models
from mmpretrain.registry import MODELS
from mmpretrain.utils import dependency

backbone = MODELS.build(dict(type='MobileViT', arch='xx_small'))
print(json.dumps(dict(
    before=before,
    multimodal=dependency.WITH_MULTIMODAL,
    backbone=type(backbone).__name__)))
"""


@pytest.fixture
def multimodal():
    """Skip where mmpretrain leaves its vision-language models out itself."""
    for name in ('transformers', 'pycocotools'):
        pytest.importorskip(name)


@pytest.mark.parametrize('first', IMPORTS)
def test_mmpretrain_imports_beside_transformers(
        multimodal, run_python, tmp_path, first):
    # Alone, beside transformers 5.23: `TypeError: NoneType takes no
    # arguments` in mmpretrain/models/multimodal/blip/language_model.py.
    found = run_python(IMPORTS[first] + BUILD, cwd=tmp_path)
    assert found == dict(
        before=first == 'mmpretrain first',
        multimodal=False,
        backbone='MobileViT')


def test_a_failed_import_of_mmpretrain_before_is_named(
        multimodal, run_python, tmp_path):
    # Whether stock mmpretrain fails is up to transformers; if it does, its
    # registries are half full and the order of imports has to change.
    found = run_python(
        """
import json
try:
    import mmpretrain.models
    failed = False
except Exception:
    failed = True
try:
    import mmseg_ext
    message = ''
except ImportError as error:
    message = str(error)
print(json.dumps(dict(failed=failed, message=message)))
""", cwd=tmp_path)
    assert ('Import mmseg_ext first' in found['message']) == found['failed']
