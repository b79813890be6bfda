"""Reading and writing beside the network: at once, in order, told."""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mmseg_ext.basics.pixel_size import UNKNOWN
from mmseg_ext.inference import overlap as overlap_module
from mmseg_ext.inference.overlap import Overlap, ReadImage

NAMES = ['a', 'b', 'c']


def image(side: int = 2) -> ReadImage:
    return ReadImage(np.zeros((side, side, 3), np.uint8), '', 0, 0, UNKNOWN)


def test_the_next_is_read_and_the_last_written_meanwhile():
    """Each step waits for the others: only all three at once pass."""
    together = threading.Barrier(3, timeout=10)
    read, written = [], []

    def read_one(name: str) -> ReadImage:
        read.append(name)
        if name == 'c':
            together.wait()
        return image()

    def write_one(name: str) -> None:
        if name == 'a':
            together.wait()
        written.append(name)

    with Overlap(read_one) as overlap:
        for i, name in enumerate(NAMES):
            found = overlap.read(name, *NAMES[i + 1:i + 2])
            if name == 'b':  # the network, in the middle
                together.wait()
            overlap.write(found, lambda name=name: write_one(name))
        overlap.finish()
        assert read == written == NAMES


def test_large_images_are_alone_in_memory(monkeypatch):
    monkeypatch.setattr(overlap_module, 'MAX_SHARING', 15)
    done = []

    def read_one(name: str) -> ReadImage:
        done.append(f'read {name}')
        return image(4)

    with Overlap(read_one) as overlap:
        for i, name in enumerate(NAMES):
            found = overlap.read(name, *NAMES[i + 1:i + 2])
            overlap.write(found, lambda name=name: done.append(name))
    assert done == ['read a', 'a', 'read b', 'b', 'read c', 'c']


def test_an_interruption_loses_nothing_that_is_written(monkeypatch):
    """Not even a second one, while the first waits for the writing."""
    written, waited = [], []
    shutdown = ThreadPoolExecutor.shutdown

    def interrupt(self):
        waited.append(self)
        if len(waited) == 1:
            raise KeyboardInterrupt('again')
        shutdown(self)

    monkeypatch.setattr(ThreadPoolExecutor, 'shutdown', interrupt)
    with pytest.raises(KeyboardInterrupt, match='again'), Overlap(
            lambda name: image()) as overlap:
        overlap.write(overlap.read('a', 'b'), lambda: (
            time.sleep(0.3), written.append('a')))
        raise KeyboardInterrupt
    assert written == ['a']


def test_errors_come_where_they_belong():
    def read_one(name: str) -> ReadImage:
        if name == 'b':
            raise ValueError('b is no image')
        return image()

    def fail() -> None:
        raise OSError('the disk is full')

    with Overlap(read_one) as overlap:
        first = overlap.read('a', 'b')
        overlap.write(first, fail)
        with pytest.raises(ValueError, match='b is no image'):
            overlap.read('b', 'c')
        third = overlap.read('c')
        with pytest.raises(OSError, match='disk is full'):
            overlap.write(third, fail)
        overlap.finish()  # it was told once
