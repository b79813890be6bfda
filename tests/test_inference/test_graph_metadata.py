"""Forged, old and odd metadata are refused in a sentence."""
import json

import numpy as np
import pytest

from mmseg_ext.inference import OnnxModel, predict

onnx = pytest.importorskip('onnx', reason='needs the extra export')
pytest.importorskip('onnxruntime', reason='needs the extra export')

from graph_of_channels import METADATA, write  # noqa: E402

FIVE = [[i, i, i] for i in range(5)]
WINDOWS = dict(windows=dict(size=[64, 64], stride=[32, 32]))


def changed(path, **changes) -> str:
    metadata = {**METADATA, **changes}
    return write(path / 'model.onnx', **{
        key: value for key, value in metadata.items()
        if value is not KeyError})


@pytest.mark.parametrize(('changes', 'found'), [
    (dict(classes=[*'ABCDE'], palette=FIVE),
     'it names 5 classes, and the network returns 3 logits a pixel'),
    (dict(classes=[*'AB'], palette=FIVE[:2]), 'it names 2 classes'),
    (dict(classes=[*'ABC'], palette=FIVE[:2]), '3 classes and 2 colours'),
    (dict(classes=['A', 'A', 'B']), 'classes is'),
    (dict(classes=['A', 'B\n', 'C']), 'classes is'),
    (dict(classes=['A', 'B', 3]), 'classes is'),
    (dict(classes=['x' * 10**6, 'B', 'C']), r"classes is \['x+\.\.\.;"),
    (dict(classes=[]), r'classes is \[\]; expected is a list of up to 256'),
    (dict(classes='ABC'), "classes is 'ABC'"),
    (dict(palette=[[0, 0, 256]] * 3), 'palette is'),
    (dict(palette=[[0, 0]] * 3), 'palette is'),
    (dict(palette=None), 'palette is None'),
    (dict(bit_depth=3), 'bit_depth is 3'),
    (dict(bit_depth='12'), "bit_depth is '12'"),
    (dict(crop_bottom=-1), 'crop_bottom is -1'),
    (dict(crop_bottom=True), 'crop_bottom is True'),
    (dict(crop_bottom=1e9), 'crop_bottom is 1000000000.0'),
    (dict(resize=dict(scale=[0, 9], keep_ratio=True)), 'resize is'),
    (dict(resize=dict(scale=[9, 9])), 'resize is'),
    (dict(resize=7), 'resize is 7'),
    (dict(tiling=[[4, 4], [0, 0]]), r'metadata say tile=\(4, 4\)'),
    (dict(tiling=[[64, 64], [60, 60]]), 'metadata say overlap='),
    (dict(tiling=[[64, 64]]), 'tiling is'),
    (dict(tiling=[[10**9, 64], [0, 0]]), 'tiling is'),
    (dict(windows=dict(size=[64, 64], stride=[99, 99]), size_divisor=1),
     r'metadata say stride=\(99, 99\)'),
    (WINDOWS, 'size_divisor is missing'),
    (dict(WINDOWS, size_divisor=0), 'size_divisor is 0'),
    (dict(config=None), 'config is None; expected is a text'),
    *((dict.fromkeys([key], KeyError), f'{key} is missing')
      for key in METADATA),
])
def test_what_makes_no_sense_is_named(tmp_path, changes, found):
    path = changed(tmp_path, **changes)
    with pytest.raises(ValueError, match=found) as caught:
        OnnxModel(path)
    assert path in str(caught.value) and len(str(caught.value)) < 500
    assert 'anew' in str(caught.value)


@pytest.mark.parametrize('text', ['', '{', '[1]', '"x"', '[' * 10**5])
def test_what_is_no_table_is_named(tmp_path, text):
    path = changed(tmp_path)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, dict(mmseg_ext=text))
    onnx.save(model, path)
    with pytest.raises(ValueError, match=r'it is no (JSON|table)'):
        OnnxModel(path)


def make(path, inputs, outputs) -> str:
    """A network that has other ports; it is never run."""
    helper, types = onnx.helper, onnx.TensorProto
    kinds = dict(u=types.UINT8, f=types.FLOAT)
    ports = [[helper.make_tensor_value_info(name, kinds[kind], shape)
              for name, kind, shape in side] for side in (inputs, outputs)]
    nodes = [helper.make_node('Cast', [inputs[0][0]], [name], to=kinds[kind])
             for name, kind, _ in outputs]
    model = helper.make_model(
        helper.make_graph(nodes, 'graph', *ports), ir_version=10,
        opset_imports=[helper.make_opsetid('', 18)])
    helper.set_model_props(model, dict(mmseg_ext=json.dumps(METADATA)))
    onnx.save(model, path)
    return str(path)


@pytest.mark.parametrize(('inputs', 'outputs'), [
    ([('picture', 'u', 'abcd')], [('logits', 'f', 'abcd')]),
    ([('image', 'f', 'abcd')], [('logits', 'f', 'abcd')]),
    ([('image', 'u', 'abc')], [('logits', 'f', 'abc')]),
    ([('image', 'u', 'abcd')], [('logits', 'f', 'abcd'),
                                ('more', 'f', 'abcd')]),
])
def test_other_networks_are_named(tmp_path, inputs, outputs):
    path = make(tmp_path / 'model.onnx', inputs, outputs)
    with pytest.raises(ValueError, match='the network has the inputs and out'):
        OnnxModel(path)


def test_channels_that_are_not_known_before(tmp_path):
    """Here they are the rows of the image."""
    path = make(tmp_path / 'model.onnx', [('image', 'u', 'abcd')],
                [('logits', 'f', 'abcd')])
    with pytest.raises(ValueError, match='returns 5 logits a pixel'):
        predict(OnnxModel(path), np.zeros((5, 6, 3), np.uint8))
