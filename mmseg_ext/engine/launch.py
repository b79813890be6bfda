"""Train and test as mmseg's own tools do, on the stock Runner."""
import os
import os.path as osp
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import get_world_size, is_main_process
from mmengine.runner import CheckpointLoader, Runner
from mmseg.registry import RUNNERS

from mmseg_ext.basics import keep_freed_blocks
from mmseg_ext.basics.begun_folder import claimed_folder
from mmseg_ext.basics.command_line import called_again
from mmseg_ext.basics.config_files import read_config
from mmseg_ext.basics.files import remove_temporaries
from mmseg_ext.basics.sections import LOADERS

from .adaptation_hook import AdaptationHook
from .checked_options import check_options, open_sections
from .checkpoint_files import check_checkpoint
from .class_count_hook import ClassCountHook
from .console import (
    QuietRunner,
    QuietTestRunner,
    TestingConsoleHook,
    TrainingConsoleHook,
    cite_config,
    last_checkpoint,
    short_path,
)
from .curves import CurvesHook
from .dataset_options import check_class_weights, set_in_datasets
from .divergence_hook import DivergenceHook
from .image_folders import ImageFoldersHook
from .intensity_hook import IntensityHook
from .interrupt_hook import InterruptHook
from .loaders import ended_loaders
from .pretrained import (
    check_weights,
    remove_pretrained,
    unexpected_images,
)
from .random_state_hook import RandomStateHook
from .teacher_hook import TeacherHook
from .trained import WeightsFitHook
from .training_options import average_weights, log_to, stop_early
from .validation_loss_hook import ValidationLossHook

LENGTHS = ('max_iters', 'max_epochs', 'val_interval', 'val_begin')


def load_config(path: str,
                work_dir: Optional[str] = None,
                cfg_options: Optional[dict] = None,
                launcher: str = 'none',
                data_root: Optional[str] = None,
                dataset_options: Optional[dict] = None,
                from_scratch: bool = False) -> Config:
    """Read a config file and apply command-line options to it.

    Args:
        path: Config file, or ``package::path`` of one that comes with a
            package, see
            :func:`~mmseg_ext.basics.config_files.find_config`.
        work_dir: Folder of logs and checkpoints; if None, the config's, and
            if it names none, ``work_dirs/<name of the config>``.
        cfg_options: Values to replace, ``{'a.b': value}``; they win over
            everything else.
        launcher: 'none', 'pytorch', 'slurm' or 'mpi'.
        data_root: Data folder of every dataset in the config.
        dataset_options: Arguments of every dataset in the config, such as
            ``{'categories': 'transistor'}``. ``metainfo.classes`` sets the
            number of classes of every head, too.
        from_scratch: Start from random weights, download nothing.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If there are options for datasets, and no dataset that
            has a ``data_root``; if an option is most likely misspelt; if
            weights of classes do not fit their number.
    """
    cfg = read_config(path)
    cfg.launcher = launcher
    dataset_options = dict(dataset_options or {})
    if data_root is not None:
        dataset_options['data_root'] = data_root
    if dataset_options:
        set_in_datasets(cfg, dataset_options)
    if from_scratch:
        remove_pretrained(cfg)
        cfg.load_from = None
    if cfg_options is not None:
        check_options(cfg, cfg_options)
        open_sections(cfg, cfg_options)
        cfg.merge_from_dict(cfg_options)
    if any(name.startswith('metainfo') for name in dataset_options):
        check_class_weights(cfg)
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        name = osp.splitext(osp.basename(cfg.filename))[0]
        cfg.work_dir = osp.join('work_dirs', name)
    return cfg


def _build_runner(cfg: Config, kind: type[Runner] = Runner) -> Runner:
    alone = _stop_workers(cfg)
    # A runner of the config's own says what it says.
    runner = (RUNNERS.build(cfg) if 'runner_type' in cfg else
              kind.from_cfg(cfg))
    for name in alone:
        runner.logger.info(f'{name}.num_workers is 0: persistent_workers and '
                           'prefetch_factor, which torch refuses then, are '
                           'left out')
    return runner


def _stop_workers(cfg: Config) -> list[str]:
    """Take out what torch refuses where no processes load; name where."""
    changed = []
    for name in LOADERS:
        loader = cfg.get(name)
        if loader and loader.get('num_workers') == 0:
            taken = [loader.pop(key, None)
                     for key in ('persistent_workers', 'prefetch_factor')]
            if any(taken):
                changed.append(name)
    return changed


