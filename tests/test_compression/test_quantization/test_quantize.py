"""A toy of two convolutions in eight bits, and what is refused."""
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip('onnx', reason='needs the extra export')
pytest.importorskip('onnxruntime', reason='needs the extra export')

import onnx
from toy_onnx import CLASSES, write_images, write_toy

from mmseg_ext.compression.quantization import (
    QuantizationSettings,
    Sample,
    hold_back,
    quantize_model,
)
from mmseg_ext.compression.quantization.comparison import Agreement
from mmseg_ext.inference import OnnxModel

AT_ANY_PRICE = QuantizationSettings(count=3, min_agreement=0)


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    """The file, and images to calibrate with and to compare on."""
    root = tmp_path_factory.mktemp('toy')
    write_images(root / 'images')
    samples = [Sample(path) for path in sorted((root / 'images').iterdir())]
    return (write_toy(root / 'toy.onnx', **CLASSES), *hold_back(samples, 3))


@pytest.fixture(scope='module')
def quantized(toy, tmp_path_factory):
    out = tmp_path_factory.mktemp('out') / 'new/int8.onnx'
    return out, quantize_model(
        toy[0], out, toy[1], toy[2], QuantizationSettings(3))


def test_it_says_the_same_at_any_size_and_batch(toy, quantized):
    out, report = quantized
    before, after = OnnxModel(toy[0]), OnnxModel(str(out))
    assert after.metadata == before.metadata
    assert (after.batch, after.size) == (None, [None, None])
    for shape in ((1, 32, 40), (2, 33, 21)):
        batch = np.stack([
            cv2.imread(str(sample.path))[:shape[1], :shape[2]]
            for sample in toy[2][:shape[0]]])
        first, second = before.logits(batch), after.logits(batch)
        assert second.shape == first.shape
        assert (first.argmax(1) == second.argmax(1)).mean() > 0.95
    assert report.agreement.percent > 98 and report.held_back
    assert not report.floats and report.products == 2


def test_pixels_are_normalized_in_float(quantized):
    graph = onnx.load(quantized[0]).graph
    made_by = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type in ('Sub', 'Div', 'Transpose'):
            assert not any(made_by[name].op_type == 'DequantizeLinear'
                           for name in node.input if name in made_by)
    for node in graph.node:
        if node.op_type == 'Conv':
            assert [made_by[name].op_type for name in node.input[:2]] == [
                'DequantizeLinear'] * 2


def test_types_and_scales_of_each_channel(quantized):
    graph = onnx.load(quantized[0]).graph
    kinds = {value.name: value.data_type for value in graph.initializer}
    lengths = {value.name: value.dims for value in graph.initializer}
    rounded = [node for node in graph.node
               if node.op_type == 'QuantizeLinear']
    assert {kinds[node.input[2]] for node in rounded} == {
        onnx.TensorProto.UINT8}
    weights = [node for node in graph.node
               if node.op_type == 'DequantizeLinear'
               and kinds.get(node.input[0]) == onnx.TensorProto.INT8]
    assert sorted(list(lengths[node.input[1]]) for node in weights) == [
        [3], [8]]


def test_report_beside_it(toy, quantized):
    out, report = quantized
    written = json.loads(out.with_suffix('.json').read_text())
    assert written['path'] == 'int8.onnx' and written['floats'] == []
    assert written['agreement']['percent'] == report.agreement.percent
    assert sorted(path.name for path in out.parent.iterdir()) == [
        'int8.json', 'int8.onnx']
    text = report.describe()
    assert 'of the pixels of 3 images keep their class' in text
    assert 'of the time (1 thread, in turn;' in text
    assert replace(report, floats=['Conv_4']).describe().endswith(
        'In float32 compute 1 of 2, from weights of eight bits: Conv_4')
    assert replace(report, floats=['a', 'b'], float_weights=['a']).describe(
        ).endswith('2 of 2, from weights of eight bits but for 1: a, b')
    assert replace(report, agreement=replace(
        report.agreement, miou=(50., 49.5))).describe().count(
            'mIoU 50.00 -> 49.50')


@pytest.mark.parametrize(('target', 'kind', 'most'), [
    ('arm', onnx.TensorProto.INT8, 127), ('x86', onnx.TensorProto.UINT8, 64),
])
def test_other_processors(toy, tmp_path, target, kind, most):
    quantize_model(toy[0], tmp_path / 'a.onnx', toy[1][:1], toy[2][:1],
                   replace(AT_ANY_PRICE, target=target))
    graph = onnx.load(tmp_path / 'a.onnx').graph
    values = {value.name: onnx.numpy_helper.to_array(value)
              for value in graph.initializer}
    zero = next(node.input[2] for node in graph.node
                if node.op_type == 'QuantizeLinear')
    assert values[zero].dtype == onnx.helper.tensor_dtype_to_np_dtype(kind)
    weights = next(value for name, value in values.items()
                   if name.startswith('first') and value.ndim == 4)
    assert np.abs(weights.astype(int)).max() in (most, most - 1)


