"""One bad image is for review, the others are labelled; nothing is stale."""
import csv
import os

import cv2
import numpy as np
import pytest

from mmseg_ext.labeling.label_folder import label_folder
from mmseg_ext.labeling.label_store import LabelStore
from mmseg_ext.labeling.label_table import CORRECTED, read_table
from mmseg_ext.labeling.labeler import Proposal
from mmseg_ext.labeling.points import Point

SIZE = (20, 30)


class Labeler:
    """Marks what is brighter than grey."""

    def __init__(self, error=None) -> None:
        self.error, self.asked = error, []

    def __call__(self, path: str) -> Proposal:
        self.asked.append(os.path.basename(path))
        if self.error is not None and 'b.png' in path:
            raise self.error
        with open(path, 'rb') as file:
            image = cv2.imdecode(np.frombuffer(file.read(), np.uint8), 1)
        return Proposal(image, 0.9, [Point(2, 3)], image[..., 0] > 128, 0.9,
                        '')


@pytest.fixture
def images(tmp_path):
    paths = {}
    for name in 'abc':
        paths[name] = str(tmp_path / f'{name}.png')
        write(paths[name], 5)
    return paths


def write(path, width: int) -> None:
    image = np.zeros((*SIZE, 3), np.uint8)
    image[4:9, 2:2 + width] = 255
    with open(path, 'wb') as file:
        file.write(cv2.imencode('.png', image)[1].tobytes())


def label(tmp_path, images, error=None, defective=None) -> list[str]:
    store, labeler = LabelStore(tmp_path / 'out', {}), Labeler(error)
    label_folder(labeler, images, store, defective)
    return labeler.asked


def rows(tmp_path):
    return read_table(tmp_path / 'out/labels.csv')


@pytest.mark.parametrize('error', [
    MemoryError(), RuntimeError('sizes differ'), cv2.error('memory'),
    OSError('Input/output error')])
def test_what_one_image_causes(tmp_path, images, error):
    label(tmp_path, images, error)
    assert {name: row.status for name, row in rows(tmp_path).items()} == dict(
        a='accepted', b='review', c='accepted')
    assert rows(tmp_path)['b'].reason.startswith('unreadable: ')
    assert label(tmp_path, images, error) == []
    # a better file
    write(images['b'], 7)
    assert label(tmp_path, images) == ['b.png']
    assert rows(tmp_path)['b'].status == 'accepted'


def test_names_that_fit_no_table(tmp_path, images):
    name = os.fsdecode(b'Gef\xfcge')
    images |= {name: str(tmp_path / f'{name}.png'), 'x\ny': images['a']}
    write(images[name], 5)
    label(tmp_path, images)
    found = rows(tmp_path)
    assert set(found) == {'a', 'b', 'c', 'Gef\\xfcge', 'x\\ny'}
    assert 'not UTF-8' in found['Gef\\xfcge'].reason
    table = (tmp_path / 'out/labels.csv').read_bytes()
    label(tmp_path, images)
    assert (tmp_path / 'out/labels.csv').read_bytes() == table


def test_links_to_nothing(tmp_path, images):
    os.unlink(images['b'])
    os.symlink('/annex/b.png', images['b'])
    label(tmp_path, images, FileNotFoundError(2, 'No such file', 'b.png'))
    assert rows(tmp_path)['b'].status == 'review'
    os.unlink(images['b'])
    write(images['b'], 5)
    assert label(tmp_path, images) == ['b.png']


def test_replaced_images_are_labelled_anew(tmp_path, images):
    assert label(tmp_path, images) == ['a.png', 'b.png', 'c.png']
    stat = os.stat(images['a'])
    write(images['a'], 9)
    os.utime(images['a'], ns=(stat.st_atime_ns, stat.st_mtime_ns - 10**12))
    os.utime(images['c'])  # touched, and the same
    assert label(tmp_path, images) == ['a.png']
    mask = cv2.imread(str(tmp_path / 'out/masks/a_GT.png'), 0)
    assert (mask > 0).sum() == 45
    with open(tmp_path / 'out/labels.csv', newline='') as file:
        assert [row['image'] for row in csv.DictReader(file)] == [*'abc']


def test_corrections_by_hand_are_not_lost(tmp_path, images):
    label(tmp_path, images)
    store = LabelStore(tmp_path / 'out', {})
    store.rows['a'].status = CORRECTED
    store.write_table()
    write(images['a'], 9)
    with pytest.raises(ValueError, match=r'1 image was replaced after .* '
                       r'by hand: a\. Put the images back; or take'):
        label(tmp_path, images)


def test_other_labels(tmp_path, images):
    label(tmp_path, images, defective=dict(a=True, b=True, c=False))
    assert rows(tmp_path)['c'].status == 'clean'
    assert label(tmp_path, images, defective=dict(
        a=True, b=False, c=True)) == ['c.png']
    found = rows(tmp_path)
    assert found['b'].status == 'clean' and found['c'].status == 'accepted'
    assert len(found) == 3


def test_formulas_are_no_formulas(tmp_path, images):
    images['=1+2'] = str(tmp_path / '=1+2.png')
    write(images['=1+2'], 5)
    label(tmp_path, images)
    assert "\n'=1+2,1," in (tmp_path / 'out/labels.csv').read_text()
    assert label(tmp_path, images) == []


def test_tables_of_before(tmp_path, images):
    label(tmp_path, images)
    path = tmp_path / 'out/labels.csv'
    lines = [line.rpartition(',')[0] for line in path.read_text().split()]
    path.write_text('\n'.join(lines) + '\n')
    assert label(tmp_path, images) == []
    path.write_text('\n'.join([*lines, lines[1]]) + '\n')
    with pytest.raises(ValueError, match='line 5: a stands there twice'):
        label(tmp_path, images)


@pytest.mark.parametrize('content', ['[1]', '{', '\xff'])
def test_another_record_is_named(tmp_path, images, content):
    label(tmp_path, images)
    (tmp_path / 'out/settings.json').write_bytes(content.encode('latin-1'))
    with pytest.raises(ValueError, match=r'settings\.json is no record'):
        label(tmp_path, images)


def test_leftovers_of_a_killed_older_version(tmp_path, images):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/settings.json.new').write_text('{')
    label(tmp_path, images)
    assert not (tmp_path / 'out/settings.json.new').exists()
