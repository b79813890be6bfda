"""Still pictures of other formats, under whatever name."""
import io

import numpy as np
import pytest
from PIL import Image

from mmseg_ext.basics.image_files import decode_image

IMAGE = np.random.default_rng(0).integers(0, 256, (9, 13), np.uint8)


def saved(kind: str, frames: int = 1, **options) -> bytes:
    file = io.BytesIO()
    first, *rest = (Image.fromarray(IMAGE + 60 * i)
                    for i in range(frames))
    more = dict(save_all=True, append_images=rest) if rest else {}
    first.save(file, kind, **more, **options)
    return file.getvalue()


@pytest.mark.parametrize(('kind', 'options'), [
    ('GIF', {}), ('PPM', {}), ('JPEG2000', dict(irreversible=False)),
    ('WEBP', dict(lossless=True))])
def test_one_frame(kind, options):
    found = decode_image(saved(kind, **options), '')
    found = found if found.ndim == 2 else found[..., 0]
    np.testing.assert_array_equal(found, IMAGE)


@pytest.mark.parametrize('kind', ['GIF', 'WEBP'])
def test_several_frames(kind):
    with pytest.raises(ValueError, match=r'a\.png holds 3 pages'):
        decode_image(saved(kind, 3), 'a.png')


@pytest.mark.parametrize('kind', ['GIF', 'PPM', 'WEBP'])
def test_truncated(kind):
    data = saved(kind)
    with pytest.raises(ValueError, match=r'a\.png cannot be read'):
        decode_image(data[:len(data) // 2], 'a.png')
