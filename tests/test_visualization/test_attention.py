"""Maps and taps lie in the picture where the network reads them."""
import copy

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.models.plugins import DeformablePSA
from mmseg_ext.ops.deform_conv import deform_conv2d
from mmseg_ext.visualization import (
    draw_attention,
    record_attention,
    select_layers,
)
from mmseg_ext.visualization.attention import LayerAttention

BN = dict(type='BN')
PSA = dict(type='DeformablePSA')
RESNET18 = dict(
    type='ResNet', depth=18, norm_cfg=BN, base_channels=4, stem_channels=4)
RESNET50 = dict(
    RESNET18, depth=50, plugins=[dict(cfg=PSA, position='after_conv2')])
QUERY, VALUE = (230, 97, 0), (12, 93, 165)  # red, green, blue
WHITE = 247  # the middle of matplotlib's RdBu


def plugged(*after: str, **kwargs) -> dict:
    return dict(
        type='PluginBackbone', backbone=RESNET18, plugin=dict(PSA, **kwargs),
        after=list(after))


def config(backbone: dict, divisor: int = 1, scale=None) -> Config:
    """A segmentor whose test pipeline resizes to ``scale`` (width, height)."""
    resize = [] if scale is None else [dict(type='Resize', scale=scale)]
    last = 32 if backbone.get('depth') != 50 else 128
    return Config(
        dict(
            model=dict(
                type='EncoderDecoder',
                data_preprocessor=dict(
                    type='SegDataPreProcessor',
                    mean=[0.0] * 3,
                    std=[255.0] * 3,
                    test_cfg=dict(size_divisor=divisor)),
                backbone=backbone,
                decode_head=dict(
                    type='FCNHead', in_channels=last, in_index=3, channels=4,
                    num_convs=1, num_classes=3, norm_cfg=BN,
                    align_corners=False),
                test_cfg=dict(mode='whole')),
            test_dataloader=dict(
                dataset=dict(pipeline=[
                    dict(type='LoadImageFromFile'), *resize,
                    dict(type='LoadAnnotations'),
                    dict(type='PackSegInputs')
                ]))))


def build(cfg: Config) -> torch.nn.Module:
    init_default_scope('mmseg')
    return MODELS.build(copy.deepcopy(cfg.model)).eval()


