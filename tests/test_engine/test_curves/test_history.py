"""The table of a training, and what is read back from it."""
import math

import pytest

from mmseg_ext.engine.curves import History


def test_written_and_read(tmp_path):
    history = History(losses=dict(loss=(list(range(1, 7)), [6, 5, 4, 3, 2, 1.])
                                  ))
    history.add(2, {'mIoU': 50.0, 'IoU.=a,b': math.nan, 'text': 'no number'})
    history.add(6, {'mIoU': 60.0, 'IoU.=a,b': 1 / 3, 'val_loss': 2})
    path = tmp_path / 'curves.csv'
    history.write(path)
    assert path.read_text().splitlines() == [
        'iteration,loss,mIoU,"IoU.=a,b",val_loss', '2,5.5,50,,',
        '6,2.5,60,0.333333,2']
    again = History()
    again.read(path, 5)
    assert again.validations == {2: {'mIoU': 50.0}}
    again.read(path, 6)
    assert again.series('IoU.=a,b') == ([6], [0.333333])
    path.write_text('something,else\n1,2\n')
    with pytest.raises(ValueError, match='has no column'):
        History().read(path, 6)
