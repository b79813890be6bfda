import sys

import mmengine.dist.utils
from mmengine.logging import MessageHub
from mmengine.model import MMDistributedDataParallel
from mmengine.runner.checkpoint import CheckpointLoader
from mmengine.utils import package_utils

from mmseg_ext import compat


def mended() -> list:
    """Everything that the mends replace, as it stands now."""
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
    before = mended()
    compat.apply()
    assert mended() == before


def test_the_package_imports_from_another_folder_after_mmseg(imported_late):
    assert imported_late['model'] == 'EncoderDecoder'


def test_the_error_is_a_runtime_error():
    # Code that guards a load with `except RuntimeError` goes on working.
    assert issubclass(compat.UntrustedCheckpointError, RuntimeError)
