import cv2
import numpy as np
import pytest

from mmseg_ext.datasets import UnlabeledDataset
from mmseg_ext.datasets.unlabeled import group_images


def write(path, *names):
    for name in names:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), np.zeros((4, 5), np.uint8))


def names(dataset) -> list[str]:
    return [dataset.get_data_info(i)['img_path'].rpartition('/')[2]
            for i in range(len(dataset))]


def test_images_of_folders_and_files(tmp_path):
    write(tmp_path, 'a/2.png', 'a/inner/1.tif', 'a/masks/2.png',
          'a/x/Labels/2.png', 'a/train_annot/5.png', 'a/6_GT.png',
          'a/7-mask.tif', 'a/ground_truth/bent/8.png', 'a/.hidden/3.png',
          'single.png')
    (tmp_path / 'a/notes.txt').write_text('none')
    write(tmp_path, 'a/masked.png', 'a/mask_shop/9.png')  # are none
    # of one name: nothing is written under it
    write(tmp_path, 'a/2.bmp')
    sources = [str(tmp_path / name) for name in ('a', 'single.png')]
    assert names(UnlabeledDataset(sources=sources)) == [
        '2.bmp', '2.png', '1.tif', '9.png', 'masked.png', 'single.png']
    info = UnlabeledDataset(
        sources=sources, bit_depth=12).get_data_info(0)
    assert info['bit_depth'] == 12
    assert [len(group) for group in group_images(sources)] == [5, 1]


def test_a_tenth_of_each_folder_is_held_out(tmp_path):
    write(tmp_path, *(f'a/{i:02}.png' for i in range(25)),
          *(f'b/{i}.png' for i in range(9)))
    sources = [str(tmp_path / name) for name in 'ab']
    held_out = names(UnlabeledDataset(sources=sources, part='val'))
    assert held_out == ['09.png', '19.png']
    train = names(UnlabeledDataset(sources=sources, part='train'))
    assert len(train) == 32 and not {*train} & {*held_out}
    with pytest.raises(FileNotFoundError, match='None of 10 images'):
        UnlabeledDataset(sources=sources[1:], part='val')


def test_so_many_of_them(tmp_path):
    write(tmp_path, *(f'{i}.png' for i in range(9)))
    found = names(UnlabeledDataset(sources=[str(tmp_path)], most=3))
    assert found == ['0.png', '3.png', '6.png']
    assert len(UnlabeledDataset(sources=[str(tmp_path)], most=30)) == 9


def test_no_images(tmp_path):
    write(tmp_path, 'own/masks/1.png')
    (tmp_path / 'own/1.txt').write_text('')
    with pytest.raises(FileNotFoundError, match='of 2 files there, none'):
        UnlabeledDataset(sources=[str(tmp_path / 'own')])
    with pytest.raises(FileNotFoundError, match='beside it: own'):
        UnlabeledDataset(sources=[str(tmp_path / 'on')])
    (tmp_path / 'own/2.png').symlink_to('nowhere')
    with pytest.raises(FileNotFoundError, match='link to what is not'):
        UnlabeledDataset(sources=[str(tmp_path / 'own')])


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match='part'):
        UnlabeledDataset(sources=[str(tmp_path)], part='test')


def test_a_list_of_files(tmp_path):
    write(tmp_path, 'a/2.png', 'b/masks/1.png')
    path = tmp_path / 'list.TXT'
    path.write_text(f'{tmp_path}/b/masks/1.png\na/2.png\n')
    assert names(UnlabeledDataset(sources=[str(path)])) == ['2.png', '1.png']
    path.write_text('a/3.png')
    with pytest.raises(FileNotFoundError,
                       match=r'1 cannot be found: .*3\.png'):
        UnlabeledDataset(sources=[str(path)])
