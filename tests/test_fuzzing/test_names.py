"""Odd names and links: named where they do not fit, all others are done."""
import os
from pathlib import Path

import numpy as np
import pytest
from fuzzed_pictures import sound_pictures
from refusals import refusal
from threshold_model import ThresholdModel

from mmseg_ext.basics.errors import user_sentence
from mmseg_ext.basics.image_files import read_image
from mmseg_ext.basics.printable import name_fault, printable
from mmseg_ext.checking import (
    check_splits,
    findings,
    splits_of_folders,
    to_text,
)
from mmseg_ext.conversion import (
    ClassMap,
    Pair,
    convert_masks,
    find_pairs,
    survey_masks,
)
from mmseg_ext.inference import PredictionJob, list_inputs

NUMBER, SEED = 24, 17
PIECES = [b'a', b'B', b'7', b' ', b'.', b'..', b'-', b'--x', b'#', b'%s',
          b'{}', b'{split}', b'[1]', b'*', b'?', b'$HOME', b"'", b'"', b'\\',
          b'&', b';', b'\n', b'\r', b'\t', b'\x1b[31m', b'\x7f', b'\xff',
          b'\xc3', 'ü'.encode(), 'u\u0308'.encode(), '钢'.encode(),
          '\u202e'.encode(), '\u2028'.encode(), '😀'.encode(), b'.new',
          b'.png', b'.json', b'~', b'nul', b'x' * 90]
LINKS = ('gone', 'circle', 'folder', 'sound')


def odd_names() -> list[str]:
    """Return names without suffix, no two of one spelling."""
    rng = np.random.default_rng(SEED)
    found = []
    for i in range(NUMBER - len(LINKS)):
        pieces = rng.choice(np.array(PIECES, object), rng.integers(1, 4))
        name = os.fsdecode(b''.join(pieces))
        found.append(f'{name}{i}' if i % 2 else f'{i}{name}')
    return found


@pytest.fixture
def places(tmp_path) -> tuple[Path, Path]:
    """Folders of images and masks, of odd names; some are links."""
    images, masks = tmp_path / 'images', tmp_path / 'masks'
    for folder in (images, masks):
        folder.mkdir()
    (tmp_path / 'there').mkdir()
    (tmp_path / 'there/sound.png').write_bytes(
        sound_pictures()['colour.png'])
    data = sound_pictures()['grey.png']
    for name in [*odd_names(), 'sound']:
        try:
            (images / f'{name}.png').write_bytes(data)
        except OSError:
            pytest.skip('this file system does not take the names')
        (masks / f'{name}.png').write_bytes(data)
    for name in LINKS:
        (masks / f'link_{name}.png').write_bytes(data)
    (images / 'link_gone.png').symlink_to(tmp_path / 'nothing.png')
    (images / 'link_circle.png').symlink_to(images / 'link_circle.png')
    (images / 'link_folder.png').symlink_to(images)  # and so on for ever
    (images / 'link_sound.png').symlink_to(tmp_path / 'there/sound.png')
    return images, masks


def broken_links(images: Path) -> list[Path]:
    return [images / f'link_{name}.png' for name in ('gone', 'circle')]


def test_load(places):
    images, _ = places
    for path in images.iterdir():
        if path.name != 'link_folder.png':
            refused = refusal(read_image, path)
            assert bool(refused) == (path in broken_links(images)), path


def test_check(places, monkeypatch):
    monkeypatch.setattr(findings, 'MAX_NAMES', NUMBER)
    images, masks = places
    result = check_splits(splits_of_folders(
        str(images), str(masks), ('dark', 'grey', 'bright'), options=dict(
            label_map={0: 0, 100: 1, 250: 2})))
    named = {Path(name) for finding in result.findings
             if finding.severity == 'error' for name in finding.names}
    assert named == set(broken_links(images))
    there = {path for path in images.iterdir() if path.is_file()
             and not path.name.startswith('.')}
    assert result.statistics[0].images == len(there)
    to_text(result).encode()


def test_convert(places, tmp_path):
    images, masks = places
    rules = ClassMap(['dark=0', 'grey=100', 'bright=250'])
    out, odd = tmp_path / 'out', []
    for path in sorted(images.iterdir()):
        if name_fault(path.stem) and not path.name.startswith('.'):
            pair = Pair(path.stem, 'train', str(path), str(masks / path.name))
            with pytest.raises(ValueError, match='its name holds') as raised:
                convert_masks(out, [pair], rules)
            assert str(path) in user_sentence(raised.value)
            odd.append(path)
    with pytest.raises(ValueError, match=f'^{len(odd)} files have names'):
        find_pairs(tmp_path, split=(1, 1))
    for path in odd:
        path.unlink()
    pairs, _ = find_pairs(tmp_path, split=(1, 1))
    with pytest.raises(ValueError, match=r'^2 of .* Nothing was') as raised:
        convert_masks(out, pairs, rules, split=(1, 1))
    broken = list(map(str, broken_links(images)))
    assert all(path in user_sentence(raised.value) for path in broken)
    assert not out.exists()
    left = [pair for pair in pairs if pair.image not in broken]
    record = convert_masks(out, left, rules, split=(1, 1))
    assert sum(record['images'].values()) == len(left)
    assert survey_masks(left).num_files == len(left)


def test_predict(places, tmp_path):
    images, _ = places
    (tmp_path / 'levels.txt').write_text('0 100 250')
    out = tmp_path / 'out'
    inputs = list_inputs([str(images)], out)
    # hidden files are left out
    assert len(inputs.images) == sum(
        not path.name.startswith('.') for path in images.iterdir()) - 1
    outcome = PredictionJob(
        ThresholdModel(tmp_path / 'levels.txt'), inputs, out).run(report=True)
    bad = {printable(name) for name in inputs.images if name_fault(name)}
    bad |= {path.stem for path in broken_links(images)}
    assert set(outcome.record.failures) == bad
    for name, why in outcome.record.failures.items():
        assert name in why
    done = {path.stem for path in (out / 'masks').iterdir()}
    assert done == set(inputs.images) - {
        name for name in inputs.images
        if name_fault(name) or name in bad}
    outcome.describe().encode()
