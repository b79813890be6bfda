"""What several tests share: a small synthetic set, and the real images.

The package is imported within functions: pytest-xdist's first process reads
this file too and runs no test, and its workers start after it.
"""
import gc
import os
import shutil
import signal
import sys
from collections.abc import Callable
from multiprocessing import resource_tracker, spawn
from pathlib import Path

import pytest

pytest.register_assert_rewrite('model_tests')

# Shells start what runs in the background with Ctrl-C ignored, and processes
# hand that on to those that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / 'shared/data'
_frozen = 0  # modules
_warm = None


def pytest_collectstart() -> None:
    import mmseg_ext  # noqa: F401  patches what test modules import from mmseg


def pytest_collection_finish() -> None:
    _freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session) -> None:
    from warm_python import start

    global _warm
    if any('warm_python' in item.fixturenames
           for item in getattr(session, 'items', ())):
        _warm = start()


def pytest_sessionfinish() -> None:
    if _warm:
        _warm.close()


def pytest_runtest_teardown() -> None:
    if len(sys.modules) > _frozen + 100:  # a test has filled a registry
        _freeze()


def _freeze() -> None:
    """Spare those who collect garbage the objects of modules, a million.

    mmengine does for each data set, pytest now and then.
    """
    global _frozen
    gc.collect()
    gc.freeze()
    _frozen = len(sys.modules)


def pytest_collection_modifyitems(items) -> None:
    # long files first: pytest-xdist's processes end at about the same time
    long = {item.path for item in items if item.get_closest_marker('slow')}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope='session', autouse=True)
def configs_are_not_laid_out():
    """Spare runs the layout of their configs; here they have to be Python."""
    from mmengine.config import config
    from yapf.yapflib import yapf_api

    def check_code(text: str, **options) -> tuple[str, bool]:
        compile(text, 'config', 'exec')
        return text, True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            config if hasattr(config, 'FormatCode') else yapf_api,  # OneDL's
            'FormatCode', check_code)
        yield


@pytest.fixture(scope='module')
def lean_processes(tmp_path_factory):
    """Let new processes find no mmdet: they start in a third of the time."""
    from lean import leave_out

    folder = tmp_path_factory.mktemp('left_out')
    leave_out(folder)
    path = [str(folder), os.environ.get('PYTHONPATH')]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', os.pathsep.join(filter(None, path)))
        patch.syspath_prepend(str(folder))  # multiprocessing hands it on
        yield


@pytest.fixture(scope='module')
def warm_python() -> str:
    """The interpreter for what a test starts, which has imported already."""
    python = str(_warm.python) if _warm else sys.executable
    before = spawn.get_executable()
    resource_tracker.ensure_running()  # by the interpreter: it stays
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'executable', python)
        spawn.set_executable(python)
        yield python
    spawn.set_executable(before)


@pytest.fixture(scope='module')
def one_thread():
    """Compute with one: several only wait for each other at tiny models."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope='session')
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope='session')
def config_path() -> Callable[[str], str]:
    """The path of a shipped experiment, by its name without suffix."""
    paths = {path.stem: str(path)
             for path in REPOSITORY.glob('configs/**/*.py')
             if '_base_' not in path.parts}
    return paths.__getitem__


@pytest.fixture(scope='session')
def sem_root(tmp_path_factory) -> Path:
    """Four training and two validation micrographs of 128 x 96 pixels."""
    from mmseg_ext.samples import write_sem_sample

    return write_sem_sample(
        tmp_path_factory.mktemp('data') / 'sem', 4, 2, size=(96, 128))


@pytest.fixture(scope='session')
def metaldam_like(tmp_path_factory, sem_root) -> Path:
    """The synthetic images in MetalDAM's layout: flat folders and lists."""
    root = tmp_path_factory.mktemp('data') / 'metaldam'
    for kind, folder in (('images', 'images'), ('masks', 'labels')):
        (root / folder).mkdir(parents=True)
        for path in (sem_root / kind).rglob('*.png'):
            shutil.copy(path, root / folder)
    for split in ('train', 'val'):
        stems = sorted(p.stem for p in (sem_root / 'images' / split).iterdir())
        (root / f'{split}.txt').write_text('\n'.join(stems))
    return root


