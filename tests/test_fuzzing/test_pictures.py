"""Pictures that something has happened to: refused by name, or read right.

Every kind of damage meets every format, from a fixed seed; the folders of
them go through all that reads folders.
"""
import contextlib
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from fuzzed_pictures import fuzzed_pictures, sound_pictures
from plain_reader import by_pillow, by_the_book, tags_of
from refusals import refusal
from threshold_model import ThresholdModel

from mmseg_ext.basics.errors import user_sentence
from mmseg_ext.basics.formats import Indexed
from mmseg_ext.basics.image_files import (
    decode_file,
    decode_image,
    read_facts,
    read_image,
)
from mmseg_ext.basics.mask_files import (
    MASK_SUFFIXES,
    decode_mask,
    decode_stored,
    read_mask,
)
from mmseg_ext.checking import check_splits, findings, splits_of_folders
from mmseg_ext.conversion import (
    ClassMap,
    Pair,
    convert,
    convert_masks,
    survey_masks,
)
from mmseg_ext.inference import PredictionJob, list_inputs

NUMBER, FOLDERS, SEED = 240, 6, 17
MEMORY = 300  # MB that a folder of pictures of 1 to 7 KB may take
CLASSES, LEVELS = ('dark', 'grey', 'bright'), (0, 100, 250)
RULES = [f'{name}={level}' for name, level in zip(CLASSES, LEVELS)]
SPREAD = {1: 255, 2: 85, 4: 17}  # bits -> what 1 is shown as
SOUND = ('first.png', 'last.tif')


def threes(pixels: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3 or 4) -> (H, W, 3)"""
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=2)
    return pixels[..., :3]


def try_all(data: bytes) -> dict[str, np.ndarray]:
    """Return what each independent reader makes of a file."""
    found = {}
    for read in (by_pillow, by_the_book):
        # whatever they raise, they have read nothing
        with contextlib.suppress(Exception):
            found[read.__name__] = threes(read(data))
    return found


def pillow_is_wrong(data: bytes) -> str:
    """Return why Pillow's pixels are not those that a standard demands."""
    if data[1:4] == b'PNG':
        depth, colour = struct.unpack_from('BB', data, 24)
        return 'it keeps 8 of 16 bits' * (depth == 16 and colour in (2, 6))
    if data[:2] not in (b'II', b'MM'):
        return ''
    tags = {key: values[0] for key, values in tags_of(data).items() if values}
    if 262 not in tags and tags.get(259) not in (2, 3, 4):  # no fax
        return 'it takes white for zero where nothing is said'
    if tags.get(258) == 16 and tags.get(262) == 0:
        return 'it does not invert 16 bits'
    if tags.get(258) == 8 and tags.get(339) == 2:
        return 'it has no signed 8 bits'
    if tags.get(284) == 2 and tags.get(262) == 0:
        return 'it does not invert planes'
    return ''


def untouched(data: bytes, name: str) -> np.ndarray:
    """Return what was written, where nobody else reads the file any more.

    libtiff, which alone expands Zstandard, JPEG and faxes, and which Pillow
    hands the file to as it is, refuses odd tags that change nothing.
    """
    source = name.split('-')[2]
    assert source in ('zstd.tif', 'jpeg.tif', 'fax.tif')
    return threes(by_pillow(sound_pictures()[source]))


def check_pixels(data: bytes, name: str, found: np.ndarray) -> None:
    """Compare with every other reader.

    Args:
        data: Content of the file.
        name: Its name.
        found: (H, W, 3) red, green, blue.
    """
    others = try_all(data)
    if pillow_is_wrong(data):
        others.pop('by_pillow', None)
    if not others:
        others['untouched'] = untouched(data, name)
    for reader, pixels in others.items():
        np.testing.assert_array_equal(found, pixels, f'{name}: {reader}')


@contextlib.contextmanager
def bounded_memory():
    """Fail if the process grows by more than ``MEMORY``, for a moment even.
    """
    def status(key: str) -> int:
        return next(int(line.split()[1]) for line in Path(
            '/proc/self/status').read_text().splitlines()
            if line.startswith(key)) // 1024
    try:
        Path('/proc/self/clear_refs').write_text('5')  # the peak begins anew
    except OSError:
        yield
        return
    before = status('VmRSS')
    yield
    assert status('VmHWM') - before < MEMORY


