"""The config of a pretraining."""
import copy
import os.path as osp
from collections.abc import Mapping, Sequence

from mmengine.config import Config

from mmseg_ext.basics.config_files import read_config
from mmseg_ext.datasets.unlabeled import HELD_OUT
from mmseg_ext.engine.budget import Schedule
from mmseg_ext.engine.pretrained import remove_pretrained

from .settings import Settings
from .teacher import Teacher

VALIDATED = 32  # images at most
WEIGHT_DECAY = 0.05
RISING = 0.3  # of the steps
ADVICE = 'Begin anew with a lower --lr, or without --amp'


def read_student(path: str) -> tuple[Config, dict, dict]:
    """Return a config, its backbone, and how that sees images.

    Args:
        path: Config file, see :func:`~mmseg_ext.basics.config_files
            .read_config`.

    Returns:
        The config; that of the backbone, which begins at random but for
        weights of parts of it; arguments of
        :class:`~mmseg_ext.models.distillation.renormalization
        .Renormalization`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has no backbone.
    """
    cfg = read_config(path)
    model = cfg.get('model') or {}
    if not isinstance(model.get('backbone'), Mapping):
        raise ValueError(f'{path} has no model.backbone that could learn')
    backbone = _from_scratch(model.backbone.to_dict())
    for name, value in (('frozen_stages', -1), ('norm_eval', False)):
        if name in backbone:
            backbone[name] = value  # what is not trained yet is not frozen
    given = (model.get('data_preprocessor')
             or cfg.get('data_preprocessor') or {})
    mean, std = given.get('mean'), given.get('std')
    return cfg, backbone, dict(
        mean=list(mean) if mean else None, std=list(std) if std else None,
        # images are loaded blue first
        to_rgb=any(given.get(name) for name in (
            'bgr_to_rgb', 'rgb_to_bgr', 'to_rgb')),
        in_channels=backbone.get('in_channels', 3))


def _from_scratch(backbone: dict) -> dict:
    """Take a backbone's own weights out, and leave those of its parts."""
    parts = {name: value for name, value in backbone.items()
             if isinstance(value, (dict, list)) and name != 'init_cfg'}
    rest = Config(dict(model={name: value for name, value in backbone.items()
                              if name not in parts}))
    remove_pretrained(rest)
    parts = copy.deepcopy(parts)
    if 'backbone' in parts:  # with layers inserted: it is that itself
        parts['backbone'] = _from_scratch(parts['backbone'])
    return {**rest.model.to_dict(), **parts}


def pretraining_config(settings: Settings, teacher: Teacher, backbone: dict,
                       normalization: dict, groups: Sequence[Sequence[str]],
                       schedule: Schedule, work_dir: str) -> Config:
    """Return a config that the stock Runner trains by.

    Args:
        settings: What is asked for.
        teacher: The encoder to learn from.
        backbone: Config of the one that learns.
        normalization: How that sees its images.
        groups: Images of each folder, and of the files, as
            :func:`~mmseg_ext.datasets.unlabeled.group_images` returns them.
        schedule: How long.
        work_dir: Folder of logs and checkpoints.
    """
    interval = schedule.interval
    return Config(dict(
        default_scope='mmseg',
        custom_imports=dict(
            imports=['mmseg_ext'], allow_failed_imports=False),
        model=dict(
            type='FeatureDistiller', backbone=backbone,
            teacher=teacher.backbone, image_size=settings.crop,
            normalization=normalization,
            data_preprocessor=teacher.data_preprocessor),
        **_loaders(settings, groups),
        val_evaluator=dict(type='ReturnedMeansMetric'),
        val_cfg=dict(type='ValLoop'),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=schedule.steps,
                       val_interval=interval),
        optim_wrapper=dict(
            type='OptimWrapper',
            optimizer=dict(type='AdamW', lr=settings.lr,
                           weight_decay=WEIGHT_DECAY),
            clip_grad=dict(max_norm=1.0)),
        param_scheduler=_one_cycle(schedule.steps),
        default_hooks=dict(
            timer=dict(type='IterTimerHook'),
            logger=dict(type='LoggerHook', interval=20,
                        log_metric_by_epoch=False),
            param_scheduler=dict(type='ParamSchedulerHook'),
            checkpoint=dict(type='CheckpointHook', by_epoch=False,
                            interval=interval, max_keep_ckpts=1),
            sampler_seed=dict(type='DistSamplerSeedHook')),
        custom_hooks=[dict(type='CalibrationHook'),
                      dict(type='DivergenceHook', interval=10,
                           advice=ADVICE)],
        env_cfg=dict(cudnn_benchmark=True),
        visualizer=dict(type='SegLocalVisualizer', vis_backends=[
            dict(type='LocalVisBackend')]),
        log_processor=dict(by_epoch=False),
        log_level='INFO',
        load_from=None,
        randomness=dict(seed=settings.seed),
        experiment_name=osp.basename(work_dir),
        work_dir=work_dir),
        # its name in what is told of the run, which writes it there
        cfg_text=f'# pretraining of {settings.config}',
        filename=osp.join(work_dir, 'pretraining.py'))


