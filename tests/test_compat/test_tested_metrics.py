"""The metrics of a test are written by one of its processes."""
import json

import mmengine.dist
import pytest
from mmengine.hooks import logger_hook


@pytest.mark.parametrize(('is_main', 'written'), [
    (True, ['metrics.json']), (False, [])])
def test_one_process_writes(tmp_path, monkeypatch, is_main, written):
    monkeypatch.setattr(mmengine.dist.utils, 'get_rank',
                        lambda group=None: 0 if is_main else 1)
    logger_hook.dump(dict(mIoU=50.), str(tmp_path / 'metrics.json'))
    assert [path.name for path in tmp_path.iterdir()] == written
    for path in tmp_path.iterdir():
        assert json.loads(path.read_text()) == dict(mIoU=50.)
