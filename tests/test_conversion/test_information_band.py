"""Bands as microscopes write them, and what looks like one."""
import cv2
import numpy as np
import pytest

from mmseg_ext.conversion import find_information_band
from mmseg_ext.samples import render_sem

HEIGHT, WIDTH = 400, 600


def picture(level: int = 100, spread: float = 25, blur: float = 0,
            seed: int = 0) -> np.ndarray:
    """Noise of one grey level, smoother with blur."""
    noise = np.random.default_rng(seed).normal(level, spread, (HEIGHT, WIDTH))
    if blur:
        noise = cv2.GaussianBlur(noise, (0, 0), blur)
    return np.clip(noise, 0, 255).astype(np.uint8)


def add_text(strip: np.ndarray, colour: int) -> None:
    for x in range(10, WIDTH, 120):
        cv2.putText(strip, '15.0 kV', (x, len(strip) - 12), 0, 0.6, colour,
                    1, cv2.LINE_AA)


def rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize('blur', [0, 2])
@pytest.mark.parametrize('level, spread', [(100, 25), (100, 5), (30, 10),
                                           (225, 20)])
@pytest.mark.parametrize('background, text', [(255, 0), (0, 255), (60, 250),
                                              (128, 0)])
def test_drawn_band(background, text, level, spread, blur):
    image = picture(level, spread, blur)
    image[-40:] = background
    add_text(image[-40:], text)
    assert find_information_band(rgb(image)) == 40
    assert find_information_band(rgb(image[:-40])) == 0


def test_two_lines_of_text_and_a_rule_between():
    image = picture()
    image[-70:] = 0
    add_text(image[-70:-35], 255)
    add_text(image[-35:], 255)
    image[-36] = 255
    assert find_information_band(rgb(image)) == 70


def test_frame_and_picture_below_it():
    image = picture()
    last = image[-2:].copy()
    image[-50:] = 255
    add_text(image[-50:-3], 0)
    cv2.rectangle(image, (1, HEIGHT - 50), (WIDTH - 2, HEIGHT - 3), 0, 1)
    image[-2:] = last
    assert find_information_band(rgb(image)) == 50


@pytest.mark.parametrize('quality', [95, 75, 50])
@pytest.mark.parametrize('band', [24, 32, 61])
def test_synthetic_set_as_jpeg(band, quality):
    for seed in range(3):
        image, _ = render_sem(seed, (240, 320), band)
        data = cv2.imencode('.jpg', image,
                            [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        assert find_information_band(cv2.imdecode(data, 1)) == band


def test_synthetic_set_without_band():
    for seed in range(5):
        image, _ = render_sem(seed, (240, 320), 0)
        assert find_information_band(rgb(image)) == 0


def test_coloured_text():
    image = rgb(picture())
    image[-40:] = 255
    cv2.putText(image, 'Off 0.0000 InLens', (10, HEIGHT - 12), 0, 0.6,
                (0, 0, 140), 1)
    assert find_information_band(image) == 40


def scale_bar() -> np.ndarray:
    image = picture()
    cv2.rectangle(image, (400, 360), (590, 390), 255, cv2.FILLED)
    cv2.putText(image, '2 um', (420, 380), 0, 0.6, 0)
    return image


def margin() -> np.ndarray:
    image = picture()
    image[-60:] = 0
    return image


def dark_half() -> np.ndarray:
    image = picture()
    image[200:] = 0
    add_text(image[200:], 255)
    return image


def dark_layer() -> np.ndarray:
    image = picture()
    image[-80:] = picture(12, 4)[-80:]  # resin under a coating
    image[-50:-40, ::50] = 255
    return image


def clipped() -> np.ndarray:
    smooth = cv2.GaussianBlur(picture(0, 1).astype(float), (0, 0), 12)
    return ((smooth > np.quantile(smooth, 0.8)) * 255).astype(np.uint8)


def shading() -> np.ndarray:
    return np.repeat(np.linspace(255, 0, HEIGHT).astype(np.uint8)[:, None],
                     WIDTH, axis=1)


@pytest.mark.parametrize('draw', [
    picture, scale_bar, margin, dark_half, dark_layer, clipped, shading,
    lambda: np.zeros((HEIGHT, WIDTH), np.uint8),
    lambda: np.zeros((9, 9), np.uint8)
])
def test_no_band(draw):
    assert find_information_band(rgb(draw())) == 0


@pytest.mark.parametrize('image', [
    np.zeros((20, 20), np.uint8), np.zeros((20, 20, 4), np.uint8),
    np.zeros((20, 20, 3), np.uint16)
])
def test_other_images_are_refused(image):
    with pytest.raises(ValueError, match=r'\(H, W, 3\) uint8'):
        find_information_band(image)


@pytest.mark.shared_data
def test_real_metaldam(metaldam_root):
    """The labels end up to 16 rows above the band, so they do not tell it."""
    rest = []
    for path in sorted((metaldam_root / 'images').iterdir()):
        image = cv2.imread(str(path))
        label = cv2.imread(
            str(metaldam_root / 'labels' / f'{path.stem}.png'), 0)
        band = find_information_band(image)
        rest.append(len(image) - band - len(label))
        assert find_information_band(image[:len(label)]) == 0
    assert len(rest) == 30
    # read off the pictures: two makes of microscope
    assert sorted(set(rest)) == [1, 15, 16]


@pytest.mark.shared_data
def test_real_images_without_band(nasa_root):
    paths = sorted(nasa_root.glob('*/*.tif'))
    assert len(paths) == 38  # masks, too
    for path in paths:
        assert find_information_band(cv2.imread(str(path))) == 0
