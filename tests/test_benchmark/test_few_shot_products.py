"""Products in each of the layouts."""
import cv2
import numpy as np
import pytest
from colour_encoder import BLUE, RED, mask_of, picture

from mmseg_ext.benchmark.few_shot_products import read_product, read_products


@pytest.mark.parametrize('category', ['nut', ''])
def test_layouts(category, tmp_path):
    mask = mask_of(picture((RED, 8, 16, 16))) * np.uint8(255)
    if category:
        paths = {'nut/test/bent/000.png': picture((RED, 8, 16, 16)),
                 'nut/ground_truth/bent/000_mask.png': mask,
                 'nut/test/good/000.png': picture(),
                 'nut/train/good/000.png': picture()}
    else:
        paths = {'test/1.png': picture((RED, 8, 16, 16)),
                 'test/1_GT.png': mask, 'test/2.png': picture(),
                 'test/2_GT.png': 0 * mask}
    for path, image in paths.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / path), image)
    found = read_product(str(tmp_path), category, (24, 32))
    (kind, (image, )), = found.kinds.items()
    assert kind == ('bent' if category else 'defect')
    assert image.image.shape == (24, 32, 3)
    assert image.mask.sum() == 64
    assert len(found.good) == 1


def test_class_ids(tmp_path):
    for i, boxes in enumerate(([(RED, 8, 16, 16)],
                               [(RED, 8, 40, 16), (BLUE, 32, 8, 8)],
                               [(BLUE, 32, 8, 8)], [])):
        image = picture(*boxes, seed=i)
        for kind, array in (('images', image), ('masks', mask_of(image))):
            (tmp_path / kind / 'test').mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / kind / f'test/{i}.png'), array)
    classes = ('background', 'red', 'blue')
    red, blue = read_products(str(tmp_path), '', classes, (48, 64))
    for product, showing in ((red, '01'), (blue, '12')):
        (kind, images), = product.kinds.items()
        assert [one.name for one in images] == [*showing]
        assert {one.name for one in product.good} == {*'0123'} - {*showing}
        value = classes.index(kind)
        for one in images:
            assert np.array_equal(one.mask, mask_of(one.image) == value)
    one, = read_products(str(tmp_path), '', classes, (24, 32), ['blue'])
    assert [*one.kinds] == ['blue']
    with pytest.raises(ValueError, match=r'no green; kinds of .* red, blue'):
        read_products(str(tmp_path), '', classes, (24, 32), ['green'])
    (tmp_path / 'masks/test/2.png').unlink()
    with pytest.raises(FileNotFoundError, match='1 have no mask'):
        read_products(str(tmp_path), '', classes, (24, 32))
