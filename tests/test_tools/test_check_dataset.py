"""Tests of tools/check_dataset.py, run in this process: torch loads slowly."""
import os
import shutil
import signal

import cv2
import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS
from run_tool import run_tool

SEM = 'configs/sem/segformer_mit-b0_sem.py'


@TRANSFORMS.register_module()
class LoadUntilInterrupted(BaseTransform):
    """What Ctrl-C in the terminal sends."""

    def transform(self, results):
        os.kill(os.getpid(), signal.SIGINT)
        return results


@pytest.fixture
def check(repository, tmp_path, monkeypatch):
    """Return a function that runs the tool in a directory of its own.

    What it returns is all that was printed, and the exit's status or reason.
    """
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        printed, status = run_tool(repository / 'tools/check_dataset.py',
                                   *arguments, cwd=tmp_path)
        return printed, status or 0
    return run


def folders(root, *classes):
    return ('--images', root / 'images/train', '--masks',
            root / 'masks/train', '--classes', *(classes or 'ABC'))


def test_config(check, repository, sem_root, tmp_path):
    text, status = check(repository / SEM, '--data-root', sem_root,
                         '--report', 'report.html')
    assert status == 0
    assert '0 errors' in text
    assert 'training can begin' in text
    assert '0 A' in text
    assert 'Wrote report.html' in text
    assert (tmp_path / 'report.html').read_text().startswith('<!DOCTYPE')
    _, reason = check(repository / SEM, '--data-root', sem_root,
                      '--report', 'report.html')
    assert 'exists already' in reason


def test_missing_mask_is_status_1(check, repository, sem_root, tmp_path):
    shutil.copytree(sem_root, tmp_path / 'sem')
    next((tmp_path / 'sem/masks/train').iterdir()).unlink()
    text, status = check(repository / SEM, '--data-root', 'sem')
    assert status == 1
    assert 'Images have no mask in sem/masks/train' in text
    assert 'training would go wrong' in text


def test_folders(check, sem_root):
    text, status = check(*folders(sem_root), '--dataset-options',
                         'info_band=mask', '--report', 'out.md')
    assert status == 0
    text, status = check(*folders(sem_root))
    assert status == 1
    assert '-> --dataset-options info_band=mask\n' in text


def test_folders_with_validation(check, sem_root, tmp_path):
    text, status = check(
        *folders(sem_root), '--val-images', sem_root / 'images/train',
        '--val-masks', sem_root / 'masks/train', '--dataset-options',
        'info_band=mask')
    assert status == 1
    assert '4 pairs of images, one in train and one in val, are identical' \
        in text
    assert '.png and ' not in text  # one file in both parts is named once


@pytest.mark.parametrize('arguments', [
    (), ('--images', 'a'), (SEM, '--images', 'a', '--masks', 'b',
                            '--classes', 'A'),
    ('--images', 'a', '--masks', 'b', '--classes', 'A', '--val-images', 'c'),
])
def test_wrong_usage_is_explained(check, arguments):
    text, status = check(*arguments)
    assert status == 2
    assert 'usage' in text


def test_errors_are_sentences(check, tmp_path):
    assert 'nowhere.py' in check('nowhere.py')[1]
    (tmp_path / 'empty.py').write_text('model = dict()')
    assert 'no dataset' in check('empty.py')[1]
    assert '.pdf' in check('empty.py', '--report', 'a.pdf')[1]


def test_interrupted(check, tmp_path):
    for kind in ('images', 'masks'):
        (tmp_path / kind).mkdir()
        cv2.imwrite(str(tmp_path / kind / 'a.png'), np.eye(8, dtype=np.uint8))
    (tmp_path / 'config.py').write_text("""
train_dataloader = dict(dataset=dict(
    type='SEMDataset', data_prefix=dict(img_path='images',
                                        seg_map_path='masks'),
    pipeline=[dict(type='LoadUntilInterrupted')]))
""")
    # pytest's worker processes ignore the signal
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        text, status = check('config.py', '--report', 'out.html')
    finally:
        signal.signal(signal.SIGINT, before)
    assert 'Interrupted' in text and status == 130
    assert not (tmp_path / 'out.html').exists()


@pytest.mark.shared_data
def test_real_painted_photographs(check, repository):
    root = repository.parent / 'shared/data/nasa_super1'
    if not root.is_dir():
        pytest.skip(f"needs NASA's Super 1 images in {root}")
    text, status = check(
        '--images', root / 'train', '--masks', root / 'train_annot',
        '--classes', 'matrix', 'secondary', 'tertiary')
    assert status == 1
    assert '10 files in train: masks are photographs with colours' in text
    assert '--mask-suffix _mask' in text
    assert '--map CLASS=unpainted CLASS=0,0,255 CLASS=255,0,0' in text
    assert 'identical' not in text


@pytest.mark.shared_data
def test_real_metaldam(check, config_path, metaldam_root):
    text, status = check(
        config_path('segformer_mit-b0_metaldam'), '--data-root',
        metaldam_root)
    assert status == 0
    assert '0 errors, 1 warning, ' in text
    # one micrograph for testing, with the large pores
    assert 'Darker or brighter than every image' in text
    # one list for both parts
    text, status = check(
        config_path('segformer_mit-b0_metaldam'), '--data-root',
        metaldam_root, '--dataset-options', 'info_band=None',
        'ann_file=val.txt')
    assert status == 1
    assert '12 files (6 in train, 6 in val/test)' in text
    assert '65 rows shorter' in text
    assert 'look like the microscope' in text
    assert '6 pairs of images, one in train and one in val/test' in text
