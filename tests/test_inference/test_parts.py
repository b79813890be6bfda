"""Images that several processes predict, beside those that one does."""
from dataclasses import replace

import cv2
import numpy as np
import pytest

from mmseg_ext.basics import FileLock
from mmseg_ext.basics.executors import LocalExecutor, open_executor
from mmseg_ext.inference import (
    ModelFiles,
    Parts,
    PredictionJob,
    list_inputs,
    parts,
)
from mmseg_ext.inference.parts import PARTS

pytest.importorskip('onnxruntime', reason='needs the extra export')
pytest.importorskip('onnx', reason='needs the extra export')
pytestmark = pytest.mark.usefixtures('warm_python')


class TwoSlots(LocalExecutor):
    """Begins two parts before it asks for the first; may be interrupted."""

    slots = 2
    waits = 9

    def wait(self, idle=None):
        if not self.waits:
            raise KeyboardInterrupt
        self.waits -= 1
        return super().wait()


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    from toy_onnx import CLASSES, write_toy

    return ModelFiles(onnx=write_toy(
        tmp_path_factory.mktemp('model') / 'toy.onnx', **CLASSES))


@pytest.fixture(scope='module')
def scans(tmp_path_factory):
    """Six images, and two that cannot be read."""
    scans = tmp_path_factory.mktemp('scans')
    for i in range(6):
        noise = np.random.default_rng(i).integers(0, 256, (40, 60), np.uint8)
        cv2.imwrite(str(scans / f'{i}.png'), cv2.GaussianBlur(noise, None, 2))
    for name in ('3broken.png', '5broken.png'):
        (scans / name).write_bytes(b'no image')
    return scans


def predict(model, scans, out, executor=None, files=None, progress=None,
            **options):
    job = PredictionJob(
        model.load(), list_inputs([str(scans)], out), out,
        um_per_pixel=0.5, probabilities=True,
        parts=executor and Parts(executor, files or model, print), **options)
    return job.run(report=True, progress=progress)


def contents(out):
    return {str(path.relative_to(out)): path.read_bytes()
            for path in out.rglob('*') if path.is_file()
            and path.name != 'report.html'}  # has the folder in it


@pytest.fixture(scope='module')
def alone(model, scans, tmp_path_factory):
    out = tmp_path_factory.mktemp('alone') / 'out'
    predict(model, scans, out)
    return out


@pytest.mark.parametrize('new_executor', [
    TwoSlots, lambda: open_executor(processes=2)])
def test_files_are_those_of_one_process(
        model, scans, alone, tmp_path, new_executor):
    lines = []
    with new_executor() as executor:
        outcome = predict(model, scans, tmp_path / 'out', executor,
                          progress=lines.append)
    assert lines[0] == '0 of 8 images (0)'
    assert {line.split(' of ')[1] for line in lines[1:]} == {'8 images'}
    numbers = [int(line.split()[0]) for line in lines]
    assert numbers == sorted(numbers) and numbers[-1] == 8
    assert list(outcome.record.failures) == ['3broken', '5broken']
    assert contents(tmp_path / 'out') == contents(alone)
    assert (tmp_path / 'out/report.html').exists()


def test_failures_are_those_of_one_process(model, scans, tmp_path):
    """Also what is known before: two images that would have one mask."""
    some = tmp_path / 'some'
    (some / '5.png').mkdir(parents=True)
    for name in ('5.tif', '5.png/a.png', '6.png'):
        (some / name).write_bytes((scans / '0.png').read_bytes())
    (some / '0broken.png').write_bytes(b'no image')
    found = [
        [*predict(model, some, tmp_path / f'{i}', executor)
         .record.failures.items()]
        for i, executor in enumerate((None, TwoSlots()))]
    assert found[0] == found[1]
    assert [name for name, _ in found[0]] == ['0broken', '5.png/a']


def test_a_part_tells_how_far_it_is(tmp_path):
    part = parts.Part(tmp_path, {})
    assert part.predicted() == 0
    table = tmp_path / parts.OUT / 'images.csv'
    table.parent.mkdir()
    for lines, number in (('', 0), ('image\n', 0), ('image\na\nb\n', 2)):
        table.write_text(lines)
        assert part.predicted() == number


def test_an_interrupted_command_goes_on(
        model, scans, alone, tmp_path, monkeypatch):
    out = tmp_path / 'out'
    executor = TwoSlots()
    executor.waits = 1  # the first part is gathered, the other was done
    with pytest.raises(KeyboardInterrupt):
        predict(model, scans, out, executor)
    left, = (out / PARTS).iterdir()
    assert 1 < len([*(out / 'masks').iterdir()]) < 6
    lock = FileLock(left / 'lock', keep=True)
    assert lock.acquire()  # as if a worker had not ended yet
    monkeypatch.setattr(parts, 'PATIENCE', 0)
    with pytest.raises(BlockingIOError, match='a command that was interr'):
        predict(model, scans, out)
    lock.release()
    assert predict(model, scans, out).before == 6
    assert contents(out) == contents(alone)


def test_a_part_that_fails_names_its_images(model, scans, tmp_path):
    gone = replace(model, onnx=str(tmp_path / 'gone.onnx'))
    outcome = predict(model, scans, tmp_path / 'out', TwoSlots(), gone)
    assert len(outcome.record.failures) == 7  # all but the first
    assert 'the process that was to predict it ended with status 1: ' in (
        outcome.record.failures['1'])
    assert 'gone.onnx' in outcome.record.failures['1']


def test_another_model_is_refused(model, scans, tmp_path):
    from toy_onnx import CLASSES, write_toy

    other = ModelFiles(onnx=write_toy(
        tmp_path / 'other.onnx', **CLASSES, licence='another'))
    outcome = predict(model, scans, tmp_path / 'out', TwoSlots(), other)
    assert 'its worker predicts with another weights_sha256' in (
        outcome.record.failures['1'])
    assert len([*(tmp_path / 'out/masks').iterdir()]) == 1
