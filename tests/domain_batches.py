"""Batches of two domains, and steps of training on them."""
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from tiny_segmentor import tiny_config

SIZE = (64, 64)


def build(type='EncoderDecoder', **kwargs):
    init_default_scope('mmseg')
    torch.manual_seed(3)
    return MODELS.build(dict(
        tiny_config(dropout_ratio=0).model, type=type, **kwargs))


def batch(source=2, target=2, size=SIZE, seed=5):
    """Images as a preprocessor returns them, and samples."""
    torch.manual_seed(seed)
    samples = []
    for i in range(source + target):
        mask = torch.randint(0, 3, (1, *size))
        mask[:, :7] = 255
        if i >= source:
            mask[:] = 255
        samples.append(SegDataSample(
            gt_sem_seg=PixelData(data=mask),
            metainfo=dict(domain='source' if i < source else 'target')))
    return torch.randn(source + target, 3, *size), samples


def trained(net, steps=3, source_alone=False):
    """Return the weights after some steps of SGD."""
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net.train()
    for step in range(steps):
        images, samples = batch(seed=step)
        if source_alone:
            images, samples = images[:2], samples[:2]
        optimizer.zero_grad()
        net.parse_losses(net.loss(images, samples))[0].backward()
        optimizer.step()
    return dict(net.named_parameters())


def assert_is_the_plain_one_to_all_others(net, plain):
    assert {*net.state_dict()} == {*plain.state_dict()}
    plain.load_state_dict(net.state_dict(), strict=True)
    net.load_state_dict(plain.state_dict(), strict=True)
    images, samples = batch()
    for one in (net, plain):
        one.eval()
    assert torch.equal(net(images, mode='tensor'),
                       plain(images, mode='tensor'))
    torch.testing.assert_close(net.loss(images, samples),
                               plain.loss(images, samples))
