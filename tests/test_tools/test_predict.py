"""The tool on real files, good and bad, with a tiny segmentor."""
import csv
import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from folds import write_folds
from run_tool import run_tool
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.inference import TorchModel


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """Config and weights."""
    folder = tmp_path_factory.mktemp('model')
    cfg = tiny_config()
    cfg.dump(str(folder / 'config.py'))
    write_weights(cfg, folder / 'model.pth')
    return folder


@pytest.fixture
def scans(tmp_path):
    """Three good images, two of them of one name, and two bad ones."""
    rng = np.random.default_rng(0)
    root = tmp_path / 'scans'
    (root / 'deep').mkdir(parents=True)
    cv2.imwrite(str(root / 'a.png'),
                rng.integers(0, 256, (80, 120), np.uint8))
    cv2.imwrite(str(root / 'b.jpg'),
                rng.integers(0, 256, (33, 47, 3), np.uint8))
    cv2.imwrite(str(root / 'deep/a.tif'),
                rng.integers(0, 2**16, (80, 120), np.uint16))
    cv2.imwrite(str(root / 'deep/dark.tif'),
                rng.integers(0, 4000, (40, 60), np.uint16))
    (root / 'broken.png').write_bytes(b'no image')
    (root / 'notes.txt').write_text('x')
    return root


@pytest.fixture
def run(repository, model, tmp_path, monkeypatch):
    """Return a function that runs the tool in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, config=model / 'config.py',
            checkpoint=model / 'model.pth'):
        printed, status = run_tool(
            repository / 'tools/predict.py', '--config', config,
            '--checkpoint', checkpoint, '--out', 'out', *arguments,
            cwd=Path.cwd())
        return status or 0, printed
    return run


def read(path: Path) -> list[dict]:
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_folder_with_good_and_bad_images(run, scans, tmp_path):
    status, printed = run(scans, '--um-per-pixel', '0.1', '--tile', '64')
    assert status == 1
    assert '5 images, 0 of them predicted before' in printed
    assert '2 images have no prediction:' in printed
    assert 'broken: ' in printed and 'deep/dark: ' in printed
    assert '1 file is no image and was left out: notes.txt' in printed
    out = tmp_path / 'out'
    masks = {path.relative_to(out / 'masks').as_posix()
             for path in out.glob('masks/**/*.png')}
    assert masks == {'a.png', 'b.png', 'deep/a.png'}
    for name, size in (('a', (80, 120)), ('b', (33, 47))):
        mask = cv2.imread(str(out / f'masks/{name}.png'),
                          cv2.IMREAD_UNCHANGED)
        assert mask.shape == size
        fractions = [float(row['fraction_percent'])
                     for row in read(out / 'phases.csv')
                     if row['image'] == name]
        np.testing.assert_allclose(
            fractions, 100 * np.bincount(mask.ravel(), minlength=3)
            / mask.size, atol=1e-6)
    assert {row['phase'] for row in read(out / 'phases_summary.csv')} == {
        *'ABC'}
    assert {row['tiles'] for row in read(out / 'images.csv')} == {'6', '1'}
    record = json.loads((out / 'run.json').read_text())
    assert {'torch', 'mmseg'} <= set(record['versions'])
    # again: the good ones are kept, the bad ones tried again
    status, printed = run(scans, '--um-per-pixel', '0.1', '--tile', '64')
    assert (status, '3 of them predicted before' in printed) == (1, True)
    # nothing else is done in this folder
    status, _ = run(scans)
    assert 'begun with other settings' in status and '--overwrite' in status


def test_what_is_asked_for(run, scans):
    assert run(scans / 'deep/dark.tif', '--bit-depth', '12')[0] == 0
    status, printed = run(scans / 'a.png', scans / 'b.jpg', '--overwrite',
                          '--crop-bottom', '5')
    assert status == 0 and 'n = 2' in printed
    assert cv2.imread('out/masks/b.png').shape[:2] == (28, 47)
    assert run('scans/*.png', 'scans/deep/a.*', '--overwrite')[0] == 1
    assert sorted(path.stem for path in Path('out/masks').rglob('*.png')) == [
        'a', 'a']


def test_report_and_nothing_to_report(run, scans):
    assert run(scans / 'a.png', '--report')[0] == 0
    assert Path('out/report.html').stat().st_size > 1000
    status, printed = run(scans / 'broken.png', '--report', '--overwrite')
    assert status == 1 and 'broken: ' in printed
    assert not Path('out/report.html').exists()


def test_validation_is_part_of_the_report(run, scans, tmp_path):
    confusion = np.array([[[60, 5, 5], [3, 20, 2], [1, 1, 3]]] * 3)
    folder = write_folds(tmp_path / 'folds', confusion + np.arange(3)[
        :, None, None], 'ABC', config='config.py')
    options = [scans / 'a.png', scans / 'b.jpg', '--report', '--validation',
               folder]
    status, printed = run(*options)
    assert status == 0 and "with the model's error (3 validated)" in printed
    assert 'another model' not in printed
    plain = read(tmp_path / 'out/phases_uncertainty.csv')
    # what is predicted stays: only what is said of it changes
    status, printed = run(*options, '--correct-bias')
    assert '2 of them predicted before' in printed
    for row, before in zip(
            read(tmp_path / 'out/phases_uncertainty.csv'), plain):
        assert float(row['fraction_percent']) == pytest.approx(np.clip(float(
            before['fraction_percent']) - float(row['bias_percent']), 0, 100))
    record = json.loads((tmp_path / 'out/run.json').read_text())
    assert record['validation']['correction'] == 'bias'
    write_folds(tmp_path / 'other', confusion, 'ACB')
    status, _ = run(*options[:-1], 'other', '--overwrite')
    assert 'classes A, C, B; the model predicts A, B, C' in status


def test_several_processes(run, scans, tmp_path):
    """They leave what one leaves, and share its threads' number."""
    options = scans, '--threads', '1', '--um-per-pixel', '0.1'
    assert run(*options)[0] == 1  # two images are no images
    alone = files(tmp_path / 'out')
    shutil.rmtree(tmp_path / 'out')
    status, printed = run(*options, '--processes', '2')
    assert status == 1
    assert re.search(r'2 images from b: \S+/from_1/log\.txt', printed)
    assert files(tmp_path / 'out') == alone
    assert 'not allowed with' in run(
        scans, '--processes', '2', '--scheduler', 'x')[1]


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes()
            for path in out.rglob('*') if path.is_file()}