def _use_amp(cfg: Config) -> None:
    """Train in mixed precision, in float16 on a GPU, bfloat16 on a CPU."""
    wrapper = cfg.optim_wrapper
    kinds = ('OptimWrapper', 'AmpOptimWrapper', 'CpuAmpOptimWrapper')
    if wrapper.type not in kinds:
        raise ValueError(f'--amp needs optim_wrapper.type to be one of '
                         f'{", ".join(kinds)}; the config has {wrapper.type}')
    if get_device() == 'cpu':
        for name in ('loss_scale', 'dtype', 'use_fsdp'):
            wrapper.pop(name, None)
        wrapper.update(type='CpuAmpOptimWrapper', enabled=True)
    elif wrapper.type != 'AmpOptimWrapper':
        wrapper.pop('enabled', None)
        wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')


def train(cfg: Config,
          resume: bool = False,
          amp: bool = False,
          quiet: bool = True,
          patience: Optional[int] = None,
          ema: bool = False,
          log: Optional[str] = None,
          tool: str = 'train',
          command: Optional[str] = None) -> Runner:
    """Train the model of a config.

    Args:
        cfg: See :func:`load_config`.
        resume: Go on from the newest checkpoint in the work directory.
        amp: Train in mixed precision: float16 on a GPU, bfloat16 on a CPU.
        quiet: Show a head, the progress and the results, and keep the rest
            for the log file. A ``runner_type`` of the config shows what it
            does.
        patience: End it after so many validations without a better best
            checkpoint; None: do not.
        ema: Validate and save an exponential moving average of the weights.
        log: 'tensorboard', 'mlflow' or 'wandb': log to it, too.
        tool: That trains, by which an interrupted training goes on.
        command: By which it goes on with --resume; None: this process's, if
            it is the tool's.

    Raises:
        BlockingIOError: If another training writes to the work directory.
        ConnectionError: If pretrained weights cannot be downloaded.
        KeyboardInterrupt: If it is interrupted; its message says how to go
            on.
        ImportError: If ``log`` needs a package that is not installed.
        RuntimeError: If the weights have become nan.
        ValueError: If the length is no number, mixed precision is not
            possible, the model has fewer classes than the data set, a
            checkpoint to start from is another model's, or ``patience`` has
            no metric to go by.
    """
    if amp:
        _use_amp(cfg)
    cfg.resume = resume
    cited = cite_config(cfg) if quiet else None
    if patience is not None:
        stop_early(cfg, patience)
    if ema:
        average_weights(cfg)
    if log is not None:
        log_to(cfg, log)
    _check_lengths(cfg)
    checkpoint = cfg.get('load_from') or (
        last_checkpoint(cfg.work_dir) if resume else None)
    if resume and checkpoint:
        check_checkpoint(checkpoint)  # as when the folder was moved
        _take_seed(cfg, checkpoint)
        # The checkpoint replaces them; fetching them first would be in vain.
        remove_pretrained(cfg)
    check_weights(cfg)
    if get_device() == 'cpu':
        keep_freed_blocks()
    with _claimed(cfg):
        return _train(cfg, resume, checkpoint, quiet, cited, tool, command)


def _check_lengths(cfg: Config) -> None:
    for name in LENGTHS:
        value = (cfg.get('train_cfg') or {}).get(name, 1)
        if not isinstance(value, int):
            raise ValueError(f'train_cfg.{name} is {value!r}: must be a whole '
                             'number')


@contextmanager
def _claimed(cfg: Config) -> Iterator[None]:
    """Keep other trainings out of a work directory, by the first process."""
    if cfg.get('launcher', 'none') != 'none' and os.environ.get(
            'RANK', '0') != '0':
        yield
        return
    root = Path(cfg.work_dir)
    with claimed_folder(root):
        remove_temporaries([root], deep=False)
        yield


def _train(cfg: Config, resume: bool, checkpoint: Optional[str], quiet: bool,
           cited: Optional[Sequence[str]], tool: str,
           command: Optional[str]) -> Runner:
    runner = _build_runner(cfg, QuietRunner if quiet else Runner)
    for text in unexpected_images(cfg):
        runner.logger.warning(text)
    runner.register_hook(ClassCountHook())
    runner.register_hook(TeacherHook())
    for kind in (AdaptationHook, RandomStateHook, ValidationLossHook,
                 CurvesHook, DivergenceHook, IntensityHook):
        if not any(isinstance(hook, kind) for hook in runner.hooks):
            runner.register_hook(kind())
    if checkpoint:
        runner.register_hook(WeightsFitHook(checkpoint, entire=resume))
    if isinstance(runner, QuietRunner) and is_main_process():
        runner.register_hook(TrainingConsoleHook(runner.console, cited))
    interrupts = InterruptHook()
    runner.register_hook(interrupts)
    try:
        with interrupts.listening(), ended_loaders(runner):
            runner.train()
    except KeyboardInterrupt:
        runner.visualizer.close()
        raise KeyboardInterrupt(
            _how_to_go_on(runner, interrupts.iteration, tool, command)
        ) from None
    finally:
        if isinstance(runner, QuietRunner):
            runner.console.clear()
    return runner


