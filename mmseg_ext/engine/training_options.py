"""What options of a training add to its config."""
import os
import os.path as osp

from mmengine.config import Config

from mmseg_ext.basics.extras import require_extra

# Services -> mmengine's backend, its module and the extra that brings it.
SERVICES = dict(
    tensorboard=('TensorboardVisBackend', 'torch.utils.tensorboard',
                 'tensorboard'),
    mlflow=('MLflowVisBackend', 'mlflow', 'log'),
    wandb=('WandbVisBackend', 'wandb', 'log'))
# An improvement by less is none. mmseg rounds metrics to two digits: half of
# the last, for sums of floats miss a whole one as often as not.
METRIC_DELTA, LOSS_DELTA = 0.005, 1e-4


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
        backend.update(exp_name=name,
                       tracking_uri=os.environ.get('MLFLOW_TRACKING_URI'))
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
