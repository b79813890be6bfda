"""What options of a training add to its config."""
import os
import os.path as osp
from collections.abc import Sequence
from typing import Optional

from mmengine.config import Config
from mmseg.registry import MODELS

from mmseg_ext.basics.config_files import find_config
from mmseg_ext.basics.extras import require_extra

from .checkpoint_files import check_checkpoint

# Services -> mmengine's backend, its module and the extra that brings it.
SERVICES = dict(
    tensorboard=('TensorboardVisBackend', 'torch.utils.tensorboard',
                 'tensorboard'),
    mlflow=('PlainMLflowVisBackend', 'mlflow', 'log'),
    wandb=('WandbVisBackend', 'wandb', 'log'))
# An improvement by less is none. mmseg rounds metrics to two digits: half of
# the last, for sums of floats miss a whole one as often as not.
METRIC_DELTA, LOSS_DELTA = 0.005, 1e-4
DISTILL = 'Distill'  # how the names of models begin that have a teacher
PRUNED = 'Pruned'  # and of those that have widths
DISTILL_LOSSES = dict(
    pixel=dict(type='PixelDistillLoss'),
    balanced=dict(type='PixelDistillLoss', balanced=True),
    channel=dict(type='ChannelDistillLoss'))


def stop_early(cfg: Config, patience: int) -> None:
    """End a training whose best checkpoint has stayed the best for long.

    Args:
        cfg: Config, changed in place.
        patience: Validations without an improvement.

    Raises:
        ValueError: If the config saves no best checkpoint, or not by a
            named metric, or the number is below 1.
    """
    if patience < 1:
        raise ValueError(f'--patience {patience}: must be 1 validation or '
                         'more')
    saving = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    metrics, rules = ([value] if isinstance(value, str) or value is None
                      else list(value)
                      for value in (saving.get('save_best'),
                                    saving.get('rule')))
    if metrics[0] in (None, 'auto'):
        raise ValueError(
            '--patience needs the metric that the best checkpoint is saved '
            'by: --cfg-options default_hooks.checkpoint.save_best=mIoU')
    _add_hook(cfg, dict(
        type='ResumableEarlyStoppingHook', monitor=metrics[0], rule=rules[0],
        patience=patience,
        min_delta=LOSS_DELTA if 'loss' in metrics[0] else METRIC_DELTA))


def average_weights(cfg: Config) -> None:
    """Let a training validate and save an average of its weights.

    Args:
        cfg: Config, changed in place; one that averages already stays.
    """
    _add_hook(cfg, dict(type='AveragedWeightsHook'),
              unless=('EMAHook', 'AveragedWeightsHook'))


def learn_from(cfg: Config,
               teachers: Sequence[tuple[str, str]],
               alpha: Optional[float] = None,
               temperature: Optional[float] = None,
               loss: Optional[str] = None) -> None:
    """Let the segmentor of a config learn from trained ones, too.

    Args:
        cfg: Config, changed in place; what it says of a distillation
            already stays where an argument is None.
        teachers: Config and checkpoint of each.
        alpha: Factor of the segmentor's own losses, 0 to 1.
        temperature: Of the loss.
        loss: 'pixel', 'balanced' (the classes of the pixels count the same)
            or 'channel'; 'pixel' is the default.

    Raises:
        FileNotFoundError: If a file of a teacher's is missing.
        ValueError: If there is no distillation for the model's type.
    """
    model = cfg.model
    kind = str(model.type).split('.')[-1]
    if not kind.startswith(DISTILL):
        # which takes the widths of a pruned one, too
        kind = DISTILL + kind.removeprefix(PRUNED)
    if MODELS.get(kind) is None:
        raise ValueError(f'--distill needs a model of type EncoderDecoder; '
                         f'the config has {model.type}')
    for config, checkpoint in teachers:
        try:
            find_config(config)
            check_checkpoint(checkpoint)
        except FileNotFoundError as error:
            raise FileNotFoundError(f'The teacher: {error}') from error
    named = [dict(config=config, checkpoint=checkpoint)
             for config, checkpoint in teachers]
    distill = dict(model.get('distill') or {})
    if alpha is not None:
        distill['alpha'] = alpha
    teaching = dict(distill.get('loss') or {})
    if loss is not None:
        chosen = DISTILL_LOSSES[loss]
        # its temperature stays, if it is the same loss
        teaching = teaching if teaching.get('type') == chosen['type'] else {}
        teaching.pop('balanced', None)
        teaching.update(chosen)
    teaching = teaching or dict(DISTILL_LOSSES['pixel'])
    if temperature is not None:
        teaching['temperature'] = temperature
    if loss is not None or temperature is not None or (
            'loss' not in distill):
        distill['loss'] = teaching
    model.pop('distill', None)
    model.pop('teacher', None)
    model.type = kind
    model.teacher = named[0] if len(named) == 1 else named
    model.distill = distill


def log_to(cfg: Config, service: str) -> None:
    """Write what is logged to a service, too.

    Args:
        cfg: Config, changed in place.
        service: 'tensorboard' (files beside the log), 'mlflow' (a folder
            beside the log, or what MLFLOW_TRACKING_URI names) or 'wandb'.

    Raises:
        ImportError: If its package is missing; names the extra.
    """
    kind, module, extra = SERVICES[service]
    require_extra(module, extra)
    name = osp.splitext(osp.basename(cfg.filename or 'mmseg_ext'))[0]
    backend = dict(type=kind)
    if service == 'wandb':
        backend['init_kwargs'] = dict(project=name)
    if service == 'mlflow':
        uri = os.environ.get('MLFLOW_TRACKING_URI')
        backend.update(exp_name=name, tracking_uri=uri)
        if uri is None:
            # MLflow 3 refuses folders unless it is told
            os.environ.setdefault('MLFLOW_ALLOW_FILE_STORE', 'true')
            # it would copy the logs of the work directory into this folder,
            # which lies in it, and those of earlier runs with all of theirs
            backend['artifact_suffix'] = ()
    visualizer = cfg.setdefault(
        'visualizer', dict(type='SegLocalVisualizer', name='visualizer'))
    backends = list(visualizer.get('vis_backends') or [
        dict(type='LocalVisBackend')])
    if all(other['type'] != kind for other in backends):
        visualizer['vis_backends'] = [*backends, backend]


def _add_hook(cfg: Config, hook: dict, unless: tuple[str, ...] = ()) -> None:
    hooks = list(cfg.get('custom_hooks') or [])
    if all(other['type'] not in unless for other in hooks):
        cfg.custom_hooks = [*hooks, hook]
