"""The processes of a comparison of throughput, and their turns.

They are those of torchrun: one group, joined over a local port, gloo on a
CPU and nccl on GPUs. They stay for the whole comparison, and take turns in
groups of each size; who is not in the group waits.
"""
import math
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from statistics import median
from typing import Optional

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mmseg_ext.engine.timing import seconds

from .speed_load import OtherLoad
from .speed_rivals import Source
from .speed_worker import (
    MIN_STEPS,
    Bench,
    Setting,
    WorkerError,
    end_of,
    reason_of,
)

LOCAL = '127.0.0.1'
GRACE = 1.0  # seconds for all to say why they ended
# The process that started them decides how long to wait, see Ranks.
PATIENCE = timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """What the processes do, as each of them is told.

    Attributes:
        source: Model.
        settings: Processes in a group -> setting of each of them, from one
            process on.
        repeats: Rounds in which all groups are timed in turn.
        seconds: Least time of a turn; three steps are the least, too.
        find_unused_parameters: As the config sets it for training.
        sync_bn: Whether the config's norm is SyncBN, which GPUs keep.
    """
    source: Source
    settings: dict[int, Setting]
    repeats: int
    seconds: float
    find_unused_parameters: bool
    sync_bn: bool


class _Loss(nn.Module):
    """What is wrapped: its forward pass is the loss."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, labels: Tensor) -> Tensor:
        return self.network.loss(image, labels)


class RankBench(Bench):
    """One process's part of a training step.

    The model is wrapped as mmengine's Runner wraps it, in one process too:
    gradients are averaged over the group during the backward pass.
    """

    def __init__(self, plan: Plan, setting: Setting, group) -> None:
        super().__init__(plan.source, setting)
        on_gpu = setting.device == 'cuda'
        if on_gpu and plan.sync_bn:
            self.network = nn.SyncBatchNorm.convert_sync_batchnorm(
                self.network, group)
        self.calls[True] = DistributedDataParallel(
            _Loss(self.network),
            device_ids=[torch.cuda.current_device()] if on_gpu else None,
            process_group=group,
            broadcast_buffers=False,
            find_unused_parameters=plan.find_unused_parameters)


def _turn(bench: Optional[RankBench], steps: int) -> dict[str, float]:
    """Take part in a turn, or wait for its end without a bench.

    Returns:
        The same in all processes: ``seconds`` of a step of the slowest one;
        ``watched``, how long the turn took, and ``others``, core seconds
        that no process of ours has used meanwhile.
    """
    if bench is not None and bench.setting.threads is not None:
        torch.set_num_threads(bench.setting.threads)
    dist.barrier()
    load, start = OtherLoad(), os.times()
    times = [seconds(bench.train_step) for _ in range(steps if bench else 0)]
    dist.barrier()
    watched, others = load.stop()
    used = os.times()
    answers = [None] * dist.get_world_size()
    dist.all_gather_object(
        answers, (median(times or [0]), watched, others,
                  used.user - start.user + used.system - start.system))
    _, watched, others, _ = answers[0]
    others -= sum(own for *_, own in answers[1:])  # its own is not in them
    return dict(
        seconds=max(answer[0] for answer in answers),
        watched=watched,
        others=others if math.isnan(others) else max(others, 0))


def _take_turns(rank: int, plan: Plan, port: int,
                tell: Callable[[str, object], None]) -> None:
    """Build all groups and time them in turn; the same code in all ranks."""
    device = next(iter(plan.settings.values())).device
    if device == 'cuda':
        torch.cuda.set_device(rank)
    dist.init_process_group(
        'gloo', store=dist.TCPStore(LOCAL, port, timeout=PATIENCE), rank=rank,
        world_size=max(plan.settings), timeout=PATIENCE)
    benches = {}
    for count, setting in plan.settings.items():
        group = dist.new_group(
            [*range(count)], PATIENCE,
            backend='nccl' if device == 'cuda' else 'gloo')
        if rank < count:
            benches[count] = RankBench(plan, setting, group)
    tell('about', benches[1].describe() if rank == 0 else None)
    steps = {}
    for count in plan.settings:
        tell('text', f'warming up {label(count)}')
        if count in benches:
            benches[count].warm_up(True)
        took = _turn(benches.get(count), MIN_STEPS)['seconds']
        steps[count] = max(MIN_STEPS, math.ceil(plan.seconds / took))
    for repeat in range(plan.repeats):
        turns = {}
        # there and back, for a drift to cancel
        for count in [*plan.settings][::-1 if repeat % 2 else 1]:
            turns[count] = _turn(benches.get(count), steps[count])
            tell('text', f'round {repeat + 1} of {plan.repeats}, '
                 f'{label(count)}: {1000 * turns[count]["seconds"]:.1f} ms')
        tell('round', turns)
    dist.barrier()  # nobody leaves before the last report
    dist.destroy_process_group()


def label(count: int) -> str:
    """Say how many processes there are."""
    return f'{count} process{"es" * (count > 1)}'


def _work(rank: int, plan: Plan, port: int, pipe, log: Path) -> None:
    with open(log, 'ab', buffering=0) as out:
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)

    def tell(kind: str, content: object) -> None:
        if rank == 0:
            pipe.send((kind, content))

    try:
        _take_turns(rank, plan, port, tell)
    except Exception as error:
        when = time.time()
        traceback.print_exc()
        pipe.send(('failed', (when, reason_of(error))))
        raise SystemExit(1) from None


class Ranks:
    """The processes, and what they report."""

    def __init__(self, plan: Plan, log: Path) -> None:
        self.log = log
        self.store = dist.TCPStore(
            LOCAL, 0, is_master=True, wait_for_workers=False)
        self.pipes, self.processes = [], []
        context = get_context('spawn')
        # Ctrl-C reaches all of them, and is answered here.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        for rank in range(max(plan.settings)):
            pipe, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=_work,
                args=(rank, plan, self.store.port, theirs, log))
            process.start()
            theirs.close()
            self.pipes.append(pipe)
            self.processes.append(process)
        signal.signal(signal.SIGINT, handler)

    def __enter__(self) -> 'Ranks':
        return self

    def __exit__(self, *args) -> None:
        for process in self.processes:
            process.kill()
        for process, pipe in zip(self.processes, self.pipes):
            process.join()
            pipe.close()

    def receive(self, timeout: float) -> tuple[str, object]:
        """Return the next report of rank 0.

        Raises:
            WorkerError: If a process fails or ends, or none reports.
        """
        ready = wait(self.pipes, timeout)
        if not ready:
            raise WorkerError(
                f'No process has reported for {timeout:g} s, and all were '
                'ended. If a turn takes that long, allow a longer timeout. '
                f'What they printed is in {self.log}')
        rank = min(map(self.pipes.index, ready))
        try:
            kind, content = self.pipes[rank].recv()
        except EOFError:
            raise WorkerError(self._first_failure({})) from None
        if kind == 'failed':
            raise WorkerError(self._first_failure({rank: content}))
        return kind, content

    def _first_failure(self, failed: dict[int, tuple[float, str]]) -> str:
        """Say why the first one failed: the others fail because of it."""
        end = time.monotonic() + GRACE
        for process in self.processes:
            process.join(max(0, end - time.monotonic()))
        for rank, pipe in enumerate(self.pipes):
            try:
                while pipe.poll():
                    kind, content = pipe.recv()
                    if kind == 'failed':
                        failed[rank] = content
            except EOFError:
                continue
        ended = {rank: process.exitcode
                 for rank, process in enumerate(self.processes)
                 if process.exitcode is not None and rank not in failed}
        if ended:  # it could not say a word
            rank = min(ended, key=ended.get)
            reason = end_of(ended[rank])
        else:
            rank = min(failed, key=failed.get)
            reason = failed[rank][1]
        return (f'Process {rank} of {len(self.processes)} (counted from 0) '
                f'failed: {reason}. All were ended; what they printed is in '
                f'{self.log}')
