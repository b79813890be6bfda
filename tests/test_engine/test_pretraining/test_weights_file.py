import shutil

import pytest
import torch
from torch import nn

from mmseg_ext.engine import WeightsError
from mmseg_ext.engine.pretraining.weights_file import (
    read_images,
    write_weights,
)


def ignore(done, total):
    pass


def test_the_same_images_have_one_number(sem_root, tmp_path):
    files = sorted(map(str, sem_root.glob('images/*/*.png')))
    others = [shutil.copy(file, tmp_path / f'{i}.png')
              for i, file in enumerate(reversed(files))]
    assert read_images(files, ignore) == read_images(others, ignore)
    assert read_images(files[1:], ignore) != read_images(files, ignore)


def test_what_is_no_image_is_named(sem_root, tmp_path):
    path = tmp_path / 'a.png'
    path.write_text('text')
    with pytest.raises(ValueError, match=r'a\.png cannot be read'):
        read_images([str(path)], ignore)


def test_nothing_is_written_of_what_is_no_number(tmp_path):
    net = nn.Conv2d(1, 2, 1)
    with torch.no_grad():
        net.weight[0] = torch.nan
    with pytest.raises(WeightsError, match='NaN or Inf in: weight'):
        write_weights(net, tmp_path / 'weights.pth', {})
    assert not any(tmp_path.iterdir())
