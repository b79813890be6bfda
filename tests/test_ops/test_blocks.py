"""Blocks of maps: views that cover everything once."""
import torch

from mmseg_ext.ops import blocks


def test_blocks_are_views_of_all_pixels(monkeypatch):
    monkeypatch.setattr(blocks, 'NUMBERS', 12)  # 3 pixels of 4 channels
    maps = [torch.zeros(2, 4, 1, 7), torch.zeros(2, 2, 1, 7)]
    found = []
    for image, *parts in blocks.pixel_blocks(*maps):
        found.append((image, *(tuple(part.shape) for part in parts)))
        for part in parts:
            part += 1 + image
    assert found == [(image, (4, n), (2, n))
                     for image in (0, 1) for n in (3, 3, 1)]
    for x in maps:
        assert (x[0] == 1).all() and (x[1] == 2).all()


def test_blocks_are_views_of_all_channels(monkeypatch):
    monkeypatch.setattr(blocks, 'NUMBERS', 12)  # 2 channels of 2 x 3 pixels
    maps = [torch.zeros(2, 5, 1, 2), torch.zeros(2, 5, 2, 3)]
    found = []
    for image, *parts in blocks.channel_blocks(*maps):
        found.append((image, *(tuple(part.shape) for part in parts)))
        for part in parts:
            part += 1 + image
    assert found == [(image, (c, 1, 2), (c, 2, 3))
                     for image in (0, 1) for c in (2, 2, 1)]
    for x in maps:
        assert (x[0] == 1).all() and (x[1] == 2).all()


def test_a_pixel_larger_than_a_block_is_one_block(monkeypatch):
    monkeypatch.setattr(blocks, 'NUMBERS', 3)
    assert len(list(blocks.pixel_blocks(torch.zeros(1, 4, 1, 5)))) == 5


def test_other_devices_get_the_batch_at_once():
    assert blocks.in_blocks(torch.zeros(1))
    assert not blocks.in_blocks(torch.zeros(1, device='meta'))
