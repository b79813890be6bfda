import os
import sys

import mmcv  # noqa: F401  what stands in for its operators
import mmengine.dist.utils
import pytest
from mmengine.logging import MessageHub
from mmengine.model import MMDistributedDataParallel
from mmengine.runner.checkpoint import CheckpointLoader
from mmengine.utils import package_utils

from mmseg_ext import compat
from mmseg_ext.compat import mmcv_ops


def patched() -> list:
    """Everything that the patches replace, as it stands now."""
    return [
        CheckpointLoader.load_checkpoint.__func__,
        MMDistributedDataParallel.__init__,
        MessageHub.load_state_dict,
        MessageHub.state_dict,
        mmengine.dist.utils._init_dist_pytorch,
        package_utils.get_installed_path,
        package_utils.is_installed,
        sys.modules['mmcv._ext'],
        list(sys.meta_path),
    ]


def test_a_second_apply_changes_nothing():
    before = patched()
    compat.apply()
    assert patched() == before


def test_the_package_imports_from_another_folder_after_mmseg(imported_late):
    assert imported_late['model'] == 'EncoderDecoder'


@pytest.mark.skipif(
    not isinstance(sys.modules['mmcv._ext'], mmcv_ops.MissingOps),
    reason='a full mmcv with compiled operators is installed')
def test_mmseg_imported_first_and_failed_half_way(imported_late):
    if imported_late['failure'] is None:
        pytest.skip('this mmseg imports without operators, as OneDL\'s does')
    assert 'mmcv._ext' in imported_late['failure']
    assert imported_late['model'] == 'EncoderDecoder'


def test_a_name_imported_before_is_patched_too(imported_late):
    assert os.path.samefile(imported_late['early_name_says'],
                            imported_late['mmseg_path'])


def test_after_a_failed_import_the_second_fails_too(run_python, tmp_path):
    found = run_python(
        """
import importlib.util, json
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: (
    None if name == 'mmcv' else find(name, package))
messages = []
for _ in range(2):
    try:
        import mmseg_ext
        messages.append('passed')
    except ModuleNotFoundError as error:
        messages.append(str(error))
print(json.dumps(messages))
""", cwd=tmp_path)
    assert len(found) == 2
    assert all('needs mmcv' in message for message in found)


def test_the_error_is_a_runtime_error():
    # Code that guards a load with `except RuntimeError` goes on working.
    assert issubclass(compat.UntrustedCheckpointError, RuntimeError)
