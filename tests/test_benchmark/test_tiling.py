"""Both ways are measured, each in its own process."""
import pytest
from tiny_segmentor import tiny_config

from mmseg_ext.benchmark import tiling
from mmseg_ext.benchmark.tiling import compare_tiling


@pytest.mark.slow
@pytest.mark.usefixtures('warm_python')
def test_both_ways_are_measured(tmp_path, monkeypatch):
    tiny_config().dump(str(tmp_path / 'config.py'))
    costs = list(compare_tiling(str(tmp_path / 'config.py'), [200], 96, 32))
    assert [(cost.way, cost.side, cost.tiles) for cost in costs] == [
        ('ours', 200, 9), ('stock', 200, 9)]
    for cost in costs:
        assert cost.seconds > 0 and cost.gigabytes > 0
    # what does not fit into memory is not tried
    monkeypatch.setattr(tiling, '_available_bytes', lambda: 0)
    cost, = compare_tiling(
        str(tmp_path / 'config.py'), [200], 96, 32, ['stock'])
    assert cost.seconds is cost.gigabytes is None


def test_configs_that_scale_images(tmp_path):
    cfg = tiny_config([dict(type='Resize', scale=(64, 64))])
    cfg.dump(str(tmp_path / 'config.py'))
    with pytest.raises(ValueError, match='scales images'):
        next(compare_tiling(str(tmp_path / 'config.py')))
