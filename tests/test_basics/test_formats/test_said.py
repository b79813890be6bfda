"""What libraries print is caught, unless other threads run."""
import os
import threading

from alone import alone

from mmseg_ext.basics.formats.said import hear


def test_catches_and_gives_back(capfd):
    def heard():
        with hear() as lines:
            os.write(2, b'one\ntwo\n')
        os.write(2, b'three\n')
        return lines

    assert alone(heard) == ['one', 'two']
    assert capfd.readouterr().err == 'three\n'


def test_leaves_the_stream_to_other_threads(capfd):
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with hear() as lines:
            os.write(2, b'one\n')
    finally:
        done.set()
        thread.join()
    assert lines == []
    assert capfd.readouterr().err == 'one\n'
