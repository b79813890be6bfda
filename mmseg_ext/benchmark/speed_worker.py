"""One model in a process of its own, timed or measured when it is asked."""
import os
import signal
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Optional

import torch
from torch import Tensor

from mmseg_ext.basics import (
    keep_freed_blocks,
    return_freed_blocks,
    trim_heap,
)
from mmseg_ext.engine.cpu_amp import cpu_has_bfloat16
from mmseg_ext.engine.model_cost import count_flops
from mmseg_ext.engine.timing import seconds
from mmseg_ext.models.convolutions import describe_replaced

from .machine import describe_machine
from .measure import STATUS, run_with_peak
from .speed_load import OtherLoad
from .speed_rivals import Source, build_network

DTYPES = ('float32', 'bfloat16')
WARM_UPS = 2
MIN_STEPS = 3


@dataclass(frozen=True)
class Setting:
    """How a model is run.

    Attributes:
        size: (height, width) of the image in pixels.
        batch: Images in a step.
        dtype: 'float32', or 'bfloat16' for autocast.
        compiled: With torch.compile.
        channels_last: Weights and image in that layout.
        device: 'cpu' or 'cuda'.
        threads: Of a CPU; None: as many as PyTorch takes.
        keeps_memory: Freed memory is kept while it is timed, as in
            ``tools/train.py`` on a CPU.
    """
    size: tuple[int, int] = (480, 480)
    batch: int = 1
    dtype: str = 'float32'
    compiled: bool = False
    channels_last: bool = False
    device: str = 'cpu'
    threads: Optional[int] = None
    keeps_memory: bool = False


class Bench:
    """A model, its input and its optimiser, with random contents.

    A training step is: gradients to none, forward, loss, backward, and a
    step of AdamW. Inference is from a normalised image to the logits of its
    pixels.
    """

    def __init__(self, source: Source, setting: Setting) -> None:
        if setting.dtype == 'bfloat16' and not _has_bfloat16(setting.device):
            raise RuntimeError('this processor has no instructions for '
                               'bfloat16 that this PyTorch knows of')
        if setting.threads is not None:
            torch.set_num_threads(setting.threads)
        torch.manual_seed(0)
        self.setting = setting
        self.config = source.arguments
        layout = (torch.channels_last if setting.channels_last else
                  torch.contiguous_format)
        self.network = build_network(source).to(
            setting.device, memory_format=layout)
        self.image = torch.randn(
            setting.batch, 3, *setting.size, device=setting.device).to(
                memory_format=layout)
        self.labels = torch.randint(
            source.num_classes, (setting.batch, *setting.size),
            device=setting.device)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=6e-5, weight_decay=0.01)
        self.calls: dict[bool, Callable] = {
            True: self.network.loss, False: self.network}
        if setting.compiled:
            self.calls = {
                key: torch.compile(call, dynamic=False)
                for key, call in self.calls.items()}

    def _autocast(self):
        if self.setting.dtype == 'float32':
            return nullcontext()
        return torch.autocast(self.setting.device, torch.bfloat16)

    def train_step(self, keep_gradients: bool = False) -> None:
        self.optimizer.zero_grad(set_to_none=not keep_gradients)
        with self._autocast():
            loss = self.calls[True](self.image, self.labels)
        loss.backward()
        self.optimizer.step()

    def infer(self) -> Tensor:
        with torch.no_grad(), self._autocast():
            return self.calls[False](self.image)

    def warm_up(self, training: bool) -> None:
        """Set the mode and run what the first steps alone do."""
        self.network.train(training)
        for _ in range(WARM_UPS):
            self.train_step() if training else self.infer()

    def time(self, training: bool, at_least: float) -> dict[str, float]:
        """Time steps for so many seconds, and watch the other processes.

        Returns:
            ``seconds``, the median of the steps; ``watched``, how long all
            of it took, and ``others``, see :class:`OtherLoad`.
        """
        step = self.train_step if training else self.infer
        times = []
        load = OtherLoad()
        while len(times) < MIN_STEPS or sum(times) < at_least:
            times.append(seconds(step))
        watched, others = load.stop()
        return dict(seconds=median(times), watched=watched, others=others)

    def memory(self, training: bool) -> dict[str, int]:
        """Measure the second step, when all that stays is there.

        Returns:
            Bytes: ``activations``, the most that the step takes beyond what
            was there before it; ``static``, what stays: weights, gradients
            and the state of the optimiser, or the weights alone for
            inference. ``activations`` is None where the system does not
            tell.
        """
        self.network.train(training)

        def step() -> None:
            self.train_step(keep_gradients=True) if training else self.infer()

        step()
        activations = None
        if self.setting.device != 'cpu' or STATUS.exists():
            trim_heap()
            before, peak = run_with_peak(step, self.setting.device)
            activations = peak - before
        return dict(activations=activations, static=self._static_bytes())

    def _static_bytes(self) -> int:
        weights = [*self.network.parameters(), *self.network.buffers()]
        gradients = [w.grad for w in weights if w.grad is not None]
        state = [
            value for values in self.optimizer.state.values()
            for value in values.values()
        ]
        return sum(x.nbytes for x in (*weights, *gradients, *state))

    def describe(self) -> dict:
        """Return ``parameters``, how many, ``replaced`` and ``machine``.

        ``replaced`` says which convolutions are of this package's types.
        """
        return dict(
            replaced=describe_replaced(self.network, self.config),
            parameters=sum(p.numel() for p in self.network.parameters()),
            machine=describe_machine(self.setting.device == 'cuda'))

    def count(self) -> dict:
        """Return what :func:`count_flops` counts for one image."""
        self.network.eval()
        flops, uncounted = count_flops(self.network, self.image[:1])
        return dict(flops=flops, uncounted=[*uncounted])


