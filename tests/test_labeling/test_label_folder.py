"""Statuses, files, resuming and corrections, on images drawn here."""
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_ext.labeling.corrections import import_corrections
from mmseg_ext.labeling.label_folder import label_folder
from mmseg_ext.labeling.label_report import write_report
from mmseg_ext.labeling.label_store import LabelStore
from mmseg_ext.labeling.label_table import read_table
from mmseg_ext.labeling.labeler import Proposal
from mmseg_ext.labeling.points import Point

SIZE = (40, 60)
SETTINGS = dict(accept=0.5)


def box(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


TRUTH = box(10, 10, 20, 30)
HALF = box(10, 10, 20, 20)  # IoU 0.5


class Labeler:
    """Answers by the image's name, and remembers what it was asked."""

    ANSWERS = dict(
        good=(0.9, TRUTH, 0.8, ''),
        poor=(0.9, HALF, 0.3, ''),
        doubtful=(0.2, TRUTH, 0.8, ''),
        empty=(0.9, None, 0.0, 'the classifier sees nothing: so'))

    def __init__(self, fail_at: str = '') -> None:
        self.asked = []
        self.fail_at = fail_at

    def __call__(self, path: str) -> Proposal:
        name = Path(path).stem
        if name == self.fail_at:
            raise KeyboardInterrupt
        self.asked.append(name)
        image = cv2.imread(path)
        if image is None:
            raise ValueError(f'{path} cannot be read')
        probability, mask, quality, reason = self.ANSWERS[name]
        points = [] if mask is None else [Point(15, 15)]
        return Proposal(image, probability, points, mask, quality, reason)


@pytest.fixture
def data(tmp_path) -> tuple[dict, dict]:
    """Paths of images and of their ground-truth masks."""
    images, truths = {}, {}
    for name in ('clean', *Labeler.ANSWERS, 'broken'):
        images[name] = str(tmp_path / f'{name}.png')
        truths[name] = str(tmp_path / f'{name}_GT.png')
        cv2.imwrite(images[name], np.full((*SIZE, 3), 128, np.uint8))
        truth = TRUTH if name != 'clean' else np.zeros(SIZE)
        cv2.imwrite(truths[name], truth * np.uint8(255))
    Path(images['broken']).write_bytes(b'no image')
    return images, truths


def label(data, out, labeler=None, truths=False, **kwargs) -> LabelStore:
    store = LabelStore(out, SETTINGS)
    images = data[0]
    defective = {name: name != 'clean' for name in images}
    label_folder(labeler or Labeler(), images, store, defective,
                 data[1] if truths else None, **kwargs)
    return store


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes()
            for path in out.rglob('*') if path.is_file()}


def texts(rows: dict) -> dict[str, dict]:
    return {name: row.to_text() for name, row in rows.items()}


def read(out: Path, name: str) -> np.ndarray:
    return cv2.imread(str(out / f'{name}_GT.png'), cv2.IMREAD_UNCHANGED)


def edit(out: Path, name: str, **changes) -> None:
    path = out / 'labelme' / f'{name}.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rectangle(top, left, bottom, right) -> dict:
    return dict(label='defect', shape_type='rectangle',
                points=[[left, top], [right - 1, bottom - 1]])


def test_every_image_has_a_row_and_its_files(data, tmp_path):
    out = tmp_path / 'out'
    rows = label(data, out, truths=True).rows
    assert texts(rows) == texts(read_table(out / 'labels.csv'))
    assert {name: row.status for name, row in rows.items()} == dict(
        broken='review', clean='clean', doubtful='accepted', empty='review',
        good='accepted', poor='review')
    assert rows['poor'].reason == 'quality below 0.5'
    assert rows['broken'].reason.startswith('unreadable: ')
    assert rows['empty'].reason == 'the classifier sees nothing: so'
    assert rows['good'].area == pytest.approx(TRUTH.mean())
    assert {name: row.iou for name, row in rows.items()} == dict(
        broken=None, clean=None, doubtful=1, empty=0, good=1, poor=0.5)
    np.testing.assert_array_equal(read(out, 'masks/good'), TRUTH * 255)
    np.testing.assert_array_equal(read(out, 'review/poor'), HALF * 255)
    np.testing.assert_array_equal(read(out, 'masks/clean'), np.zeros(SIZE))
    for name, row in rows.items():
        seen = name not in ('clean', 'broken')
        assert (out / 'overlays' / f'{name}.png').exists() == seen
        assert (out / 'labelme' / f'{name}.json').exists() == seen
        assert (out / 'masks' / f'{name}_GT.png').exists() == (
            row.status in ('accepted', 'clean'))
    assert [path.name for path in (out / 'review').iterdir()] == [
        'poor_GT.png']


