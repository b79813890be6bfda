import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer, MessageHub
from tiny_training import tiny_runner

from mmseg_ext.compat.message_hub import to_plain

LOAD_WITH_TORCH_ALONE = """
import json, sys
import torch

found = torch.load('file.pth', weights_only=True)
found = found.get('message_hub', found)
print(json.dumps(dict(
    mmengine='mmengine' in sys.modules,
    mmseg_ext='mmseg_ext' in sys.modules,
    log=found['log_scalars']['train/loss']['log_history'].tolist(),
    info={key: value for key, value in found['runtime_info'].items()
          if isinstance(value, (int, float, str, list))})))
"""


def new_hub(name: str) -> MessageHub:
    return MessageHub.get_instance(name)


def filled_hub(name: str) -> MessageHub:
    hub = new_hub(name)
    for value, count in ((1.5, 2), (0.5, 2), (0.25, 1)):
        hub.update_scalar('train/loss', value, count)
    hub.update_scalar('train/lr', np.float32(0.125))
    hub.update_scalar('train/grad_norm', torch.tensor(2.))
    hub.update_info('iter', np.int64(7))
    hub.update_info('best', np.float64(81.5))
    hub.update_info('good', np.bool_(True))
    hub.update_info('palette', np.array([[0, 0, 0], [255, 0, 0]]))
    hub.update_info('nested', ConfigDict(a=[np.float32(1), (np.int8(2),)]))
    hub.update_info('name', 'best_mIoU.pth')
    return hub


def test_torch_alone_reads_a_hub(tmp_path, run_python, request):
    hub = filled_hub(request.node.name)
    torch.save(hub.state_dict(), tmp_path / 'file.pth')
    found = run_python(LOAD_WITH_TORCH_ALONE, cwd=tmp_path)
    assert not found['mmengine'] and not found['mmseg_ext']
    assert found['log'] == [1.5, 0.5, 0.25]
    assert found['info'] == dict(
        iter=7, best=81.5, good=True, name='best_mIoU.pth',
        palette=[[0, 0, 0], [255, 0, 0]])


def test_a_round_trip_restores_the_buffers(tmp_path, request):
    hub = filled_hub(request.node.name)
    for name in ('short', 'empty'):  # a hub saves what was updated once
        hub.update_scalar(name, 0.)
    hub.log_scalars['short'] = HistoryBuffer([1., 2.], [1, 3], max_length=2)
    hub.log_scalars['empty'] = HistoryBuffer()
    torch.save(hub.state_dict(), tmp_path / 'hub.pth')
    other = new_hub(request.node.name + '_other')
    other.load_state_dict(torch.load(tmp_path / 'hub.pth', weights_only=True))

    assert set(other.log_scalars) == set(hub.log_scalars)
    for name, buffer in hub.log_scalars.items():
        restored = other.log_scalars[name]
        assert isinstance(restored, HistoryBuffer)
        assert restored.max_length == buffer.max_length
        for old, new in zip(buffer.data, restored.data):
            np.testing.assert_array_equal(new, old)
    loss = other.get_scalar('train/loss')
    assert loss.mean() == hub.get_scalar('train/loss').mean() == 0.45
    assert loss.statistics('min') == 0.25
    loss.update(4.)
    assert loss.current() == 4.
    other.log_scalars['short'].update(5.)
    assert other.log_scalars['short'].data[0].tolist() == [2., 5.]
    assert other.get_info('iter') == 7
    assert other.get_info('nested') == dict(a=[1., (2, )])


def test_saving_does_not_touch_the_hub(request):
    hub = filled_hub(request.node.name)
    before = hub.get_scalar('train/loss')
    hub.state_dict()
    assert hub.get_scalar('train/loss') is before
    assert isinstance(before, HistoryBuffer)


def test_the_stock_form_is_still_read(request):
    buffer = HistoryBuffer([1., 3.], [1, 1])
    hub = new_hub(request.node.name)
    hub.load_state_dict(
        dict(
            log_scalars={'train/loss': buffer},
            runtime_info=dict(iter=3),
            resumed_keys={'train/loss': True, 'iter': True}))
    assert hub.get_scalar('train/loss').mean() == 2.
    assert hub.get_info('iter') == 3


def test_a_hub_is_read_from_another_hub(request):
    source = filled_hub(request.node.name)
    hub = new_hub(request.node.name + '_other')
    hub.load_state_dict(source)
    assert hub.get_scalar('train/loss').mean() == 0.45


@pytest.mark.parametrize('value', [None, 'text', 3, True, b'raw'])
def test_plain_values_stay_as_they_are(value):
    assert to_plain(value) is value


def test_a_runner_resumes_where_it_stopped(tmp_path, run_python, request):
    first = tiny_runner(tmp_path, 2)
    first.train()
    path = tmp_path / 'iter_2.pth'
    losses = first.message_hub.get_scalar('train/loss').data[0]
    assert len(losses) == 2

    # Another project reads the file without this package, or mmengine.
    path.rename(tmp_path / 'file.pth')
    found = run_python(LOAD_WITH_TORCH_ALONE, cwd=tmp_path)
    assert found['log'] == losses.tolist()
    (tmp_path / 'file.pth').rename(path)

    second = tiny_runner(tmp_path, 4, load_from=str(path), resume=True)
    second.load_or_resume()
    assert second.iter == 2
    hub = second.message_hub
    np.testing.assert_array_equal(
        hub.get_scalar('train/loss').data[0], losses)
    for name, value in first.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[name], value)

    second.train()
    assert second.iter == 4
    resumed = hub.get_scalar('train/loss').data[0]
    np.testing.assert_array_equal(resumed[:2], losses)
    assert len(resumed) == 4
    assert (tmp_path / 'iter_4.pth').is_file()
