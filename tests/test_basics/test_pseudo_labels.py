"""The mark of pseudo-labels is found from their masks."""
import pytest

from mmseg_ext.basics.pseudo_labels import MARK, PseudoLabels, find_marked

LABELS = PseudoLabels('unet.pth', 'ab', 'unet.py', 2, .9, .5, ['a', 'b'],
                      [.7, None], [10, 0], [5, 0])


def test_the_nearest_mark_counts(tmp_path):
    deep = tmp_path / 'labels/masks/train/deep'
    deep.mkdir(parents=True)
    assert find_marked(deep) is None
    LABELS.write(tmp_path / 'labels')
    assert find_marked(deep) == tmp_path / 'labels'
    assert find_marked(tmp_path) is None
    found = PseudoLabels.read(tmp_path / 'labels')
    assert found == LABELS
    assert found.describe() == (
        'by unet.pth, round 2, threshold 0.9, of a 0.70')


@pytest.mark.parametrize('content', ['no json', '[]', '{"model": 1}'])
def test_no_mark(tmp_path, content):
    with pytest.raises(FileNotFoundError, match='has no'):
        PseudoLabels.read(tmp_path)
    (tmp_path / MARK).write_text(content)
    with pytest.raises(ValueError, match='is no mark of pseudo-labels'):
        PseudoLabels.read(tmp_path)