def test_nobody_says_which_are_defective(data, tmp_path):
    store = LabelStore(tmp_path / 'out', SETTINGS)
    label_folder(Labeler(), dict(doubtful=data[0]['doubtful']), store)
    row = store.rows['doubtful']
    assert row.status == 'review'
    assert row.reason == 'the classifier takes the image for clean'


def test_goes_on_where_it_was(data, tmp_path):
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    label(data, whole)
    with pytest.raises(KeyboardInterrupt):
        label(data, cut, Labeler(fail_at='poor'))
    again = Labeler()
    label(data, cut, again)
    assert again.asked == ['poor', 'doubtful', 'empty', 'broken']
    assert files(cut) == files(whole)
    (cut / 'masks' / 'good_GT.png').unlink()
    label(data, cut, again := Labeler())
    assert again.asked == ['good']
    assert files(cut) == files(whole)


def test_other_settings_and_other_folders(data, tmp_path):
    out = tmp_path / 'out'
    label(data, out)
    with pytest.raises(ValueError, match=r'accept was 0\.5, is 0\.6'):
        LabelStore(out, dict(accept=0.6))
    before = files(out)
    assert LabelStore(out, SETTINGS).rows
    assert files(out) == before
    assert not LabelStore(out, dict(accept=0.6), overwrite=True).rows
    assert set(files(out)) == {'labels.csv', 'settings.json'}
    other = tmp_path / 'other'
    other.mkdir()
    (other / 'thesis.tex').write_text('x')
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match='not this tool'):
            LabelStore(other, SETTINGS, overwrite)


def test_truth_of_another_size(data, tmp_path):
    cv2.imwrite(data[1]['good'], np.zeros((3, 3), np.uint8))
    with pytest.raises(ValueError, match=r'good_GT\.png has'):
        label(data, tmp_path / 'out', truths=True)


def test_corrections(data, tmp_path):
    out = tmp_path / 'out'
    store = label(data, out, truths=True)
    before = files(out)
    assert not import_corrections(store, *data)
    assert files(out) == before

    edit(out, 'empty', shapes=[rectangle(10, 10, 20, 30)])
    edit(out, 'poor', flags=dict(accepted=True))
    edit(out, 'good', flags=dict(accepted=False))
    edit(out, 'doubtful', shapes=[])
    counts = import_corrections(store, *data)
    assert counts == {'corrected': 2, 'accepted by hand': 1,
                      'rejected by hand': 1}
    rows = read_table(out / 'labels.csv')
    assert texts(rows) == texts(store.rows)
    np.testing.assert_array_equal(read(out, 'masks/empty'), TRUTH * 255)
    np.testing.assert_array_equal(read(out, 'masks/poor'), HALF * 255)
    np.testing.assert_array_equal(read(out, 'review/good'), TRUTH * 255)
    assert not read(out, 'masks/doubtful').any()
    assert {path.name for path in (out / 'review').iterdir()} == {
        'good_GT.png'}
    found = {name: (row.status, row.label, row.iou)
             for name, row in rows.items()}
    assert found['empty'] == ('corrected', 1, 1)
    assert found['poor'] == ('accepted', 1, 0.5)
    assert found['good'] == ('review', 1, 1)
    assert found['doubtful'] == ('corrected', 0, 0)

    before = files(out)
    assert not import_corrections(store, *data)
    assert not label(data, out, labeler := Labeler()) or not labeler.asked
    assert files(out) == before


def test_nothing_is_taken_over_if_one_file_is_wrong(data, tmp_path):
    out = tmp_path / 'out'
    store = label(data, out)
    edit(out, 'good', shapes=[])
    edit(out, 'poor', shapes=[rectangle(1, 1, 2, 2) | dict(label='dent')])
    (out / 'labelme' / 'empty.json').unlink()
    before = files(out)
    with pytest.raises(ValueError, match=r"(?s)'dent'.*empty.json is miss"):
        import_corrections(store, data[0])
    assert files(out) == before


def test_report_and_sheet(data, tmp_path):
    out = tmp_path / 'out'
    report = write_report(label(data, out, truths=True), 0.5, 2.0)
    assert (out / 'report.md').read_text() == report + '\n'
    assert '| review | 3 |' in report
    # IoU 1, 0, 1, 0.5; 5 images to draw, 3 of them in the review list
    assert 'ground truth of 4 defective images' in report
    assert 'mean 0.625, median 0.750' in report
    assert 'IoU of at least 0.5: 3 (75.0%)' in report
    assert '| every mask by hand | 5 | 10 | 0 |' in report
    assert '| those for review by hand | 3 | 6 | 4 |' in report
    sheet = cv2.imread(str(out / 'contact_sheet.png'))
    assert (sheet == (0, 0, 255)).all(-1).any()  # a mask's outline
