"""Pictures and tables of real trainings, resumed and hindered ones."""
import cv2
import pytest
from tiny import tiny_quickstart

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.engine import train


@pytest.fixture
def config(config_path, sem_root, tmp_path):

    def build(steps: int, interval: int = 2, **curves):
        cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                              tmp_path, sem_root, steps=steps)
        cfg.train_cfg.val_interval = interval
        cfg.default_hooks.pop('curves')  # the training's own draws
        if curves:
            cfg.default_hooks.curves = dict(type='CurvesHook', **curves)
        return cfg

    return build


def steps_of(path) -> list[int]:
    return [int(row['iteration']) for row in read_table(path)]


def test_a_resumed_training_goes_on_in_the_same_curves(config, tmp_path):
    table, picture = tmp_path / 'curves.csv', tmp_path / 'curves.png'
    train(config(4))
    assert steps_of(table) == [2, 4]
    first = cv2.imread(str(picture))
    assert first.shape[0] > 500
    # what came after the checkpoint is not of this training
    table.write_text(table.read_text() + table.read_text().splitlines()[
        -1].replace('4,', '5,', 1) + '\n')
    runner = train(config(6), resume=True)
    rows = read_table(table)
    assert steps_of(table) == [2, 4, 6]
    assert float(rows[1]['val_loss']) > 0 and rows[1]['loss']
    assert float(rows[2]['mIoU']) == pytest.approx(
        runner.message_hub.get_scalar('val/mIoU').current())
    assert (cv2.imread(str(picture)) != first).any()
    train(config(2))  # anew
    assert steps_of(table) == [2]


def test_a_failure_is_told_once_and_ends_nothing(config, tmp_path, capsys):
    (tmp_path / 'curves.csv').mkdir()
    (tmp_path / 'curves.csv/mine').touch()
    runner = train(config(4))
    assert runner.iter == 4
    assert capsys.readouterr().out.count('cannot be written') == 1


def test_the_table_alone(config, tmp_path):
    (tmp_path / 'curves.png').touch()  # of another training
    train(config(2, picture=False))
    assert steps_of(tmp_path / 'curves.csv') == [2]
    assert not (tmp_path / 'curves.png').exists()
