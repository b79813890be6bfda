"""An ONNX file as tools/export.py writes it; its logits are the channels."""
import json

import onnx

METADATA = dict(
    classes=['A', 'B', 'C'],
    palette=[[9, 8, 7], [6, 5, 4], [3, 2, 1]],
    bit_depth=12,
    crop_bottom=3,
    resize=None,
    tiling=[[256, 192], [64, 32]],
    config='config.py',
    checkpoint='iter_9.pth',
    checkpoint_sha256='ab' * 32)


def write(path, shape=('batch', 'height', 'width', 3), **metadata) -> str:
    """Write a network whose logits are the image's channels."""
    helper, types = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [
            helper.make_node('Cast', ['image'], ['cast'], to=types.FLOAT),
            helper.make_node('Transpose', ['cast'], ['logits'],
                             perm=[0, 3, 1, 2])
        ], 'graph', [helper.make_tensor_value_info(
            'image', types.UINT8, shape)],
        [helper.make_tensor_value_info(
            'logits', types.FLOAT, (shape[0], 3, *shape[1:3]))])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=10)
    if metadata:
        helper.set_model_props(model, dict(mmseg_ext=json.dumps(metadata)))
    onnx.save(model, path)
    return str(path)
