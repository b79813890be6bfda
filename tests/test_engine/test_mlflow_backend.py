"""What MLflow is given: names and values that it takes."""
import re

import pytest
from mmengine.config import Config

from mmseg_ext.engine import PlainMLflowVisBackend
from mmseg_ext.engine.mlflow_backend import plain_name


@pytest.mark.parametrize(('name', 'plain'), [
    ('IoU.matrix', 'IoU.matrix'), ('val/IoU.a b-c', 'val/IoU.a b-c'),
    ('IoU.Fe (alpha), 2:1', 'IoU.Fe _alpha__ 2_1'),
    ('IoU.Gefüge', 'IoU.Gefüge')])
def test_names(name, plain):
    assert plain_name(name) == plain
    assert re.match(r'^[/\w.\- ]*$', plain)  # MLflow's own, on Windows


def test_what_was_logged_is_read_back(tmp_path, monkeypatch):
    mlflow = pytest.importorskip('mlflow')
    monkeypatch.setenv('MLFLOW_ALLOW_FILE_STORE', 'true')
    backend = PlainMLflowVisBackend(str(tmp_path), exp_name='unet',
                                    artifact_suffix=())
    backend.add_config(Config(dict(
        work_dir=str(tmp_path), label_map={0: 0, 255: 1},
        hooks=[dict(type='A', sizes=(1, 2)), None])))
    run = mlflow.active_run().info.run_id
    backend.add_scalars({'IoU.a (b)': 50.0, 'loss': 0.5}, step=2)
    backend.close()
    found = mlflow.tracking.MlflowClient().get_run(run).data
    assert found.metrics == {'IoU.a _b_': 50.0, 'loss': 0.5}
    assert found.params['label_map.255'] == '1'
    assert found.params['hooks.0.sizes'] == '(1, 2)'
    assert found.params['hooks.1'] == 'None'
