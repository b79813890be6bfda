"""Tests of tools/convert_masks.py, run in this process."""
import io
import json
import shlex
import sys

import cv2
import numpy as np
import pytest
from run_tool import run_tool

from mmseg_ext.basics.colours import OKABE_ITO


@pytest.fixture
def convert(repository, tmp_path, monkeypatch):
    """Return a function that runs the tool in a directory of its own.

    What it returns is all that was printed, and None or the exit's reason.
    """
    monkeypatch.chdir(tmp_path)

    def run(*arguments, answer=None):
        stdin = io.StringIO(answer or '')
        stdin.isatty = lambda: answer is not None
        monkeypatch.setattr(sys, 'stdin', stdin)
        return run_tool(repository / 'tools/convert_masks.py', *arguments,
                        cwd=tmp_path)
    return run


@pytest.fixture
def raw(tmp_path):
    """Five images with masks of 0, 128 and 255."""
    rng = np.random.default_rng(0)
    for kind in ('images', 'masks'):
        (tmp_path / 'raw' / kind).mkdir(parents=True)
    for i in range(5):
        image = rng.integers(0, 255, (16, 24), dtype=np.uint8)
        mask = np.array([0, 128, 255], np.uint8)[image % 3]
        cv2.imwrite(str(tmp_path / f'raw/images/{i}.png'), image)
        cv2.imwrite(str(tmp_path / f'raw/masks/{i}.png'), mask)
    return tmp_path


def is_converted(root) -> bool:
    for i in range(5):
        name = next(root.glob(f'images/*/{i}.png'))
        image, mask = (cv2.imread(str(path), -1) for path in (
            name, str(name).replace('images', 'masks')))
        if not np.array_equal(image % 3, mask):
            return False
    return True


def test_given_mapping(convert, raw):
    text, reason = convert('raw', 'out', '--split', 0.8, '--map', 'a=0',
                           'b=128', 'c=255')
    assert reason is None
    assert 'Images with masks: 5' in text and '5 of 5 masks' in text
    assert "metainfo=dict(classes=('a', 'b', 'c'),\n" in text
    assert f'palette={OKABE_ITO[:3]})' in text
    assert len(list(raw.glob('out/masks/train/*.png'))) == 4
    assert is_converted(raw / 'out')
    record = json.loads((raw / 'out/conversion.json').read_text())
    assert record['settings']['source'] == 'raw'
    assert record['settings']['split'] == [0.8, pytest.approx(0.2)]
    assert 'exist already' in convert(
        'raw', 'out', '--split', 0.8, '--map', 'a=0', 'b=128', 'c=255')[1]


def test_proposal_is_not_written_unless_confirmed(convert, raw):
    arguments = ('raw', 'out', '--split', 0.6, 0.2, 0.2)
    for answer in (None, 'n', ''):
        text, reason = convert(*arguments, answer=answer)
        assert 'nothing was written' in reason
        assert '% of the pixels' in text
        command = shlex.split(next(
            line for line in text.splitlines() if line.startswith('python ')))
        assert command[1].endswith('tools/convert_masks.py')
        assert ' '.join(command[2:]) == (
            'raw out --split 0.6 0.2 0.2 --map class_0=0 class_1=128 '
            'class_2=255')
        assert not (raw / 'out').exists()
    assert convert(*arguments, answer='y')[1] is None
    assert is_converted(raw / 'out')
    assert convert('raw', 'other', '--split', 1, '--yes')[1] is None
    assert is_converted(raw / 'other')


def test_names_for_a_proposal(convert, raw):
    convert('raw', 'out', '--split', 1, '--yes', '--classes', 'x', 'y', 'z')
    record = json.loads((raw / 'out/conversion.json').read_text())
    assert record['mapping'] == {'0': 'x', '128': 'y', '255': 'z'}


def test_smoothed_masks(convert, raw):
    large = {}
    for path in raw.glob('raw/*/*.png'):
        picture = cv2.resize(cv2.imread(str(path), -1), (960, 640),
                             interpolation=cv2.INTER_NEAREST)
        if path.parent.name == 'masks':
            picture = np.where(picture == 128, 0, picture)
            large[path.stem] = picture
            picture = cv2.GaussianBlur(picture, (0, 0), 0.5)
        cv2.imwrite(str(path), picture)
    arguments = ('raw', 'out', '--split', 1, '--map', 'a=0', 'b=255')
    assert 'add --nearest' in convert(*arguments)[1]
    text, reason = convert('raw', 'out', '--split', 1, '--yes')
    assert reason is None
    assert '--map background=0 foreground=255 --nearest' in text
    assert 'Guessed by --nearest: pixels of 5 masks' in text
    for name, mask in large.items():
        found = cv2.imread(str(raw / f'out/masks/train/{name}.png'), -1)
        # at corners two classes are equally near
        assert (found * 255 != mask).mean() < 0.001


@pytest.mark.parametrize('options, sentence', [
    (('--map', 'a=0'), '--split 0.8'),
    (('--split', 1, '--map', 'a=0', 'b=255'), 'not mapped: 128'),
    (('--split', 1, '--map', 'a'), 'write CLASS=WHAT'),
    (('--split', 1.5, '--map', 'a=0'), 'proportions'),
    (('--split', 1, '--images', 'photos', '--map', 'a=0'), 'No images in'),
    (('--recipe', 'nasa_super1'), 'No images in'),
])
def test_errors_are_sentences(convert, raw, options, sentence):
    text, reason = convert('raw', 'out', *options)
    assert sentence in reason
    assert 'Traceback' not in text
    assert not (raw / 'out').exists()


@pytest.mark.parametrize('options', [
    (), ('raw', ), ('raw', 'out', '--crop-bottom', '-3'),
    ('raw', 'out', '--recipe', 'none'),
    ('raw', 'out', '--split', '1', '--split-lists', '.'),
])
def test_wrong_usage_is_explained(convert, options):
    text, reason = convert(*options)
    assert reason == 2
    assert 'usage' in text


@pytest.mark.shared_data
def test_recipe(convert, metaldam_root, tmp_path):
    text, reason = convert(metaldam_root, 'out', '--recipe', 'metaldam')
    assert reason is None
    assert '28 images by 65 rows, 2 images by 66 rows' in text
    assert len(list(tmp_path.glob('out/masks/val/*.png'))) == 6