def disturb(module) -> None:
    """Weights without structure, offsets of a cell or so."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)


def record(model, cfg, image):
    return record_attention(model, cfg.test_dataloader.dataset, str(image))


@pytest.fixture
def image(tmp_path):
    """A file of 100 x 60 pixels, black on the left and white on the right."""
    picture = np.zeros((60, 100, 3), np.uint8)
    picture[:, 50:] = 255
    cv2.imwrite(str(tmp_path / 'halves.png'), picture)
    return tmp_path / 'halves.png'


def layer(shape=(8, 16), **kwargs) -> LayerAttention:
    """Cells of 8 x 4 pixels, and a map that reaches 2 pixels further up."""
    return LayerAttention(**{
        **dict(
            name='layer3.1.bn1',
            map=np.ones(shape, np.float32),
            channels=1,
            gain=2,
            offsets=dict(
                query=np.zeros((9, 2, *shape), np.float32),
                value=np.zeros((9, 2, *shape), np.float32)),
            cell=(4.0, 8.0),
            corner=(-2.0, 0.0)),
        **kwargs
    })


def test_taps_by_hand():
    moved = layer()
    moved.offsets['query'][5, :, 2, 3] = 0.5, -1.5  # dy, dx
    taps = moved.taps(2, 3)
    # Columns 2, 3, 4 of 8 pixels are centred at 19.5, 27.5 and 35.5; rows 1,
    # 2, 3 of 4 pixels, the first of which begins at -2, at 3.5, 7.5, 11.5.
    regular = [(x, y) for y in (3.5, 7.5, 11.5) for x in (19.5, 27.5, 35.5)]
    assert taps['regular'].tolist() == [list(place) for place in regular]
    assert taps['value'].tolist() == taps['regular'].tolist()
    regular[5] = (35.5 - 12, 7.5 + 2)
    assert taps['query'].tolist() == [list(place) for place in regular]


@pytest.mark.parametrize('point, cell', [
    ((0, 0), (0, 0)),
    ((7, 1), (0, 0)),
    ((8, 2), (1, 1)),
    ((127, 29), (7, 15)),
])
def test_cell_that_covers_a_point(point, cell):
    assert layer().cell_at(point) == cell


def test_cells_are_where_upsampling_puts_them():
    taps = layer(cell=(8.0, 8.0), corner=(0.0, 0.0)).taps(3, 5)['regular']
    columns = torch.arange(16.0).expand(1, 1, 8, 16)
    large = F.interpolate(columns, scale_factor=8, mode='bilinear')[0, 0, 0]
    found = np.interp(taps[:, 0], np.arange(128), large)
    np.testing.assert_allclose(found, [4, 5, 6] * 3)


BACKBONES = dict(
    plugin=plugged('layer2.*.bn1'),
    channel=plugged('layer2.*.bn1', product='channel', ratio=1),
    modulated=plugged('layer2.*.bn1', dcn_version=2, residual=True),
    stock=RESNET50)


@pytest.fixture(params=BACKBONES)
def recorded(request, image):
    """What was recorded, and each layer with its true input and output."""
    cfg = config(BACKBONES[request.param])
    model = build(cfg)
    calls = []

    def watch(module, args, out):
        calls.append((module, args[0].clone(), out.clone()))

    for module in model.modules():
        if isinstance(module, DeformablePSA):
            disturb(module)
            module.register_forward_hook(watch)
    _, layers = record(model, cfg, image)
    assert len(layers) == len(calls) == (
        16 if request.param == 'stock' else 2)
    return [(layer, *call) for layer, call in zip(layers, calls)]


def test_map_is_the_factor_of_the_key(recorded):
    for layer, module, x, out in recorded:
        key = module.project(x).split(module.splits, dim=1)[0].detach()
        if module.residual:
            out = out - x
        if module.product == 'channel':
            factor = out / key
            assert layer.channels == len(factor[0])
        else:
            factor = (out * key).sum(1, True) / key.square().sum(1, True)
            assert layer.channels == 1
        np.testing.assert_allclose(layer.map, factor[0].mean(dim=0),
                                   rtol=1e-3)


def test_taps_are_where_the_operator_reads(recorded):
    """Read maps of the rows' and columns' numbers, by one tap at a time."""
    for layer, module, x, _ in recorded:
        query = module.project(x).split(module.splits, dim=1)[1]
        field = module.query_conv_offset(query)[:, :18].detach()
        height, width = x.shape[2:]
        # beyond the map, where the operator would read zeros
        beyond = 3 + int(field.abs().max())
        grid = torch.stack(
            torch.meshgrid(
                torch.arange(-beyond, height + beyond),
                torch.arange(-beyond, width + beyond),
                indexing='ij'))[None].float()
        field = F.pad(field, (beyond, ) * 4)
        reads = []
        for tap in range(9):
            weight = torch.zeros(2, 1, 3, 3)
            weight[:, :, tap // 3, tap % 3] = 1
            read = deform_conv2d(grid, field, weight, padding=1)
            reads.append(read[0, :, beyond:-beyond, beyond:-beyond])
        reads = torch.stack(reads).numpy()  # (9, 2, H, W)
        for row, column in np.ndindex(height, width):
            y, x = reads[:, :, row, column].T
            wanted = ((x + 0.5) * 100 / width - 0.5,
                      (y + 0.5) * 60 / height - 0.5)
            np.testing.assert_allclose(
                layer.taps(row, column)['query'], np.transpose(wanted),
                atol=1e-3)


def test_resized_and_padded(image):
    cfg = config(plugged('layer2.0.bn1'), divisor=64, scale=(150, 120))
    picture, (found, ) = record(build(cfg), cfg, image)
    assert picture.shape == (60, 100, 3)
    # 150 x 120 padded to 192 x 128, of stride 8; the resize shrank pixels to
    # 2/3 and 1/2.
    assert found.map.shape == (16, 24)
    np.testing.assert_allclose(found.cell, (8 / 2, 8 * 2 / 3))
    assert found.corner == (0, 0)
    np.testing.assert_allclose(found.extent, (-0.5, 127.5, 63.5, -0.5))


def brightness(model) -> None:
    """Let the map after conv1 be 2 * sigmoid(8 * (brightness - 1 / 2))."""
    stem = model.backbone.conv1.weight
    psa, = model.backbone.plugin_layers.values()
    with torch.no_grad():
        stem.zero_()
        stem[:, :, 3, 3] = 1 / 3
        psa.project.weight[4:] = 1 / 4  # of 4 equal channels
        psa.project.bias[4:] = -0.5
        psa.value_weight.zero_()
        psa.value_weight[0, 0, 1, 1] = 8
        psa.value_weight[1, 1, 1, 1] = 8


def rendered(figure, tmp_path):
    """Save a figure; return its pixels (RGB) and a reader of one of them."""
    figure.savefig(tmp_path / 'figure.png')
    pixels = cv2.imread(str(tmp_path / 'figure.png'))[..., ::-1].astype(int)

    def pixel(axes, x, y):
        right, up = axes.transData.transform((x, y))
        return pixels[len(pixels) - 1 - int(up), int(right)]

    return pixels, pixel


@pytest.mark.parametrize('size', [None, (150, 120)])
def test_bright_half(size, image, tmp_path):
    cfg = config(plugged('conv1'), divisor=64, scale=size)
    model = build(cfg)
    brightness(model)
    picture, (found, ) = record(model, cfg, image)
    wanted = 2 / (1 + np.exp(-4)), 2 / (1 + np.exp(4))
    np.testing.assert_allclose([found.map.max(), found.map.min()], wanted,
                               rtol=1e-5)
    figure = draw_attention(picture, [found])
    _, pixel = rendered(figure, tmp_path)
    axes = figure.axes[0]
    for x in (2, 20, 46, 54, 75, 97):
        for y in (2, 50, 57):
            red, _, blue = pixel(axes, x, y)
            assert (blue > red + 40) if x < 50 else (red > blue + 40), (x, y)


def test_untrained_map_is_white_over_the_grey_picture(tmp_path):
    picture = np.full((32, 128, 3), (40, 90, 160), np.uint8)
    figure = draw_attention(picture, [layer()])
    _, pixel = rendered(figure, tmp_path)
    grey = 0.114 * 40 + 0.587 * 90 + 0.299 * 160
    wanted = 0.6 * WHITE + 0.4 * grey
    for x in (1, 64, 126):
        np.testing.assert_allclose(pixel(figure.axes[0], x, 24), wanted,
                                   atol=2)
    low, high = figure.axes[1].get_ylim()  # of the colour bar
    assert low < 1 < high < 1.01


def test_map_between_0_and_1_has_a_scale_of_its_own():
    values = np.linspace(0.2, 0.7, 128, dtype=np.float32).reshape(8, 16)
    figure = draw_attention(np.zeros((32, 128), np.uint8),
                            [layer(map=values, gain=1)])
    np.testing.assert_allclose(figure.axes[1].get_ylim(), (0.2, 0.7))
    written = [text.get_text() for text in figure.axes[0].texts]
    assert 'map 0.2 to 0.7; 16 x 8 cells of 8 x 4 pixels' in written


def test_mean_over_channels_is_said():
    figure = draw_attention(np.zeros((32, 128), np.uint8),
                            [layer(channels=64)])
    written = ' '.join(text.get_text() for text in figure.axes[0].texts)
    assert 'mean of the maps of 64 channels' in written


def test_taps_are_drawn_where_they_read(tmp_path):
    moved = layer()
    row, column = 3, 6  # centred at x = 51.5, y = 11.5
    moved.offsets['query'][:, :, row, column] = 0.5, 0.5  # dy, dx
    moved.offsets['value'][:, :, row, column] = 0.5, -0.25
    picture = np.full((32, 128, 3), 200, np.uint8)
    figure = draw_attention(picture, [moved], [(5, 5), (50, 12)])
    _, pixel = rendered(figure, tmp_path)
    close_up = figure.axes[3]
    for dy in (-4, 0, 4):
        for dx in (-8, 0, 8):
            x, y = 51.5 + dx, 11.5 + dy
            assert max(pixel(close_up, x, y)) < 120  # a dark cross
            assert tuple(pixel(close_up, x + 4, y + 2)) == QUERY
            assert tuple(pixel(close_up, x - 2, y + 2)) == VALUE
    left, right = close_up.get_xlim()
    assert left < 51.5 - 12 and right > 51.5 + 12
    frame = figure.axes[0].patches[1].get_bbox()
    np.testing.assert_allclose((frame.x0, frame.x1), (left, right))


def test_far_taps_are_counted():
    moved = layer()
    moved.offsets['value'][:4, 0] = -100
    figure = draw_attention(np.zeros((32, 128), np.uint8), [moved])
    close_up = figure.axes[2]
    assert close_up.get_xlim()[1] - close_up.get_xlim()[0] == 128
    assert 'farther away: 4' in [
        text.get_text() for text in close_up.texts
    ]


@pytest.mark.parametrize('size', [(40, 400), (400, 40), (97, 131)])
def test_any_shape_of_picture_and_number_of_points(size, tmp_path):
    picture = np.zeros(size, np.uint8)
    for count in (1, 7):
        figure = draw_attention(picture, [layer()],
                                [(k, k) for k in range(count)])
        assert len(figure.axes) == 2 + count
        whole = figure.axes[0].get_window_extent()
        np.testing.assert_allclose(whole.width / whole.height,
                                   size[1] / size[0], rtol=0.02)
        assert figure.get_size_inches()[0] >= 17


@pytest.mark.parametrize('point', [(-1, 0), (0, 32), (128, 3)])
def test_point_outside(point):
    with pytest.raises(ValueError) as error:
        draw_attention(np.zeros((32, 128), np.uint8), [layer()], [point])
    assert f'{point[0]},{point[1]} is outside of' in str(error.value)
    assert '128 x 32' in str(error.value)


def names(layers) -> list[str]:
    return [layer.name for layer in layers]


@pytest.mark.parametrize('all_names, last', [
    (['layer1.0.bn1', 'layer1.1.bn1', 'layer2.0.bn1'],
     ['layer1.1.bn1', 'layer2.0.bn1']),
    (['encoder.3.1.convs.0', 'encoder.3.1.convs.1', 'encoder.4.1.convs.1'],
     ['encoder.3.1.convs.1', 'encoder.4.1.convs.1']),
    (['stem', 'stage3.0.branches.0.0.bn1', 'stage3.0.branches.1.0.bn1'],
     ['stem', 'stage3.0.branches.1.0.bn1']),
])
def test_last_layer_of_each_stage(all_names, last):
    layers = [layer(name=name) for name in all_names]
    assert names(select_layers(layers)) == last


def test_patterns():
    layers = [
        layer(name=f'layer{i}.{j}.bn1') for i in (1, 2) for j in (0, 1)
    ]
    found = select_layers(layers, ['layer2.*.bn1', 'layer?.1.bn1'])
    assert names(found) == ['layer1.1.bn1', 'layer2.0.bn1', 'layer2.1.bn1']
    with pytest.raises(ValueError) as error:
        select_layers(layers, ['layer2.0.bn2', 'layer?.1.bn1'])
    assert "'layer2.0.bn2' matches none of the 4" in str(error.value)
    assert 'layer2.0.bn1' in str(error.value)
    with pytest.raises(ValueError, match='does not cross a dot'):
        select_layers(layers, ['layer2.*'])


def test_names_are_those_of_the_config(image):
    cfg = config(plugged('layer3.*.bn1', 'layer4.0.bn2'))
    assert names(record(build(cfg), cfg, image)[1]) == [
        'layer3.0.bn1', 'layer3.1.bn1', 'layer4.0.bn2'
    ]
    cfg = config(RESNET50)
    assert names(select_layers(record(build(cfg), cfg, image)[1])) == [
        'layer1.2.dpsa', 'layer2.3.dpsa', 'layer3.5.dpsa', 'layer4.2.dpsa'
    ]


def test_hooks_are_taken_away(image):
    cfg = config(plugged('conv1'))
    model = build(cfg)
    record(model, cfg, image)
    psa, = model.backbone.plugin_layers.values()
    assert not psa._forward_hooks


def test_no_layer_to_draw(image):
    cfg = config(RESNET18)
    with pytest.raises(ValueError, match=r'no DeformablePSA.*plugins='):
        record(build(cfg), cfg, image)


def test_diverged(image):
    cfg = config(plugged('layer3.0.bn1'))
    model = build(cfg)
    model.backbone.conv1.weight.data[:] = float('nan')
    with pytest.raises(ValueError, match=r'layer3\.0\.bn1 returns NaN'):
        record(model, cfg, image)


@pytest.mark.parametrize('content', [b'', b'no image'])
def test_unreadable_image(content, tmp_path):
    (tmp_path / 'bad.png').write_bytes(content)
    cfg = config(plugged('conv1'))
    with pytest.raises(ValueError, match=r'bad\.png cannot be read as an im'):
        record(build(cfg), cfg, tmp_path / 'bad.png')
    with pytest.raises(FileNotFoundError):
        record(build(cfg), cfg, tmp_path / 'missing.png')