def test_interrupted(run, scans, monkeypatch):
    logits, asked = TorchModel.logits, []

    def stop(self, batch):
        asked.append(batch)
        if len(asked) == 2:  # the first may still be being written: it is kept
            raise KeyboardInterrupt
        return logits(self, batch)

    monkeypatch.setattr(TorchModel, 'logits', stop)
    status, printed = run(scans)
    assert status == 130 and 'Interrupted' in printed
    monkeypatch.undo()
    monkeypatch.chdir(scans.parent)
    assert '5 images, 1 of them predicted before' in run(scans)[1]


@pytest.mark.parametrize(('arguments', 'found'), [
    (['missing'], 'missing does not exist'),
    (['empty'], 'No image in empty'),
    (['scans/*.bmp'], r'No image in scans/\*\.bmp'),
    (['scans', '--tile', '8'], r'tile=\(8, 8\)'),
    (['scans', '--tile', '64', '--overlap', '60'], 'overlap='),
])
def test_mistakes_are_sentences(run, scans, arguments, found):
    Path('empty').mkdir()
    status, _ = run(*arguments)
    assert re.search(found, status)
    assert not Path('out').exists()


def test_one_name_twice(run, scans):
    cv2.imwrite(str(scans / 'a.bmp'), np.zeros((9, 9), np.uint8))
    status, _ = run(scans)
    assert 'a.bmp and ' in status and 'a.png' in status
    assert not Path('out').exists()


def test_wrong_checkpoints(run, scans, tmp_path):
    other = tiny_config(channels=6)
    write_weights(other, tmp_path / 'other.pth')
    torch.save([1, 2], tmp_path / 'list.pth')
    (tmp_path / 'text.pth').write_text('no weights')
    for name, found in (('other', 'does not fit the config'),
                        ('list', 'holds a list'),
                        ('text', 'text.pth'),
                        ('missing', 'missing.pth')):
        status, _ = run(scans, checkpoint=tmp_path / f'{name}.pth')
        assert found in status
    status, _ = run(scans, config=tmp_path / 'missing.py')
    assert 'missing.py' in status
    assert not Path('out').exists()


@pytest.mark.parametrize('arguments', [
    ['--onnx', 'model.onnx'], ['--overlap', '3'], ['--crop-bottom', 'all'],
    ['--validation', 'folds'], ['--correct-bias'],
    ['--report', '--validation', 'folds', '--correct-bias',
     '--correct-confusion']])
def test_options_that_do_not_go_together(run, scans, arguments):
    assert run(scans, *arguments)[0] == 2
