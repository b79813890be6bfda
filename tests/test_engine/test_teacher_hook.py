"""Real trainings with a teacher: resumed, averaged, in several processes."""
import re
import shutil

import pytest
import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from ranks import in_ranks
from tiny import tiny_quickstart
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext import engine
from mmseg_ext.engine import learn_from, load_trained, train

pytestmark = pytest.mark.usefixtures('one_thread')


@pytest.fixture
def config(config_path, sem_root, tmp_path):
    """Return a config of four steps, of a student or of its teacher."""

    def build(name: str, work_dir=None):
        cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                              tmp_path / (work_dir or name), sem_root, 4)
        cfg.train_cfg.val_interval = 4
        cfg.default_hooks.checkpoint.update(interval=2, max_keep_ckpts=-1)
        cfg.custom_hooks = []
        return cfg

    return build


@pytest.fixture
def teacher(config, tmp_path):
    cfg = config('teacher')
    cfg.dump(tmp_path / 'teacher.py')
    weights = write_weights(cfg, tmp_path / 'teacher.pth')
    return str(tmp_path / 'teacher.py'), weights


def test_a_resumed_training_is_the_unbroken_one(config, teacher, tmp_path,
                                                capsys):

    def distilled(name):
        cfg = config(name)
        learn_from(cfg, [teacher], alpha=0.25)
        cfg.model.distill.feature = dict(weight=2.0)
        return cfg

    whole = train(distilled('whole'), ema=True)
    (tmp_path / 'part').mkdir()
    shutil.copy(tmp_path / 'whole/iter_2.pth', tmp_path / 'part')
    (tmp_path / 'part/last_checkpoint').write_text(
        str(tmp_path / 'part/iter_2.pth'))
    head = re.sub(' +', ' ', capsys.readouterr().out)
    assert f'\nteacher {teacher[1]} of {teacher[0]}\n' in head
    assert '\nclasses 3: A, B, C\n' in head
    again = train(distilled('part'), resume=True, ema=True)
    losses = [runner.message_hub.get_scalar('train/distill.loss_kd').data[0]
              for runner in (whole, again)]
    assert all(loss > 0 for loss in losses[0])
    states = [{**runner.model.state_dict(),
               **{name: value for name, value in
                  runner.model.align.named_parameters()}}
              for runner in (whole, again)]
    for name, value in states[0].items():
        assert torch.equal(states[1][name], value), name
    # the dumped config says how, and tests without the teacher
    dumped = Config.fromfile(
        tmp_path / 'whole/segformer_xattn_quickstart.py')
    assert dumped.model.type == 'DistillEncoderDecoder'
    assert dumped.model.distill.alpha == 0.25
    assert dumped.model.teacher.checkpoint == teacher[1]
    for path in teacher:
        shutil.move(path, f'{path}.away')
    dumped.experiment_name = 'tested'
    checkpoint = str(tmp_path / 'whole/iter_4.pth')
    plain = config('plain')
    plain.experiment_name = 'plain'
    scores = [engine.test(cfg, checkpoint)['mIoU']
              for cfg in (dumped, plain)]
    assert scores[0] == scores[1]


def test_options_become_lines_of_the_config(config, teacher):
    cfg = config('student')
    learn_from(cfg, [teacher])
    assert cfg.model.distill == dict(loss=dict(type='PixelDistillLoss'))
    learn_from(cfg, [teacher, teacher], temperature=2.0, loss='channel')
    assert cfg.model.teacher == 2 * [
        dict(config=teacher[0], checkpoint=teacher[1])]
    assert cfg.model.distill == dict(
        loss=dict(type='ChannelDistillLoss', temperature=2.0))
    # what is there already stays
    learn_from(cfg, [teacher], alpha=0.1)
    assert cfg.model.type == 'DistillEncoderDecoder'
    assert cfg.model.distill == dict(
        loss=dict(type='ChannelDistillLoss', temperature=2.0), alpha=0.1)
    learn_from(cfg, [teacher], loss='balanced', temperature=1.0)
    assert cfg.model.distill.loss == dict(
        type='PixelDistillLoss', balanced=True, temperature=1.0)
    learn_from(cfg, [teacher], loss='pixel')
    assert cfg.model.distill.loss == dict(
        type='PixelDistillLoss', temperature=1.0)
    with pytest.raises(FileNotFoundError, match='The teacher: There is no ch'):
        learn_from(cfg, [(teacher[0], 'nowhere.pth')])
    cfg.model.type = 'PrunedEncoderDecoder'
    learn_from(cfg, [teacher])
    assert cfg.model.type == 'DistillEncoderDecoder'  # takes widths, too
    cfg.model.type = 'CascadeEncoderDecoder'
    with pytest.raises(ValueError, match='needs a model of type EncoderDec'):
        learn_from(cfg, [teacher])


def step_in_a_rank(cfg, path) -> None:
    dist.init_process_group('gloo', init_method='env://')
    init_default_scope('mmseg')
    torch.manual_seed(0)
    net = MODELS.build(cfg.model)
    plain = {*net.state_dict()}
    net = MMDistributedDataParallel(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    rank = dist.get_rank()
    for _ in range(2):  # an unused gradient is told at the second
        mask = torch.full((1, 32, 32), 255 if rank else 1)
        loss = net(torch.randn(2, 3, 32, 32), [
            SegDataSample(gt_sem_seg=PixelData(data=mask.clone()))
            for _ in range(2)], mode='loss')
        optimizer.zero_grad()
        net.module.parse_losses(loss)[0].backward()
        optimizer.step()
    assert {*net.module.state_dict()} == plain
    gathered = [torch.zeros_like(net.module.align.weight) for _ in range(2)]
    dist.all_gather(gathered, net.module.align.weight.detach())
    assert torch.equal(*gathered)
    if rank == 0:
        torch.save(net.module.state_dict(), path)
    dist.destroy_process_group()


def test_in_two_processes_one_without_labels(tmp_path):
    cfg = tiny_config()
    cfg.dump(tmp_path / 'teacher.py')
    weights = write_weights(cfg, tmp_path / 'teacher.pth')
    student = tiny_config()
    student.model.update(
        type='DistillEncoderDecoder', distill=dict(feature=dict()),
        teacher=dict(config=str(tmp_path / 'teacher.py'),
                     checkpoint=weights))
    path = tmp_path / 'student.pth'
    in_ranks(2, step_in_a_rank, student, path)
    load_trained(cfg, str(path))  # the plain model's weights, all of them
