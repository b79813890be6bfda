"""Killed at any file event, an export ends as if it had not been."""
import pytest
from crash_states import crash_states, read_tree, write_tree
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.inference import OnnxModel
from mmseg_ext.inference import export as export_module
from mmseg_ext.inference.export import export_model

for _package in ('onnx', 'onnxscript', 'onnxruntime'):
    pytest.importorskip(_package, reason='needs the extra export')


@pytest.fixture
def traced_once(monkeypatch):
    """Let the second and further exports write what the first has traced."""
    def write(graph, path, *arguments) -> None:
        if not traced:
            original(graph, path, *arguments)
            traced.append(path.read_bytes())
        else:
            path.write_bytes(traced[0])

    traced, original = [], export_module.write_graph
    monkeypatch.setattr(export_module, 'write_graph', write)


@pytest.mark.slow
def test_killed_at_every_event(tmp_path, traced_once):
    cfg = tiny_config()
    checkpoint = write_weights(cfg, tmp_path / 'model.pth')
    place = tmp_path / 'place'
    # of a user, and named as a temporary file of an older version
    mine = {'model.new.onnx': b'mine'}
    write_tree(place, mine)

    def export():
        return export_model(cfg.copy(), checkpoint, place / 'model.onnx',
                            (32, 32), fixed_size=True)

    states = crash_states(place, export)
    whole = read_tree(place)
    assert set(whole) == {*mine, 'model.onnx'} and len(states) > 3
    for state in states:
        write_tree(place, state)
        if 'model.onnx' in state:
            with pytest.raises(FileExistsError, match='exists already'):
                export()
        else:
            export()
        left = read_tree(place)
        assert set(left) == set(whole)
        assert left['model.new.onnx'] == b'mine'
        assert OnnxModel(str(place / 'model.onnx')).classes == ('A', 'B', 'C')
