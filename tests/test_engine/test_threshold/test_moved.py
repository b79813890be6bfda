"""Where the decision of a model lies, and how it moves."""
import pytest
import torch
from mmengine import ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.engine.threshold import MovedThreshold, moved_weights
from mmseg_ext.evaluation import OperatingPoint


def segmentor(**head):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    head = dict(dict(
        type='FCNHead', in_channels=4, in_index=-1, channels=4, num_convs=1,
        num_classes=2, norm_cfg=dict(type='BN')), **head)
    return MODELS.build(dict(
        type='EncoderDecoder', data_preprocessor=dict(
            type='SegDataPreProcessor'),
        backbone=dict(type='UNet', base_channels=4, num_stages=2,
                      strides=(1, 1), enc_num_convs=(1, 1),
                      dec_num_convs=(1, ), downsamples=(True, ),
                      enc_dilations=(1, 1), dec_dilations=(1, )),
        decode_head=head, test_cfg=ConfigDict(mode='whole'))).eval()


def point(log_odds: float) -> OperatingPoint:
    return OperatingPoint(float('nan'), log_odds, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize('head', [
    dict(), dict(out_channels=1, threshold=0.3, loss_decode=dict(
        type='CrossEntropyLoss', use_sigmoid=True))])
@pytest.mark.parametrize('fraction', [0.3, 0.9])
def test_decides_by_the_threshold(head, fraction):
    model = segmentor(**head)
    inputs = torch.randn(2, 3, 16, 16)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    moved = MovedThreshold.of(model, inputs)
    assert moved.bias == 'decode_head.conv_seg.bias'
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key
    with torch.no_grad():
        logits = model(inputs, mode='tensor')
        odds = logits[:, 0] if head else logits[:, 1] - logits[:, 0]
        log_odds = float(odds.quantile(1 - fraction))
        model.load_state_dict(moved_weights(
            model.state_dict(), moved, point(log_odds)))
        found = torch.stack([
            sample.pred_sem_seg.data[0] for sample in model.predict(inputs)])
    assert found.float().mean() == pytest.approx(fraction, abs=0.05)
    assert torch.equal(found == 1, odds > log_odds)


def test_three_classes_have_none():
    with pytest.raises(ValueError, match='3 classes'):
        MovedThreshold.of(segmentor(num_classes=3), torch.randn(1, 3, 16, 16))


def test_norm_behind_the_classifier_is_noticed():
    model = segmentor()
    model.decode_head.conv_seg = torch.nn.Sequential(
        torch.nn.Conv2d(4, 2, 1), torch.nn.Softmax(1))
    with pytest.raises(ValueError, match='FCNHead has no bias'):
        MovedThreshold.of(model, torch.randn(1, 3, 16, 16))