def _one_cycle(steps: int) -> list[dict]:
    """Return schedulers that raise the learning rate, and lower it to 0.

    mmengine's OneCycleLR has a function in its state, by which checkpoints
    hold more than tensors and plain values.
    """
    rising = round(RISING * steps)
    rise = dict(type='LinearLR', start_factor=1 / 25, by_epoch=False,
                begin=0, end=rising)
    fall = dict(type='CosineAnnealingLR', eta_min=0.0, by_epoch=False,
                T_max=steps - rising, begin=rising, end=steps)
    return [rise, fall] if rising > 1 else [fall]


def _loaders(settings: Settings, groups: Sequence[Sequence[str]]) -> dict:
    held_out = sum(len(group) // HELD_OUT for group in groups)
    sources = [osp.abspath(path) for path in settings.images]
    files = [path for path in sources if osp.isfile(path)]  # lists, too
    folders = [[path] for path in sources if not osp.isfile(path)]
    common = dict(type='UnlabeledDataset', bit_depth=settings.bit_depth)
    parts = [
        dict(common, sources=group, part='train' if held_out else None,
             pipeline=_pipeline(settings, training=True))
        for group in (*folders, *([files] if files else []))]
    # as often from each folder, however many images it has
    most = max(map(len, groups))
    train = parts[0] if len(parts) == 1 else dict(
        type='ConcatDataset', datasets=[
            dict(type='RepeatDataset', dataset=part,
                 times=max(round(most / len(group)), 1))
            for part, group in zip(parts, groups)])
    workers = dict(num_workers=settings.workers)
    if settings.workers:
        workers['persistent_workers'] = True
    return dict(
        train_dataloader=dict(
            batch_size=settings.batch, **workers,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            dataset=train),
        val_dataloader=dict(
            batch_size=1, **workers,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(
                common, sources=sources, part='val' if held_out else None,
                most=VALIDATED, test_mode=True,
                pipeline=_pipeline(settings, training=False))))


def _pipeline(settings: Settings, training: bool) -> list[dict]:
    band = ([dict(type='CropBottom', rows=settings.crop_bottom)]
            if settings.crop_bottom else [])
    changes = [
        dict(type='RandomFlip', prob=[0.25, 0.25, 0.25], direction=[
            'horizontal', 'vertical', 'diagonal']),
        dict(type='RandomBrightnessContrastGamma', prob=1.0,
             brightness=0.12, contrast=1.3, gamma=1.0)]
    return [dict(type='LoadSEMImageFromFile'), *band,
            dict(type='RandomScaledCrop', size=settings.crop,
                 center=not training),
            *(changes if training else []), dict(type='PackSegInputs')]