@pytest.fixture(scope='session')
def super1_like(tmp_path_factory, sem_root) -> Path:
    """The synthetic images, the validation ones to test on as well."""
    root = tmp_path_factory.mktemp('data') / 'super1'
    shutil.copytree(sem_root, root)
    for kind in ('images', 'masks'):
        shutil.copytree(root / kind / 'val', root / kind / 'test')
    return root


@pytest.fixture(scope='session')
def mvtec_like(tmp_path_factory) -> Path:
    """Sixteen pictures of 64 x 64 pixels for each of two categories."""
    from mmseg_ext.samples import write_mvtec_sample

    return write_mvtec_sample(
        tmp_path_factory.mktemp('data') / 'mvtec', num_good=4,
        num_defective=5, size=64)


@pytest.fixture(scope='session')
def single_defects(tmp_path_factory) -> Path:
    """NEU-Seg's layout: images that show one of three classes each."""
    import cv2
    import numpy as np

    root = tmp_path_factory.mktemp('data') / 'single_defects'
    rng = np.random.default_rng(0)
    for split, count in (('train', 12), ('val', 9), ('test', 9)):
        for kind in ('images', 'masks'):
            (root / kind / split).mkdir(parents=True)
        for i in range(count):
            mask = np.zeros((48, 48), np.uint8)
            top, left = rng.integers(30, size=2)
            mask[top:top + 16, left:left + 12] = 1 + i % 3
            image = (120 + 40 * (mask > 0) + 10 * mask
                     + rng.integers(20, size=mask.shape))
            cv2.imwrite(str(root / f'images/{split}/{i}.png'),
                        image.astype(np.uint8))
            cv2.imwrite(str(root / f'masks/{split}/{i}.png'), mask)
    return root


@pytest.fixture(scope='session')
def ksdd2_like(tmp_path_factory) -> Path:
    """Eight training and four test surfaces of about 58 x 160 pixels."""
    from mmseg_ext.samples import write_ksdd2_sample

    return write_ksdd2_sample(
        tmp_path_factory.mktemp('data') / 'ksdd2', 4, 4, 2, 2, (160, 58))


@pytest.fixture(scope='session')
def cityscapes_like(tmp_path_factory) -> Path:
    """Four training and two validation streets of 128 x 64 pixels."""
    from mmseg_ext.samples import write_cityscapes_sample

    return write_cityscapes_sample(
        tmp_path_factory.mktemp('data') / 'cityscapes', 4, 2, size=(64, 128))


@pytest.fixture(scope='session')
def tiny_sam2(tmp_path_factory) -> Path:
    """A folder of a SAM 2 with random weights."""
    from tiny_sam2 import write_tiny_sam2

    return write_tiny_sam2(tmp_path_factory.mktemp('sam2'))


@pytest.fixture(scope='session')
def tiny_sam3(tmp_path_factory) -> Path:
    """A folder of a tracker of SAM 3 with random weights."""
    from tiny_sam3 import write_tiny_sam3

    return write_tiny_sam3(tmp_path_factory.mktemp('sam3'))


@pytest.fixture(scope='session')
def metaldam_root() -> Path:
    """The real MetalDAM images, where this machine has them."""
    root = SHARED / 'metaldam'
    if not root.is_dir():
        pytest.skip(f'needs the MetalDAM images in {root}')
    return root


@pytest.fixture(scope='session')
def neu_seg_root() -> Path:
    """A part of the real NEU-Seg images, where this machine has them."""
    root = SHARED / 'neu_seg_part'
    if not root.is_dir():
        pytest.skip(f'needs NEU-Seg images in {root}')
    return root


@pytest.fixture(scope='session')
def mvtec_root() -> Path:
    """Real images of MVTec AD, where this machine has them."""
    root = SHARED / 'mvtec_ad'
    if not root.is_dir():
        pytest.skip(f'needs MVTec AD images in {root}')
    return root
