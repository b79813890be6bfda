"""What libraries print is caught, and what others do is passed on."""
import os
import threading

import cv2
import numpy as np
from alone import alone
from torch.utils.data import DataLoader, Dataset

from mmseg_ext.basics import decode_image
from mmseg_ext.basics.formats.said import hear


def test_catches_and_gives_back(capfd):
    def heard():
        with hear() as lines:
            os.write(2, b'one\ntwo\n')
        os.write(2, b'three\n')
        return lines

    assert alone(heard) == ['one', 'two']
    assert capfd.readouterr().err == 'three\n'


def test_passes_on_what_other_threads_write(capfd):
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with hear() as lines:
            os.write(2, b'one\nCorrupt JPEG data: 3 extraneous bytes\n')
    finally:
        done.set()
        thread.join()
    assert lines == ['Corrupt JPEG data: 3 extraneous bytes']
    assert capfd.readouterr().err == 'one\n'


class Damaged(Dataset):
    """A JPEG that says of itself that it is damaged, again and again."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> str:
        try:
            decode_image(self.data, 'a.jpg')
        except ValueError as error:
            return str(error)
        return 'read'


def test_in_a_loading_process(capfd):
    """torch starts a thread there with the first result."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    data = cv2.imencode('.jpg', noise)[1].tobytes()
    data = data[:len(data) // 2] + b'\xff\xd9'
    for answer in DataLoader(Damaged(data), batch_size=None, num_workers=1):
        assert 'premature' in answer
    assert capfd.readouterr().err == ''