class Folder:
    """Some of the pictures, and two that nothing has happened to.

    Attributes:
        place: Folder of the files.
        files: Name -> content.
    """

    def __init__(self, place: Path, pictures) -> None:
        self.place = place
        place.mkdir()
        sound = sound_pictures()
        self.files = {one.name: one.data for one in pictures}
        self.files[SOUND[0]] = sound['grey.png']
        self.files[SOUND[1]] = sound['zlib.tif']
        for name, data in self.files.items():
            (place / name).write_bytes(data)

    @property
    def paths(self) -> list[Path]:
        return [self.place / name for name in sorted(self.files)]

    @property
    def mask_paths(self) -> list[Path]:
        return [path for path in self.paths if path.suffix in MASK_SUFFIXES]


@pytest.fixture(params=range(FOLDERS))
def folder(tmp_path, request):
    pictures = list(fuzzed_pictures(NUMBER, SEED))[request.param::FOLDERS]
    made = Folder(tmp_path / 'pictures', pictures)
    with bounded_memory():
        yield made
    # nothing is left beside what the test has asked for
    assert {path.name for path in tmp_path.iterdir()} <= {
        'pictures', 'other', 'out', 'levels.txt'}
    assert {path.name: path.read_bytes()
            for path in made.place.iterdir()} == made.files


def test_load(folder, capfd):
    accepted = 0
    for path in folder.paths:
        data = folder.files[path.name]
        if refusal(decode_file, path):
            assert refusal(read_image, path) and path.name not in SOUND
            continue
        shown = decode_image(data, path.name)
        facts = read_facts(str(path))
        assert sorted(shown.shape[:2]) == sorted([facts.height, facts.width])
        assert capfd.readouterr().err == ''
        check_pixels(data, path.name, threes(shown)[..., ::-1])
        capfd.readouterr()  # what Pillow's libtiff says to the test
        accepted += 1
    assert accepted > 5
    assert capfd.readouterr().err == ''


