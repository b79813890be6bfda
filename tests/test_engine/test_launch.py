"""Configs with options applied, and real training, resuming and testing."""
import io
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import cv2
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.apis import inference_model, init_model
from mmseg.registry import MODELS
from tiny import shrink
from tiny import tiny_quickstart as tiny

from mmseg_ext import engine
from mmseg_ext.engine import load_config, train


@pytest.fixture
def quickstart(repository):
    return str(repository / 'configs/sem/segformer_xattn_quickstart.py')


@pytest.fixture
def paper(repository):
    return str(repository / 'configs/segformer_xattn_sem.py')


def test_data_root_reaches_every_dataset(paper):
    cfg = load_config(paper, data_root='elsewhere')
    for name in ('train', 'val', 'test'):
        assert cfg[f'{name}_dataloader'].dataset.data_root == 'elsewhere'


def test_data_root_reaches_wrapped_datasets(paper, tmp_path):
    (tmp_path / 'wrapped.py').write_text(f"""
_base_ = {paper!r}
one = dict(type='SEMDataset', data_root='x')
train_dataloader = dict(dataset=dict(
    _delete_=True, type='RepeatDataset', times=2,
    dataset=dict(type='ConcatDataset', datasets=[one, one])))
""")
    cfg = load_config(str(tmp_path / 'wrapped.py'), data_root='y')
    assert [d.data_root for d in cfg.train_dataloader.dataset.dataset.datasets
            ] == ['y', 'y']


def test_data_root_without_effect_is_an_error(tmp_path):
    (tmp_path / 'bare.py').write_text("model = dict(type='X')")
    with pytest.raises(ValueError, match=r'data_root cannot be set'):
        load_config(str(tmp_path / 'bare.py'), data_root='y')


