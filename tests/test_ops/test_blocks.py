"""Blocks of maps: views that cover everything once."""
import torch

from mmseg_ext.ops import blocks


def test_blocks_are_views_of_all_pixels(monkeypatch):
    monkeypatch.setattr(blocks, 'NUMBERS', 12)  # 3 pixels of 4 channels
    images = [torch.zeros(4, 7), torch.zeros(2, 7)]
    sizes = []
    for parts in blocks.pixel_blocks(*images):
        sizes.append([tuple(part.shape) for part in parts])
        for part in parts:
            part += 1
    assert sizes == [[(4, 3), (2, 3)], [(4, 3), (2, 3)], [(4, 1), (2, 1)]]
    assert all((image == 1).all() for image in images)


def test_blocks_are_views_of_all_channels(monkeypatch):
    monkeypatch.setattr(blocks, 'NUMBERS', 12)  # 2 channels of 2 x 3 pixels
    images = [torch.zeros(5, 1, 2), torch.zeros(5, 2, 3)]
    sizes = [[len(part) for part in parts]
             for parts in blocks.channel_blocks(*images)]
    assert sizes == [[2, 2], [2, 2], [1, 1]]


def test_a_pixel_larger_than_a_block_is_one_block(monkeypatch):
    monkeypatch.setattr(blocks, 'NUMBERS', 3)
    assert len(list(blocks.pixel_blocks(torch.zeros(4, 5)))) == 5


def test_other_devices_get_all_at_once(monkeypatch):
    monkeypatch.setattr(blocks, 'NUMBERS', 1)
    image = torch.zeros(4, 5, device='meta')
    assert [*blocks.pixel_blocks(image)] == [(image, )]