def save(path: Path, pixels: np.ndarray) -> str:
    path.parent.mkdir(exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return str(path)


def beside(folder: Folder, paths, size_of) -> None:
    """Write a sound picture of the size of each into ``other``.

    Args:
        folder: Of the pictures.
        paths: Those that get one.
        size_of: From a path to the pixels, whose size is taken.
    """
    for i, path in enumerate(paths):
        size = (36, 45)
        with contextlib.suppress(OSError, ValueError):
            size = size_of(str(path)).shape[:2]
        ids = np.random.default_rng(i).integers(0, 3, size, np.uint8)
        save(folder.place.parent / f'other/{path.stem}.png', ids)


def read_ids(path: str) -> np.ndarray:
    return read_mask(path, CLASSES, [[0] * 3, [100] * 3, [250] * 3],
                     {level: i for i, level in enumerate(LEVELS)})


@pytest.mark.parametrize('as_masks', [False, True])
def test_check(folder, as_masks, monkeypatch):
    monkeypatch.setattr(findings, 'MAX_NAMES', NUMBER)
    other = folder.place.parent / 'other'
    if as_masks:
        paths, read = folder.mask_paths, read_ids
        beside(folder, paths, decode_mask)
        result = check_splits(splits_of_folders(
            str(other), str(folder.place), CLASSES, options=dict(
                label_map={level: i for i, level in enumerate(LEVELS)},
                metainfo=dict(palette=[[0] * 3, [100] * 3, [250] * 3]))))
    else:
        paths, read = folder.paths, read_image
        beside(folder, paths, decode_file)
        result = check_splits(splits_of_folders(
            str(folder.place), str(other), CLASSES))
    bad = {path.name for path in paths if refusal(read, path)}
    assert bad and not bad & set(SOUND)
    named = {Path(name).name for finding in result.findings
             if finding.severity == 'error' for name in finding.names}
    assert named == bad
    assert any(f.what.startswith(f'Pairs that could not be loaded: {len(bad)}')
               for f in result.findings)


def pairs_of(paths, images: Path, masks: Path) -> list[Pair]:
    """Pair by name, whatever the suffix."""
    found = [{path.stem: str(path) for path in place.iterdir()}
             for place in (images, masks)]
    return [Pair(path.stem, 'train', *(side[path.stem] for side in found))
            for path in paths]


def convert_what_can_be(out: Path, pairs: list[Pair], mine: str,
                        rules: ClassMap) -> list[Pair]:
    """Convert; leave out what is refused, and convert the others.

    Args:
        out: Folder to write to.
        pairs: All.
        mine: Which of a pair's files is to be named, 'image' or 'mask'.
        rules: Of the masks.
    """
    with pytest.raises(ValueError, match='Nothing was written') as raised:
        convert_masks(out, pairs, rules)
    text = user_sentence(raised.value)
    assert 'Traceback' not in text and not out.exists()
    bad = [pair for pair in pairs if getattr(pair, mine) in text]
    assert text.startswith(f'{len(bad)} of {len(pairs)} pairs')
    assert len(text.splitlines()) == 1 + len(bad)
    left = [pair for pair in pairs if pair not in bad]
    convert_masks(out, left, rules)
    assert sorted(path.name for path in out.iterdir()) == [
        'conversion.json', 'images', 'masks']
    return left


def test_convert_images(folder, monkeypatch):
    monkeypatch.setattr(convert, 'MAX_FAULTS', NUMBER)
    place, out = folder.place.parent, folder.place.parent / 'out'
    beside(folder, folder.paths, decode_file)
    pairs = pairs_of(folder.paths, folder.place, place / 'other')
    left = convert_what_can_be(out, pairs, 'image', ClassMap(
        [f'{name}={i}' for i, name in enumerate(CLASSES)]))
    assert {pair.name for pair in pairs} - {pair.name for pair in left} == {
        path.stem for path in folder.paths
        if refusal(lambda name: read_image(name, bit_depth=16), path)}
    written = {path.stem: path for path in (out / 'images/train').iterdir()}
    assert len(written) == len(left)
    for pair in left:
        name = Path(pair.image).name
        again = decode_image(written[pair.name].read_bytes(), name)
        check_pixels(folder.files[name], name, threes(again)[..., ::-1])


def test_convert_masks(folder, monkeypatch):
    monkeypatch.setattr(convert, 'MAX_FAULTS', NUMBER)
    place, out = folder.place.parent, folder.place.parent / 'out'
    beside(folder, folder.mask_paths, decode_mask)
    pairs = pairs_of(folder.mask_paths, place / 'other', folder.place)
    for pair in pairs:
        refusal(lambda name, pair=pair: survey_masks([pair]),
                Path(pair.mask))
    left = convert_what_can_be(out, pairs, 'mask', ClassMap(
        RULES, nearest=True))
    assert not [pair for pair in left if refusal(decode_mask,
                                                 Path(pair.mask))]
    for pair in left:
        ids = cv2.imread(str(out / f'masks/train/{pair.name}.png'), -1)
        stored = values_by_others(pair.mask)
        for i, level in enumerate(LEVELS):
            assert (ids[stored == level] == i).all(), pair.mask


def values_by_others(path: str) -> np.ndarray:
    """Return (H, W) values in a mask's file, by another reader."""
    data, name = Path(path).read_bytes(), Path(path).name
    mine = decode_stored(path)
    if isinstance(mine, Indexed):
        check_pixels(data, name, mine.paint())
        return mine.indices
    others = try_all(data)
    if pillow_is_wrong(data):
        others.pop('by_pillow', None)
    shown = next(iter(others.values()), None)
    shown = untouched(data, name) if shown is None else shown
    bits = bits_of(data)
    values = shown[..., 0] // SPREAD.get(bits, 1)
    return 2**bits - 1 - values if read_facts(path).white_is_zero else values


def bits_of(data: bytes) -> int:
    if data[1:4] == b'PNG':
        return data[24]
    return data[28] if data[:2] == b'BM' else tags_of(data).get(258, (1, ))[0]


def test_predict(folder):
    place = folder.place.parent
    (place / 'levels.txt').write_text('0 100 250')
    model, out = ThresholdModel(place / 'levels.txt'), place / 'out'
    outcome = PredictionJob(
        model, list_inputs([str(folder.place)], out), out).run()
    bad = {path.stem: why for path in folder.paths
           if (why := refusal(read_image, path))}
    assert outcome.record.failures == bad
    assert outcome.describe().count('\n  ') == len(bad)
    good = [path for path in folder.paths if path.stem not in bad]
    assert {path.stem for path in (out / 'masks').iterdir()} == {
        path.stem for path in good}
    for path in good:
        found = cv2.imread(str(out / f'masks/{path.stem}.png'), -1)
        np.testing.assert_array_equal(found, nearest(folder.files[path.name],
                                                     path))


def nearest(data: bytes, path: Path) -> np.ndarray:
    """Return the class of the level that another reader's grey is next to.
    """
    others = try_all(data)
    pixels = next((one for one in others.values() if one.dtype == np.uint8
                   and not pillow_is_wrong(data)), None)
    if pixels is None:  # of 16 bits, test_load has compared them
        pixels = read_image(str(path))
    grey = pixels.mean(axis=-1, dtype=np.float32)
    return np.abs(grey[..., None] - np.array(LEVELS, np.float32)).argmin(-1)
