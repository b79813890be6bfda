"""What is told of a cross-attention, against its own parts."""
import math

import cv2
import numpy as np
import pytest
import torch
from mmengine import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.basics.png_files import write_figure
from mmseg_ext.models import MultiScaleCrossAttentionNeck
from mmseg_ext.visualization.cross_attention import (
    changed_results,
    describe_inspection,
    draw_inspection,
    find_neck,
    inspect_attention,
    write_inspection,
)
from mmseg_ext.visualization.cross_attention import twin as twin_module
from mmseg_ext.visualization.cross_attention.recording import start_records
from mmseg_ext.visualization.cross_attention.twin import (
    check_twin,
    open_attention,
    resized_values,
)

CHANNELS = [8, 16, 40, 64]
FORMS = [
    {}, dict(direction='backward', kv_upsample='bilinear'),
    dict(integration='add', num_heads=2, pre_norm=True, out_proj=True)]


def segmentor(**neck):
    """The proposed model with the smallest encoder."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    neck = dict(type='MultiScaleCrossAttentionNeck', in_channels=CHANNELS,
                **neck)
    return MODELS.build(dict(
        type='EncoderDecoder',
        data_preprocessor=dict(type='SegDataPreProcessor', mean=[110.0] * 3,
                               std=[50.0] * 3, size=(32, 32)),
        backbone=dict(
            type='MixVisionTransformer', embed_dims=8, num_layers=[1] * 4,
            num_heads=[1, 2, 5, 8], patch_sizes=[7, 3, 3, 3],
            sr_ratios=[8, 4, 2, 1]),
        neck=neck,
        decode_head=dict(
            type='FusedSegformerHead', in_index=[0, 1, 2, 3], channels=16,
            in_channels=MODELS.build(neck).out_channels, num_classes=3,
            norm_cfg=dict(type='BN'), align_corners=False),
        test_cfg=ConfigDict(mode='whole'))).eval()


def images(masks: bool = True, heights=(64, 64)) -> list[dict]:
    """Two packed images, 48 pixels wide."""
    packed = []
    for size in ((height, 48) for height in heights):
        sample = SegDataSample(metainfo=dict(img_shape=size, ori_shape=size))
        if masks:
            sample.gt_sem_seg = PixelData(data=torch.randint(0, 3, (1, *size)))
        packed.append(dict(
            inputs=torch.randint(0, 256, (3, *size), dtype=torch.uint8),
            data_samples=sample))
    return packed


def maps() -> list[torch.Tensor]:
    return [torch.randn(2, c, 16 >> i, 24 >> i)
            for i, c in enumerate(CHANNELS)]


@pytest.mark.parametrize('form', FORMS)
def test_probabilities_give_the_result(form, monkeypatch):
    monkeypatch.setattr(twin_module, 'NUMBERS', 1000)  # many blocks
    neck, inputs = MultiScaleCrossAttentionNeck(CHANNELS, **form), maps()
    for module, (target, source) in zip(neck.attentions, neck.pairs):
        target, source = inputs[target], inputs[source]
        attended = open_attention(module, target, source)
        check_twin(module, attended, module(target, source))
        entropy = attended.entropy()
        p = torch.cat([block for _, block in attended.blocks()], 2).double()
        torch.testing.assert_close(
            entropy.double(), -(p * p.log()).sum(-1), atol=1e-4, rtol=1e-4)
        assert entropy.max() <= math.log(attended.key.shape[2]) + 1e-4


def test_some_queries_of_many():
    module = MultiScaleCrossAttentionNeck(CHANNELS).attentions[0]
    attended = open_attention(module, *maps()[:2])
    assert attended.some(16 * 24) is attended
    some, entropies = attended.some(50).entropy(), attended.entropy()
    assert some.shape == (2, 1, 50)
    torch.testing.assert_close(some, attended.some(50).entropy())
    distance = (some[0, 0, :, None] - entropies[0, 0]).abs()
    assert distance.min(1).values.max() < 1e-5  # each is one of all
    assert len(distance.argmin(1).unique()) == 50


def test_another_form_is_refused():
    neck, inputs = MultiScaleCrossAttentionNeck(CHANNELS), maps()
    module = neck.attentions[0]
    attended = open_attention(module, *inputs[:2])
    with pytest.raises(ValueError, match='cannot be shown'):
        check_twin(module, attended, 2 * module(*inputs[:2]))


def test_replaced_results_and_nothing_else():
    neck, inputs = MultiScaleCrossAttentionNeck(CHANNELS), maps()
    plain = neck(inputs)
    changed = {}
    for change in ('zero', 'mean', 'resized'):
        with changed_results(neck, change, [1]):
            changed[change] = neck(inputs)
        for i in (0, 2, 3):
            torch.testing.assert_close(changed[change][i], plain[i])
    own, result = plain[1].chunk(2, 1)
    module = neck.attentions[1]
    values = module.key_value(module.adapt(
        inputs[2].flatten(2).mT)).chunk(2, -1)[1].mT.unflatten(2, (4, 6))
    for change, wanted in dict(
            zero=0 * result, mean=result.mean((2, 3), True) + 0 * result,
            resized=torch.nn.functional.interpolate(
                values, scale_factor=2, mode='bilinear')).items():
        torch.testing.assert_close(changed[change][1],
                                   torch.cat([own, wanted], 1))
    torch.testing.assert_close(neck(inputs), plain)


def test_finer_values_are_averaged():
    neck = MultiScaleCrossAttentionNeck(CHANNELS, direction='backward')
    module, (fine, coarse, *_) = neck.attentions[0], maps()
    attended = open_attention(module, coarse, fine)
    values = attended.value.mT.flatten(1, 2).unflatten(2, (16, 24))
    torch.testing.assert_close(
        resized_values(module, attended, (8, 12)),
        torch.nn.functional.avg_pool2d(values, 2))


def test_weights_are_those_that_read_the_result():
    model = segmentor()
    neck = find_neck(model)
    record = start_records(model, neck)[1]
    weight = model.decode_head.convs[1].conv.weight.flatten(1)
    record.entropies, record.log_keys = [np.ones(3)], [2.0]
    x = {'map': torch.randn(1, 16, 4, 6), 'result': torch.randn(1, 16, 4, 6)}
    record.add(x)
    numbers = record.numbers()
    of_map, of_result = weight.detach().split(16, 1)
    assert numbers['weight_fraction'] == pytest.approx(float(
        of_result.norm()**2 / weight.norm()**2), rel=1e-4)
    assert numbers['weight_spectral_ratio'] == pytest.approx(float(
        of_result.svd()[1][0] / of_map.svd()[1][0]), rel=1e-4)
    assert numbers['norm_ratio'] == pytest.approx(float(
        x['result'].norm() / x['map'].norm()), rel=1e-4)
    seen = [(w @ (m - m.mean((2, 3), True)).flatten(2)).norm()
            for w, m in ((of_result, x['result']), (of_map, x['map']))]
    assert numbers['seen_ratio'] == pytest.approx(float(seen[0] / seen[1]),
                                                  rel=1e-4)


@pytest.mark.parametrize('form', FORMS)
def test_inspection_leaves_the_model_as_it_is(form, tmp_path):
    model, packed = segmentor(**form), images()
    before = {key: x.clone() for key, x in model.state_dict().items()}
    found = inspect_attention(model, packed)
    torch.testing.assert_close(model.state_dict(), before)
    assert all(p.grad is None for p in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks
                   for module in model.modules())
    names = [record.name for record in found.records]
    assert names == (['F8<-F4', 'F16<-F8', 'F32<-F16']
                     if 'direction' in form else
                     ['F4<-F8', 'F8<-F16', 'F16<-F32'])
    as_is, *changed = found.scores
    assert as_is.numbers['changed'] == 0 and len(changed) == 12
    assert 0 <= as_is.numbers['mIoU'] <= 100
    gradients = [record.numbers()['gradient_ratio']
                 for record in found.records]
    assert all(math.isnan(x) if 'integration' in form else x > 0
               for x in gradients)
    write_inspection(tmp_path, found)
    assert [row['pair'] for row in read_table(tmp_path / 'pairs.csv')] == names
    assert len(read_table(tmp_path / 'changes.csv')) == 13
    assert names[2] in describe_inspection(found)


def test_results_are_replaced_as_if_all_ran_again():
    model, packed = segmentor(), images()
    model.test_cfg = ConfigDict(mode='slide', crop_size=(32, 32),
                                stride=(32, 16))
    found = inspect_attention(model, packed)
    assert not any('forward' in vars(module) for module in model.modules())

    def predictions():
        with torch.no_grad():
            return torch.stack([model.test_step(dict(
                inputs=[each['inputs']],
                data_samples=[each['data_samples'].clone()]
            ))[0].pred_sem_seg.data for each in packed])

    neck, as_is = find_neck(model), predictions()
    for score in found.scores[1:]:
        pairs = [i for i, record in enumerate(found.records)
                 if score.pairs in (record.name, 'all pairs')]
        with changed_results(neck, score.change, pairs):
            changed = (predictions() != as_is).double().mean()
        assert score.numbers['changed'] == pytest.approx(100 * changed)
    assert max(score.numbers['changed'] for score in found.scores) > 0


def test_without_masks(tmp_path):
    found = inspect_attention(segmentor(queries=[2]), images(False), most=1)
    assert (found.images, found.labelled) == (1, 0)
    assert {*found.scores[0].numbers} == {'changed'}
    assert [score.pairs for score in found.scores[1:]] == ['F16<-F32'] * 3
    picture = write_figure(tmp_path / 'a.png', draw_inspection(found))
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), 0).std() > 1


def test_images_of_sizes_that_are_no_multiples_of_strides():
    model = segmentor()
    found = inspect_attention(model, images(False, (64, 70)))
    assert len(found.opened.pairs) == len(found.records) == 3
    draw_inspection(found)


def test_what_the_head_ignores_is_counted_nowhere():
    model, (packed, _) = segmentor(queries=[2]), images()
    whole = model.test_step(dict(
        inputs=[packed['inputs']], data_samples=[packed['data_samples']]))
    masks = packed['data_samples'].gt_sem_seg.data
    masks[:] = whole[0].pred_sem_seg.data
    masks[:, :30] = 7
    model.decode_head.ignore_index = 7
    found = inspect_attention(model, [packed])
    assert found.scores[0].numbers['mIoU'] == 100


def test_models_and_sets_that_have_nothing_to_look_at():
    with pytest.raises(ValueError, match='no MultiScaleCrossAttentionNeck'):
        find_neck(torch.nn.Conv2d(1, 1, 1))
    with pytest.raises(ValueError, match='no images'):
        inspect_attention(segmentor(), [])