def _take_seed(cfg: Config, checkpoint: str) -> None:
    """Give a config without a seed the one that its training has drawn.

    mmengine takes it from the checkpoint too, but only once the order of
    the images is made of another.
    """
    randomness = cfg.get('randomness') or {}
    if randomness.get('seed') is None:
        loaded = CheckpointLoader.load_checkpoint(checkpoint, 'cpu')
        seed = loaded.get('meta', {}).get('seed')
        cfg.randomness = dict(randomness, seed=seed)


def _how_to_go_on(runner: Runner, iteration: Optional[int],
                  tool: str, command: Optional[str]) -> str:
    checkpoint = last_checkpoint(runner.work_dir)
    done = iteration or runner.iter
    place = 'Interrupted ' + (
        f'after iteration {done} of {runner.max_iters}'
        if done else 'before the first iteration')
    if checkpoint is None:
        return f'{place}. There is no checkpoint yet: ' + (
            f'start over by\n  {command}' if command else
            'the same command starts over')
    if command is not None:
        command += ' --resume'
    elif get_world_size() == 1:
        command = called_again(tool, '--resume')
    if command is None:
        return (f'{place}. The same command with --resume goes on from '
                f'{short_path(checkpoint)}')
    return f'{place}. Go on from {short_path(checkpoint)}:\n  {command}'


def _evaluators(cfg: Config) -> list[dict]:
    evaluators = cfg.test_evaluator
    return [evaluators] if isinstance(evaluators, dict) else evaluators


def test(cfg: Config,
         checkpoint: str,
         tta: bool = False,
         out: Optional[str] = None,
         show_dir: Optional[str] = None,
         quiet: bool = True) -> dict:
    """Test a checkpoint and return the metrics.

    Args:
        cfg: See :func:`load_config`.
        checkpoint: Weights to test.
        tta: Average over the views of the config's ``tta_pipeline``.
        out: Folder to write the predicted class ids to, as PNG; the folders
            below that of the images are kept.
        show_dir: Folder to write image | truth | prediction to.
        quiet: Show a head, the progress and the metrics, and keep the rest
            for the log file.

    Raises:
        FileNotFoundError: If there is no such checkpoint; names those near.
        ValueError: If ``out`` is given and no metric of the config writes
            predictions, ``tta`` and the config has no views, or the
            checkpoint is another model's.
    """
    cfg.load_from = checkpoint
    cfg.resume = False  # a config that a resumed training has written
    remove_pretrained(cfg)
    if tta:
        if 'tta_pipeline' not in cfg:
            raise ValueError('--tta needs a tta_pipeline in the config: the '
                             'views to average over')
        cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
        cfg.tta_model.module = cfg.model
        cfg.model = cfg.tta_model
    if out is not None:
        writers = [evaluator for evaluator in _evaluators(cfg)
                   if evaluator['type'].endswith('IoUMetric')]
        if not writers:
            raise ValueError('--out needs an IoU metric in test_evaluator: it '
                             'is what writes the predictions')
        writers[0]['output_dir'] = out
    if show_dir is not None:
        hooks = cfg.get('custom_hooks') or []
        kept = [hook for hook in hooks if hook['type'] != 'PanelHook']
        cfg.custom_hooks = [*kept, dict(type='PanelHook', out_dir=show_dir)]
    check_checkpoint(checkpoint)
    runner = _build_runner(cfg, QuietTestRunner if quiet else Runner)
    runner.register_hook(WeightsFitHook(checkpoint, entire=True))
    if isinstance(runner, QuietRunner) and is_main_process():
        runner.register_hook(TestingConsoleHook(runner.console))
    if out is not None:
        runner.register_hook(ImageFoldersHook())
    try:
        with ended_loaders(runner):
            return runner.test()
    finally:
        if isinstance(runner, QuietRunner):
            runner.console.clear()
