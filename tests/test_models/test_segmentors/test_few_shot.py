"""Episodes through the segmentor, in training and in a test."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from model_tests import ModelTests, grids
from tiny import shrink
from tiny_segmentor import tiny_config

from mmseg_ext.engine import load_config, train


def tiny_model(**head) -> dict:
    cfg = tiny_config(
        data_preprocessor=dict(size_divisor=16,
                               test_cfg=dict(size_divisor=16))).model
    return dict(cfg, type='FewShotEncoderDecoder', decode_head=dict(
        dict(type='MatchHead', in_channels=8, in_index=1, channels=8,
             dropout_ratio=0), **head))


def build(**head):
    init_default_scope('mmseg')
    return MODELS.build(tiny_model(**head))


class TestFewShotEncoderDecoder(ModelTests):
    test_one_stage = None

    def build(self):
        # frozen layers have no gradients, and are tested below
        return build().requires_grad_()

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        return [(batch, 2, *grids(1, size, 8)[0])]


def sample(enlarged=1, top=8):
    labels = torch.zeros(1, 40, 48, dtype=torch.long)
    labels[:, top:top + 16, 8:24] = 1
    for dim in (1, 2):
        labels = labels.repeat_interleave(enlarged, dim)
    found = SegDataSample(
        gt_sem_seg=PixelData(data=labels), metainfo=dict(
            img_shape=(40, 48), ori_shape=labels.shape[1:], episode=(2, 1)))
    image = torch.full((3, 40, 48), 90, dtype=torch.uint8)
    image[:, top:top + 16, 8:24] = 200
    return dict(inputs=image, data_samples=found)


def batch(count=2, **kwargs):
    samples = [sample(top=8 * (i % 3), **kwargs) for i in range(3 * count)]
    return {key: [one[key] for one in samples] for key in samples[0]}


def prepared(net, training, **kwargs):
    return net.data_preprocessor(batch(**kwargs), training)


@pytest.mark.parametrize('amp', [False, True])
def test_the_backbone_is_frozen(amp):
    net = build()
    net.train()
    before = {name: value.clone() for name, value in
              net.backbone.state_dict().items()}
    with torch.autocast('cpu', torch.bfloat16, enabled=amp):
        losses = net(**prepared(net, True), mode='loss')
    losses['decode.loss_episode'].backward()
    assert not any(x.requires_grad for x in net.backbone.parameters())
    for name, value in net.backbone.state_dict().items():
        assert torch.equal(value, before[name])
    # several processes want a gradient of each
    assert all(x.grad.isfinite().all()
               for x in net.decode_head.parameters())
    assert net.decode_head.training and not net.backbone.training


def test_queries_alone_come_back():
    net = build().eval()
    data = prepared(net, False, enlarged=2)  # masks at the file's size
    found = net(**data, mode='predict')
    assert len(found) == 2
    for i, one in enumerate(found):
        assert one is data['data_samples'][3 * i + 2]
        assert one.seg_logits.data.shape == (2, 80, 96)
        assert one.pred_sem_seg.data.shape == (1, 80, 96)
    # masks at another size cover the same
    small = net(**prepared(net, False), mode='tensor')
    torch.testing.assert_close(net(**data, mode='tensor'), small)


def test_padding_is_neither_class_nor_background():
    net = build().eval()
    data = prepared(net, False)
    _, (_, _, covered) = net._episodes(**data)
    assert covered.shape == (2, 2, 2, 6, 6)  # 48 x 48 at stride 8
    assert not covered[..., 5, :].any()
    torch.testing.assert_close(covered[..., :5, :].sum(2),
                               torch.ones(2, 2, 5, 6))


def test_episodes_of_one_batch_do_not_see_each_other():
    net = build().eval()
    both = net(**prepared(net, False), mode='tensor')
    one = net(**prepared(net, False, count=1), mode='tensor')
    torch.testing.assert_close(both[:1], one, atol=1e-5, rtol=1e-5)


def test_learns():
    torch.manual_seed(0)
    net = build()
    net.train()
    data = prepared(net, True)
    optimizer = torch.optim.Adam(net.decode_head.parameters(), 1e-2)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        losses.append(net(**data, mode='loss')['decode.loss_episode'])
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.6 * losses[0]


def training(repository, root, work_dir, steps, **kwargs):
    cfg = shrink(load_config(
        str(repository / 'configs/neu_seg'
            / 'few-shot_efficientnet-lite0_neu-seg.py'),
        work_dir=str(work_dir), data_root=str(root)), steps)
    cfg.model = tiny_model()
    cfg.train_cfg.val_interval = 1
    cfg.default_hooks.checkpoint.interval = 1
    cfg.randomness = dict(seed=0)
    cfg.param_scheduler = []
    cfg.experiment_name = f'{work_dir.name}{steps}'
    return train(cfg, **kwargs).model.state_dict()


def test_goes_on_as_if_nothing_had_happened(repository, single_defects,
                                            tmp_path):
    pytest.importorskip('timm', reason='the config asks for it')
    whole = training(repository, single_defects, tmp_path / 'whole', 3)
    training(repository, single_defects, tmp_path / 'parts', 2)
    resumed = training(repository, single_defects, tmp_path / 'parts', 3,
                       resume=True)
    torch.testing.assert_close(resumed, whole)
    assert [*(tmp_path / 'whole').glob('best_*.pth')]


def test_refusals():
    net = build()
    data = prepared(net, False)
    plain = [one.clone() for one in data['data_samples']]
    for one in plain:
        del one.episode
    for samples in (plain, None):
        with pytest.raises(ValueError, match='EpisodicDataset'):
            net(data['inputs'], samples, mode='predict')
    with pytest.raises(ValueError, match='few_shot'):
        net.encode_decode(data['inputs'], [])
    with pytest.raises(ValueError, match='must be a MatchHead'):
        build(type='FCNHead', num_classes=2)