def test_dataset_options_reach_every_dataset(repository):
    cfg = load_config(
        str(repository / 'configs/mvtec_ad/unet_mvtec.py'),
        data_root='elsewhere',
        dataset_options=dict(categories=['bottle'], seed=1))
    for split in ('train', 'val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        assert dataset.data_root == 'elsewhere'
        assert dataset.categories == ['bottle']
        assert (dataset.seed, dataset.split) == (1, split)


def test_options_win(paper):
    cfg = load_config(
        paper,
        data_root='a',
        cfg_options={'val_dataloader.dataset.data_root': 'b'})
    assert cfg.train_dataloader.dataset.data_root == 'a'
    assert cfg.val_dataloader.dataset.data_root == 'b'


def test_work_dir_is_named_after_the_config(paper):
    assert load_config(paper).work_dir == 'work_dirs/segformer_xattn_sem'
    assert load_config(paper, work_dir='w').work_dir == 'w'


def test_from_scratch_removes_the_pretrained_weights(paper):
    assert 'https' in load_config(paper).model.backbone.init_cfg.checkpoint
    cfg = load_config(paper, from_scratch=True)
    assert cfg.model.backbone.init_cfg is None


def test_offline_training_fails_at_once_with_advice(paper, tmp_path):
    # port 9: nobody listens, as on a machine without a network
    address = 'http://127.0.0.1:9/mit_b5.pth'
    cfg = load_config(
        paper,
        work_dir=str(tmp_path),
        cfg_options={'model.backbone.init_cfg.checkpoint': address})
    with pytest.raises(ConnectionError, match=r'mit_b5.*--from-scratch'):
        train(cfg)


def test_offline_training_by_the_name_of_weights(
        paper, tmp_path, monkeypatch):
    monkeypatch.setenv('MMENGINE_HOME', str(tmp_path))  # a list of names
    (tmp_path / 'open_mmlab.json').write_text(
        '{"our_mit": "http://127.0.0.1:9/mit_b5.pth"}')
    cfg = load_config(
        paper,
        work_dir=str(tmp_path),
        cfg_options={
            'model.backbone.init_cfg.checkpoint': 'open-mmlab://our_mit'
        })
    with pytest.raises(
            ConnectionError, match=r'our_mit.*--from-scratch.*mit_b5\.pth'):
        train(cfg)


def test_missing_weights_are_named(paper, tmp_path):
    cfg = load_config(
        paper,
        work_dir=str(tmp_path),
        cfg_options={'model.backbone.init_cfg.checkpoint': 'no/such.pth'})
    with pytest.raises(FileNotFoundError, match=r'no/such\.pth.*--from-scr'):
        train(cfg)


@pytest.mark.skipif(torch.cuda.is_available(), reason='has a GPU')
def test_amp_on_the_cpu(quickstart, tmp_path, sem_root):
    cfg = tiny(quickstart, tmp_path, sem_root)
    cfg.optim_wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')
    runner = train(cfg, amp=True)
    assert type(runner.optim_wrapper).__name__ == 'CpuAmpOptimWrapper'
    assert runner.optim_wrapper.enabled


def test_amp_with_another_wrapper(quickstart, tmp_path):
    cfg = load_config(quickstart, work_dir=str(tmp_path))
    cfg.optim_wrapper.type = 'ApexOptimWrapper'
    with pytest.raises(ValueError, match='the config has ApexOptimWrapper'):
        train(cfg, amp=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_amp_on_the_gpu(quickstart, tmp_path, sem_root):
    runner = train(tiny(quickstart, tmp_path, sem_root), amp=True)
    assert type(runner.optim_wrapper).__name__ == 'AmpOptimWrapper'


def test_missing_data_name_the_layout_and_the_sample(quickstart, tmp_path):
    cfg = load_config(
        quickstart, work_dir=str(tmp_path), data_root=str(tmp_path / 'no'))
    with pytest.raises(FileNotFoundError, match=r'images/train.*make_sample'):
        train(shrink(cfg))


def test_loading_in_the_process_itself(quickstart, tmp_path, sem_root):
    cfg = tiny(quickstart, tmp_path, sem_root, steps=1)
    for name in ('train', 'val'):  # as --cfg-options leaves it
        cfg[f'{name}_dataloader'].update(
            num_workers=0, persistent_workers=True, prefetch_factor=4)
    runner = train(cfg)
    log = Path(runner.logger.log_file).read_text(encoding='utf-8')
    assert 'train_dataloader.num_workers is 0' in log
    assert (tmp_path / 'iter_1.pth').exists()


def test_a_test_of_what_a_resumed_training_has_written(
        quickstart, tmp_path, sem_root):
    cfg = tiny(quickstart, tmp_path, sem_root, steps=1)
    train(cfg, resume=True)
    written = tmp_path / 'segformer_xattn_quickstart.py'
    before = written.read_text()
    metrics = engine.test(
        load_config(str(written)), f'{tmp_path}/iter_1.pth', tta=True)
    assert 'mIoU' in metrics
    assert written.read_text() == before  # not the test's views


def test_train_resume_and_test(quickstart, tmp_path, sem_root):
    train(tiny(quickstart, tmp_path, sem_root, steps=2))
    first = torch.load(tmp_path / 'iter_2.pth', weights_only=True)
    assert first['meta']['iter'] == 2

    runner = train(tiny(quickstart, tmp_path, sem_root, steps=4), resume=True)
    assert runner.iter == 4
    # the loss curve goes on where it was
    assert len(runner.message_hub.get_scalar('train/loss').data[0]) == 4
    checkpoint = (tmp_path / 'last_checkpoint').read_text()
    assert checkpoint.endswith('iter_4.pth')

    metrics = engine.test(
        tiny(quickstart, tmp_path, sem_root),
        checkpoint,
        out=str(tmp_path / 'out'),
        show_dir=str(tmp_path / 'show'))
    assert {'mIoU', 'IoU.A', 'ClassRatioError'} <= set(metrics)
    for name in ('val_000.png', 'val_001.png'):
        ids = cv2.imread(str(tmp_path / 'out' / name), cv2.IMREAD_UNCHANGED)
        assert ids.shape == (96, 128)
        assert ids.max() <= 2
        panel = cv2.imread(str(tmp_path / 'show' / name))
        assert panel.shape[1] > 3 * 128

    tuned = tiny(quickstart, tmp_path, sem_root, steps=2)
    tuned.load_from = checkpoint
    tuned.work_dir = str(tmp_path / 'tuned')
    train(tuned)


def test_test_time_augmentation(quickstart, tmp_path, sem_root):
    runner = train(tiny(quickstart, tmp_path, sem_root, steps=1))
    checkpoint = runner.work_dir + '/iter_1.pth'
    cfg = tiny(quickstart, tmp_path, sem_root)
    assert 'mIoU' in engine.test(cfg, checkpoint, tta=True)


def test_weights_of_another_model(quickstart, tmp_path, sem_root):
    """Refused by a test as by a prediction; told where a training starts."""
    path = tmp_path / 'plain.pth'
    cfg = tiny(quickstart, tmp_path / 'a', sem_root)
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model)
    state = {f'module.{key}': value
             for key, value in model.state_dict().items()
             if not key.startswith('neck.')}
    torch.save(dict(state_dict=state), path)
    messages = []
    for tta in (False, True):
        for call in (engine.load_trained, partial(engine.test, tta=tta)):
            with pytest.raises(ValueError) as error:
                call(tiny(quickstart, tmp_path / 'a', sem_root), str(path))
            messages.append(str(error.value))
    assert len(set(messages)) == 1
    assert "of the model's are missing in it (neck." in messages[0]

    cfg = tiny(quickstart, tmp_path / 'b', sem_root, steps=1)
    cfg.load_from = str(path)
    stream = io.StringIO()
    with redirect_stdout(stream):
        train(cfg)
    assert "of the model's are missing in it (neck." in stream.getvalue()
    torch.save({'x.weight': torch.ones(1)}, path)
    with pytest.raises(ValueError, match='none would be loaded'):
        train(cfg)
    (tmp_path / 'b/last_checkpoint').write_text(str(path))
    torch.save(dict(state_dict=state, meta={}), path)
    cfg = tiny(quickstart, tmp_path / 'b', sem_root, steps=1)
    with pytest.raises(ValueError) as error:
        train(cfg, resume=True)
    assert str(error.value) == messages[0]


def test_from_scratch_starts_from_no_weights(quickstart, tmp_path):
    path = tmp_path / 'tuned.py'
    path.write_text(f"_base_ = {quickstart!r}\nload_from = 'no/such.pth'")
    assert load_config(str(path), from_scratch=True).load_from is None
    with pytest.raises(FileNotFoundError, match=r'no/such\.pth.*load_from'):
        train(load_config(str(path), work_dir=str(tmp_path)))


def test_mmsegs_inference_api(quickstart, tmp_path, sem_root):
    runner = train(tiny(quickstart, tmp_path, sem_root, steps=1))
    model = init_model(runner.cfg, f'{tmp_path}/iter_1.pth', device='cpu')
    path = str(sem_root / 'images/val/val_000.png')
    from_file = inference_model(model, path).pred_sem_seg.data
    from_array = inference_model(model, cv2.imread(path)).pred_sem_seg.data
    assert from_file.shape == (1, 128, 128)  # without a mask, band and all
    torch.testing.assert_close(from_file, from_array)


def test_out_needs_a_metric_that_writes(quickstart, tmp_path):
    cfg = load_config(quickstart, work_dir=str(tmp_path))
    cfg.test_evaluator = dict(type='ClassRatioMetric')
    with pytest.raises(ValueError, match='--out needs an IoU metric'):
        engine.test(cfg, 'x.pth', out='out')


def test_a_bomb_is_not_tested(quickstart, tmp_path, sem_root):

    class Bomb:

        def __reduce__(self):
            return (open, (str(tmp_path / 'boom'), 'w'))

    torch.save(dict(state_dict={}, meta=Bomb()), tmp_path / 'model.pth')
    with pytest.raises(RuntimeError, match=r'Refused to load .*model\.pth'):
        engine.test(
            tiny(quickstart, tmp_path, sem_root), str(tmp_path / 'model.pth'))
    assert not (tmp_path / 'boom').exists()


def test_a_length_that_is_no_number(quickstart, tmp_path, sem_root):
    with pytest.raises(ValueError, match=r"train_cfg\.max_iters is 'three'"):
        train(tiny(quickstart, tmp_path, sem_root, steps='three'))


def test_a_misspelt_option_is_refused(quickstart):
    with pytest.raises(ValueError, match=r'trian_cfg.*Did you mean train_cfg'):
        load_config(quickstart, cfg_options={'trian_cfg.max_iters': 1})
    cfg = load_config(quickstart, cfg_options={'auto_scale_lr.enable': True,
                                               'my_own': 1})
    assert cfg.my_own == 1 and cfg.auto_scale_lr.enable