def test_percentiles_and_labels(toy, tmp_path):
    path, samples, compared = toy
    model = OnnxModel(path)

    def labelled(sample):
        image = cv2.imread(str(sample.path))
        # the upper half is labelled, as the file itself would
        label = model.logits(image[None])[0].argmax(0).astype(np.uint8)
        label[len(label) // 2:] = 255
        return Sample(sample.path, lambda: label)

    report = quantize_model(
        path, tmp_path / 'a.onnx', samples, [*map(labelled, compared)],
        replace(AT_ANY_PRICE, calibration='percentile', max_drop=50))
    first, second = report.agreement.miou
    assert first == 100 and 50 < second < 100


def test_layers_that_lose_most_go_back_to_float(toy, tmp_path, quantized):
    """One of the two is enough, and its weights stay small."""
    least = quantized[1].agreement.percent + 1e-3
    report = quantize_model(
        *toy[:1], tmp_path / 'a.onnx', *toy[1:],
        QuantizationSettings(3, min_agreement=least))
    assert len(report.floats) == 1
    assert report.agreement.percent >= least
    kinds = {node.name: node for node in onnx.load(
        tmp_path / 'a.onnx').graph.node}
    made = {name for node in kinds.values()
            if node.op_type == 'DequantizeLinear' for name in node.output}
    by_float = kinds[report.floats[0]].input
    assert by_float[0] not in made and by_float[1] in made
    assert not report.float_weights


def test_what_costs_too_much_is_not_left_behind(toy, tmp_path):
    with pytest.raises(ValueError, match=r'fewer than 100 % .*--min-agree'
                       r'ment.*nothing was written'):
        quantize_model(toy[0], tmp_path / 'a.onnx', *toy[1:],
                       QuantizationSettings(3, min_agreement=100))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(('miou', 'settings', 'missed'), [
    (None, dict(), '98 %'), (None, dict(min_agreement=96), ''),
    ((50, 49.5), dict(), ''), ((50, 48.5), dict(), 'more than 1 points'),
    ((50, 48.5), dict(max_drop=2), ''), ((50, 51), dict(), ''),
    ((50, 50), dict(min_agreement=99), '99 %'),
    ((float('nan'), 3), dict(), 'more than 1 points'),
])
def test_guard_rails(miou, settings, missed):
    found = Agreement(1, 97., None, 0., 0., miou)
    said = QuantizationSettings(**settings).miss(found)
    assert missed in said and bool(said) == bool(missed)


def test_bad_files_and_images(toy, quantized, tmp_path):
    path, *samples = toy
    foreign = write_toy(tmp_path / 'foreign.onnx')
    old = write_toy(tmp_path / 'old.onnx', opset=11, **CLASSES)
    (tmp_path / 'model.pt2').write_text('x')
    (tmp_path / 'broken.png').write_text('no image')
    cv2.imwrite(str(tmp_path / 'black.png'), np.zeros((9, 9), np.uint8))
    broken, black = ([Sample(tmp_path / f'{name}.png')]
                     for name in ('broken', 'black'))
    out = tmp_path / 'out.onnx'
    for source, images, words in (
            (foreign, samples, 'was not written by'),
            (str(quantized[0]), samples, 'is quantized already'),
            (old, samples, '--opset 13'),
            (str(tmp_path / 'model.pt2'), samples, 'must end in .onnx'),
            (path, ([], samples[1]), 'no images'),
            (path, (broken, samples[1]), 'broken.png'),
            (path, (samples[0], broken), 'broken.png'),
            (path, (black, samples[1]), 'have one value')):
        with pytest.raises(ValueError, match=words):
            quantize_model(source, out, *images, AT_ANY_PRICE)
        assert not list(tmp_path.glob('out*'))
    with pytest.raises(ValueError, match='another file than the one'):
        quantize_model(path, path, *samples, overwrite=True)


@pytest.mark.parametrize('name', ['out.onnx', 'out.json'])
def test_nothing_is_overwritten_unasked(toy, tmp_path, name):
    (tmp_path / name).write_text('mine')
    with pytest.raises(FileExistsError, match='--overwrite'):
        quantize_model(toy[0], tmp_path / 'out.onnx', *toy[1:])
    assert [path.read_text() for path in tmp_path.iterdir()] == ['mine']


@pytest.mark.parametrize('bad', [
    dict(count=0), dict(threads=0), dict(max_drop=-1), dict(target='gpu'),
    dict(min_agreement=101), dict(calibration='entropy')])
def test_bad_settings(bad):
    with pytest.raises(ValueError, match=f'{next(iter(bad))}='):
        QuantizationSettings(**bad)
