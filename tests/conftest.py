"""What several tests share: a small synthetic set, and the real images."""
import shutil
from pathlib import Path

import pytest
from tiny_sam2 import write_tiny_sam2

from mmseg_ext.datasets.samples import (
    write_cityscapes_sample,
    write_ksdd2_sample,
    write_mvtec_sample,
    write_sem_sample,
)

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / 'shared/data'


@pytest.fixture(scope='session')
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope='session')
def sem_root(tmp_path_factory) -> Path:
    """Four training and two validation micrographs of 128 x 96 pixels."""
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
def mvtec_like(tmp_path_factory) -> Path:
    """Sixteen pictures of 64 x 64 pixels for each of two categories."""
    return write_mvtec_sample(
        tmp_path_factory.mktemp('data') / 'mvtec', num_good=4,
        num_defective=5, size=64)


@pytest.fixture(scope='session')
def ksdd2_like(tmp_path_factory) -> Path:
    """Eight training and four test surfaces of about 58 x 160 pixels."""
    return write_ksdd2_sample(
        tmp_path_factory.mktemp('data') / 'ksdd2', 4, 4, 2, 2, (160, 58))


@pytest.fixture(scope='session')
def cityscapes_like(tmp_path_factory) -> Path:
    """Four training and two validation streets of 128 x 64 pixels."""
    return write_cityscapes_sample(
        tmp_path_factory.mktemp('data') / 'cityscapes', 4, 2, size=(64, 128))


@pytest.fixture(scope='session')
def tiny_sam2(tmp_path_factory) -> Path:
    """A folder of a SAM 2 with random weights."""
    return write_tiny_sam2(tmp_path_factory.mktemp('sam2'))


@pytest.fixture(scope='session')
def metaldam_root() -> Path:
    """The real MetalDAM images, where this machine has them."""
    root = SHARED / 'metaldam'
    if not root.is_dir():
        pytest.skip(f'needs the MetalDAM images in {root}')
    return root


@pytest.fixture(scope='session')
def mvtec_root() -> Path:
    """Real images of MVTec AD, where this machine has them."""
    root = SHARED / 'mvtec_ad'
    if not root.is_dir():
        pytest.skip(f'needs MVTec AD images in {root}')
    return root