def _has_bfloat16(device: str) -> bool:
    if device == 'cpu':
        return cpu_has_bfloat16()
    return torch.cuda.is_bf16_supported(including_emulation=False)


def reason_of(error: Exception) -> str:
    """Return one line: the message of a failed allocation has many."""
    text = str(error).strip().split('\n')[0]
    return f'{type(error).__name__}: {text}' if text else type(
        error).__name__


def _serve(pipe, log: Path, source: Source, setting: Setting,
           for_memory: bool) -> None:
    with open(log, 'ab', buffering=0) as out:
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)
    if for_memory and setting.device == 'cpu' and STATUS.exists():
        return_freed_blocks()
    elif setting.keeps_memory:
        keep_freed_blocks()
    bench = None
    with suppress(EOFError):  # so it is ended
        while True:
            name, arguments = pipe.recv()
            try:
                if bench is None:
                    bench = Bench(source, setting)
                answer = getattr(bench, name)(**arguments)
            except Exception as error:
                traceback.print_exc()
                pipe.send((None, reason_of(error)))
            else:
                pipe.send((answer, ''))


class WorkerError(Exception):
    """What a worker was asked for cannot be had; its text says why."""


class Worker:
    """A :class:`Bench` in a process of its own, which starts with nothing.

    It works while it is asked something and sleeps otherwise.

    Args:
        source: Model.
        setting: How it is run.
        log: File that all it prints is added to.
        for_memory: Give freed memory back at once; slower.
    """

    def __init__(self,
                 source: Source,
                 setting: Setting,
                 log: Path,
                 for_memory: bool = False) -> None:
        context = get_context('spawn')
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve,
            args=(theirs, log, source, setting, for_memory))
        # Ctrl-C reaches all processes of a terminal, and only the first one
        # has something to say about it.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.process.start()
        signal.signal(signal.SIGINT, handler)
        theirs.close()

    def __enter__(self) -> 'Worker':
        return self

    def __exit__(self, *args) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def ask(self, name: str, **arguments):
        """Call a method of the bench and wait for what it returns.

        Raises:
            WorkerError: If it fails, or the process ends.
        """
        try:
            self.pipe.send((name, arguments))
            answer, error = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            raise WorkerError(end_of(self.process.exitcode)) from None
        if error:
            raise WorkerError(error)
        return answer


def end_of(status: int) -> str:
    if status >= 0:
        return f'its process ended with status {status}'
    name = signal.Signals(-status).name
    hint = (', as a process is that takes too much memory'
            if name == 'SIGKILL' else '')
    return f'its process was ended by {name}{hint}'
