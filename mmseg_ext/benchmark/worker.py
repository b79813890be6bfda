"""One job of a benchmark: python -m mmseg_ext.benchmark.worker TASK FOLDER.

Started by :mod:`mmseg_ext.benchmark.jobs`, at whose end it ends too.
"""
import argparse
import hashlib
import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Optional

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader, save_checkpoint
from mmseg.registry import DATASETS

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.executors import end_with_parent
from mmseg_ext.engine import test, train
from mmseg_ext.engine.curves import History
from mmseg_ext.engine.curves.curves_hook import TABLE

from .cost import measure_costs
from .jobs import CONFIG, MASKS, RESULT, WEIGHTS, WORK_DIR
from .machine import describe_machine
from .run_adaptation import adapt_run, label_run
from .run_config import prune_run, read_run_config, write_own_config
from .step_times import measure_step_ratio


def describe_data(dataset_cfg: dict) -> dict:
    """Return how many images there are, and a fingerprint of the files.

    The fingerprint is made of names and sizes: it tells other files from
    these, not an edited pixel.
    """
    init_default_scope('mmseg')
    dataset = DATASETS.build(dataset_cfg)
    digest = hashlib.sha256()
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        for path in (info['img_path'], info.get('seg_map_path')):
            if path:
                size = os.path.getsize(path) if os.path.isfile(path) else ''
                digest.update(f'{Path(path).name} {size}\n'.encode())
    return dict(images=len(dataset), fingerprint=digest.hexdigest()[:16])


def do_run(folder: Path, out: Optional[Path] = None,
           validated: bool = False) -> dict:
    """Train or adapt, and test; the last checkpoint counts, not the best.

    Args:
        folder: Of the job.
        out: Folder to write the predicted class ids to.
        validated: The validation at the end is the test.
    """
    work_dir = folder / WORK_DIR
    pointer = work_dir / 'last_checkpoint'
    resumed = pointer.exists()
    if resumed:
        point_here(pointer)
    prune_run(folder)
    label_run(folder)
    write_own_config(folder)
    cfg = read_run_config(folder)
    if resumed:  # its own checkpoint, not what it began with
        cfg.load_from = None
    data = {
        split: describe_data(cfg[f'{split}_dataloader'].dataset)
        for split in ('train', 'test')
    }
    # What they print is the job's log.
    if adapt_run(folder):
        checkpoint = str(folder / WEIGHTS)
    else:
        train(cfg, resume=resumed, quiet=False)
        checkpoint = pointer.read_text()
        keep_weights(checkpoint, folder / WEIGHTS)
    metrics = last_validation(folder, cfg.train_cfg) if validated else None
    if metrics is None:
        metrics = test(read_run_config(folder), checkpoint, quiet=False,
                       out=None if out is None else str(out))
    return dict(
        metrics={name: float(value) for name, value in metrics.items()},
        data=data,
        resumed=resumed)


def point_here(pointer: Path) -> None:
    """Let a run go on whose folder was moved after it was interrupted.

    mmengine writes the whole path of its last checkpoint.
    """
    written = Path(pointer.read_text().strip())
    here = pointer.with_name(written.name)
    if here.is_file() and not (
            written.is_file() and written.samefile(here)):
        write_atomically(pointer, str(here))


def last_validation(folder: Path, train_cfg: dict) -> Optional[dict]:
    """Return what the validation after the last step gave, if there is one.

    A training that was killed behind it has it in its table, too.
    """
    history, table = History(), folder / WORK_DIR / TABLE
    if not table.is_file():
        return None
    history.read(table, train_cfg.max_iters)
    return history.validations.get(train_cfg.max_iters)


def do_trial(folder: Path) -> dict:
    """Do a run that is tested on what it is validated on, once for both."""
    return do_run(folder, validated=True)


def do_fold(folder: Path) -> dict:
    return do_run(folder, folder / MASKS)


def keep_weights(checkpoint: str, path: Path) -> None:
    """Write the weights alone: a resume needs three times as much."""
    whole = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    kept = {key: whole[key] for key in ('meta', 'state_dict')}
    save_checkpoint(kept, str(path))


def do_cost(folder: Path) -> dict:
    cfg = Config.fromfile(folder / CONFIG)
    return dict(
        input_size=cfg.input_size,
        repeats=cfg.repeats,
        rows=measure_costs(cfg.models, cfg.input_size, cfg.repeats))


def do_steps(folder: Path) -> dict:
    cfg = Config.fromfile(folder / CONFIG)
    return measure_step_ratio(
        cfg.row, cfg.reference, str(folder / WORK_DIR))


TASKS = dict(
    run=do_run, trial=do_trial, fold=do_fold, cost=do_cost, steps=do_steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('task', choices=[*TASKS])
    parser.add_argument('folder', type=Path)
    args = parser.parse_args()
    end_with_parent()
    started = datetime.now().astimezone()
    clock = time.monotonic()
    machine = describe_machine()
    work = TASKS[args.task]
    result = dict(
        started=started.isoformat(timespec='seconds'),
        machine=machine,
        **work(args.folder))
    result['seconds'] = round(time.monotonic() - clock, 1)
    write_atomically(args.folder / RESULT, json.dumps(result, indent=2))
    if args.task in ('run', 'trial', 'fold'):  # nothing is to be resumed now
        (args.folder / WORK_DIR / 'last_checkpoint').unlink(missing_ok=True)
        for path in args.folder.glob(f'{WORK_DIR}/*.pth'):
            path.unlink()


if __name__ == '__main__':
    main()
