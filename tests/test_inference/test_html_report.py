"""The page of a run of predictions, in a real browser."""
import base64
import csv
import io
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from mmseg_ext.inference.html_report import (
    Report,
    ReportEntry,
    write_html_report,
)
from mmseg_ext.inference.phases import summarize_phases
from mmseg_ext.inference.predictor import Prediction
from mmseg_ext.inference.result_store import ResultStore
from mmseg_ext.inference.run_record import RunRecord

CLASSES = ['ferrite', 'pearlite & <b>bainite</b>', 'pore']
PALETTE = [[230, 159, 0], [0, 114, 178], [204, 121, 167]]
EVIL = '<script>alert(1)</script>'
CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
# Without these it asks its makers' servers, many at a time.
ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic',
             '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-sync']


def grains(seed: int, size=(96, 128)) -> tuple[np.ndarray, np.ndarray]:
    """A grey picture, and the class of each pixel that its grey shows."""
    random = np.random.default_rng(seed)
    field = cv2.GaussianBlur(random.normal(size=size), None, 6)
    mask = np.digitize(field / field.std(), [0.3, 1.5]).astype(np.uint8)
    grey = np.array([90, 150, 30], np.uint8)[mask]
    grey = grey + random.integers(0, 40, size, np.uint8)
    return np.repeat(grey[..., None], 3, axis=2), mask


def write_run(root: Path, names: list[str], size=(96, 128)) -> Path:
    """Write images, and what tools/predict.py leaves of them."""
    out = root / 'predictions'
    record = RunRecord(
        dict(inputs=[str(root)], weights_sha256='ab12' * 16, bit_depth=None,
             config='unet.py', transforms=['Resize(scale=(64, 48))', 'Pad()'],
             test_mode='windows of 64 x 48 pixels, every 32 x 24',
             crop_bottom=6, tiling='auto'),
        'work_dirs/model.onnx', CLASSES, PALETTE)
    store = ResultStore(out, record)
    for seed, name in enumerate(names):
        image, mask = grains(seed, size)
        path = root / 'images' / f'{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.pad(image, ((0, 6), (0, 0), (0, 0))))
        store.add(name, path, image, Prediction(mask, CLASSES, PALETTE), 6)
    record.failures = {f'{EVIL}/broken': 'broken.tif cannot be read & <i>'}
    record.write(out)
    store.write_summaries()
    return out


class Page(HTMLParser):
    """Tags, their attributes and all text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def attributes(self, tag: str, name: str) -> list[str]:
        return [attrs[name] for found, attrs in self.tags
                if found == tag and name in attrs]


@pytest.fixture(scope='module')
def report(tmp_path_factory) -> Path:
    names = [f'image_{i}' for i in range(5)] + ['&amp; <img src=x>']
    return write_html_report(
        write_run(tmp_path_factory.mktemp('run'), names))


def test_nothing_is_loaded_and_names_are_text(report):
    text = report.read_text(encoding='utf-8')
    page = Page(text)
    sources = page.attributes('img', 'src')
    assert len(sources) == 2 * 6
    assert all(source.startswith('data:image/') for source in sources)
    assert page.attributes('link', 'href') == ['data:,']
    assert not re.findall(r'https?:|url\(|@import', text)
    assert [tag for tag, _ in page.tags].count('script') == 1
    assert [tag for tag, _ in page.tags].count('i') == text.count(
        '<i class="swatch"')
    words = ''.join(page.words)
    assert '&amp; <img src=x>' in words  # of a file
    assert f'{EVIL}/broken' in words and 'be read & <i>' in words
    assert 'pearlite & <b>bainite</b>' in words
    assert 'ab12' * 16 in words


def test_scale_bars_and_the_base(tmp_path):
    out = write_run(tmp_path, ['a'])
    base = RunRecord.read(out).base_phase
    fractions = np.bincount(grains(0)[1].flatten())
    assert base == CLASSES[fractions.argmax()]
    assert 'class="scale"' not in write_html_report(out).read_text()
    report = Report(
        'run', CLASSES, PALETTE,
        [ReportEntry('a', tmp_path / 'images/a.png', out / 'masks/a.png',
                     [50, 30, 20], 0.5)],
        summarize_phases([np.array([0.5, 0.3, 0.2])], CLASSES), {}, base=0)
    page = report.render()
    # 128 pixels of 0.5 um: 10 um are 20 of them
    assert '<div style="width:15.625%"></div>10 µm' in page
    assert f'{CLASSES[0]} (not coloured)' in page
    mask = next(attrs['src'] for tag, attrs in Page(page).tags
                if attrs.get('class') == 'mask')
    picture = Image.open(io.BytesIO(base64.b64decode(mask.split(',')[1])))
    alpha = np.asarray(picture.convert('RGBA'))[..., 3]
    np.testing.assert_array_equal(alpha == 0, grains(0)[1] == 0)


def test_numbers_are_those_of_the_masks(report):
    words = re.sub(r'\s+', ' ', ' '.join(
        Page(report.read_text(encoding='utf-8')).words))
    fractions = np.stack([
        np.bincount(grains(seed)[1].flatten(), minlength=3)
        for seed in range(6)]) / (96 * 128) * 100
    for image in fractions:
        assert ' '.join(f'{fraction:.2f}' for fraction in image) in words
    for phase in fractions.T:
        low, high = stats.t.interval(
            0.95, 5, phase.mean(), stats.sem(phase))
        accuracy = 100 * (high - phase.mean()) / phase.mean()
        low, high = max(low, 0), min(high, 100)
        assert (f'{phase.mean():.2f} {low:.2f} to {high:.2f} '
                f'{phase.std(ddof=1):.2f} {accuracy:.1f}') in words
        assert f'{phase.mean():.1f} % ({low:.1f} to {high:.1f} %)' in words


def settings(report: Path) -> dict[str, list[str]]:
    """Return the lines of each setting."""
    text = report.read_text(encoding='utf-8')
    return {
        Page(name).words[0]: Page(value).words
        for name, value in re.findall(
            '<dt>(.*?)</dt><dd>(.*?)</dd>', text, re.DOTALL)
    }


def test_settings_are_lines(report, tmp_path):
    found = settings(report)
    assert found['Transforms before the network'] == [
        'Resize(scale=(64, 48))', 'Pad()']
    assert found['The config tests in'] == [
        'windows of 64 x 48 pixels, every 32 x 24']
    assert found['Config'] == ['unet.py']
    assert found['Tiles'] == ['large images only']
    assert 'Bit depth' not in found  # is None
    out = write_run(tmp_path, ['image'])
    record = RunRecord.read(out)
    record.settings.update(
        inputs=['a', 'b/*.tif'],
        tiling=dict(tile=[64, 32], overlap=[8, 4], align=32))
    record.write(out)
    found = settings(write_html_report(out))
    assert found['Images from'] == ['a', 'b/*.tif']
    assert found['Tiles'] == ['64 x 32 pixels, overlapping by 8 x 4']


def test_further_images_are_in_the_table_only(tmp_path):
    out = write_run(tmp_path, [f'{i:02}' for i in range(7)])
    text = write_html_report(out, max_pictures=3).read_text()
    assert text.count('<figure>') == 3
    assert 'The first 3 of 7 images; all are in images.csv' in text
    assert text.count('<td class="name">') == 7


@pytest.mark.parametrize('classes', [
    ('ferrite', 'pearlite'), ('background', 'defect')])
def test_page_of_many_images_is_bounded(classes):
    """Ten times as many images, and more failures, add nothing to it."""
    percents = np.random.default_rng(0).permutation(20000) / 200

    def render(number: int) -> str:
        entries = [
            ReportEntry(f'image_{i:05}', Path('x.png'), Path('x.png'),
                        [100 - percent, percent])
            for i, percent in enumerate(percents[:number])]
        fractions = np.stack(
            [100 - percents[:number], percents[:number]], 1) / 100
        return Report(
            'run', classes, PALETTE[:2], entries,
            summarize_phases(list(fractions), classes), {},
            {f'broken_{i}': 'no image' for i in range(number)},
            max_pictures=0, scores=percents[:number] / 100).render()

    small, large = render(2000), render(20000)
    assert len(large) < 1.01 * len(small) < 1e6
    assert large.count('<td class="name">') == 1000
    assert 'and 19900 more, see run.json' in large
    shown = [line for line in large.splitlines() if 'class="name"' in line]
    if classes[1] == 'defect':
        # the most suspicious of all come first
        assert f'image_{percents.argmax():05}' in shown[0]
        assert 'The 1000 most suspicious of 20000 images' in large
    else:
        assert 'image_00000' in shown[0]
        assert 'The first 1000 of 20000 images' in large
    # dots from the least to the greatest
    assert 'dots for 1000 of 20000 images' in large
    dots = re.findall(r'<title>image_\d+: ([\d.]+) %', large)
    assert len(dots) == 1000 * (1 + (classes[1] != 'defect'))
    drawn = np.array(dots[-1000:], float)
    np.testing.assert_allclose(
        np.sort(drawn), np.linspace(0, percents.max(), 1000), atol=0.02)


def test_large_images_are_shrunk_and_few_megabytes(tmp_path):
    out = write_run(tmp_path, ['large'], (1536, 2048))
    path = write_html_report(out)
    assert path.stat().st_size < 300_000
    # one image has no interval
    assert 'One image has no confidence interval' in path.read_text()


def write_masks(tmp_path, classes, fractions) -> str:
    """Write the page of images with a fraction of the second class each."""
    out = tmp_path / 'parts'
    store = ResultStore(out, RunRecord({}, 'w.pth', classes, PALETTE[:2]))
    for i, fraction in enumerate(fractions):
        mask = np.zeros((10, 100), np.uint8)
        mask[:, :round(100 * fraction)] = 1
        image = np.full((10, 100, 3), 90, np.uint8)
        path = tmp_path / f'{i}.png'
        cv2.imwrite(str(path), image)
        store.add(f'part_{i}', path, image,
                  Prediction(mask, classes, PALETTE[:2]), 0)
    store.write_summaries()
    return re.sub(r'\s+', ' ', ' '.join(
        Page(write_html_report(out).read_text()).words))


@pytest.mark.parametrize('classes', [
    ['background', 'defect'], ['background', 'anomaly'],
    ['Good', 'surface crack']])
def test_page_of_a_defect_model_speaks_of_defects(tmp_path, classes):
    words = write_masks(tmp_path, classes, (0, 0, 0.02, 0, 0.3))
    assert 'Defects in parts' in words
    assert '5 images, 2 defective' in words
    assert 'Defective images: 2 of 5 (40.0 %)' in words
    assert 'Most of it: 30.00 % of part_4' in words
    assert 'hase' not in words
    # the background is no result
    assert f'{classes[0]} ' not in words.split('How it was made')[0]
    assert '6.40 0.00 to 22.' in words  # 6.4 +- 16.4


def test_page_of_a_defect_model_that_found_none(tmp_path):
    words = write_masks(tmp_path, ['background', 'defect'], (0, 0))
    assert '2 images, 0 defective' in words
    assert '0.0 % (0.0 to 0.0 %)' in words


def test_two_phases_stay_phases(tmp_path):
    words = write_masks(tmp_path, ['matrix', 'pore'], (0.1, 0.9))
    assert 'Phase fractions of parts' in words and '2 phases' in words
    # 50 +- 508 %
    assert '50.00 0.00 to 100.00' in words and '508' not in words.replace(
        '1016', '')
    assert 'Only 2 images' in words
    assert 'The interval of matrix, pore is wider than the mean' in words


def test_image_that_is_gone_is_said(tmp_path):
    out = write_run(tmp_path, ['here', 'gone'])
    (tmp_path / 'images/gone.png').unlink()
    page = Page(write_html_report(out).read_text())
    assert len(page.attributes('img', 'src')) == 3
    assert any('Without the image' in words and 'gone.png' in words
               for words in page.words)


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_html_report(tmp_path)
    out = write_run(tmp_path, ['image'])
    cv2.imwrite(str(out / 'masks/image.png'), np.full((9, 9), 7, np.uint8))
    with pytest.raises(ValueError, match=r'image\.png is no mask of 3'):
        write_html_report(out)


def test_all_failed(tmp_path):
    out = write_run(tmp_path, ['image'])
    for name in ('images', 'phases'):
        with open(out / f'{name}.csv', newline='') as file:
            head = next(csv.reader(file))
        (out / f'{name}.csv').write_text(','.join(head) + '\n')
    text = write_html_report(out).read_text()
    assert '1 image could not be predicted' in text
    assert '<figure>' not in text


@pytest.fixture(scope='module')
def browser():
    playwright = pytest.importorskip(
        'playwright.sync_api', reason='needs playwright')
    if CHROMIUM is None:
        pytest.skip('needs Chromium: apt-get install chromium')
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, report, request):
    """The page as a double click opens it; nothing may go wrong in it."""
    width = getattr(request, 'param', 1280)
    page = browser.new_page(viewport=dict(width=width, height=800))
    said, asked = [], []
    page.on('console', lambda message: said.append(message.text))
    page.on('pageerror', lambda error: said.append(str(error)))
    page.on('request', lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    yield page
    page.close()
    assert not said
    assert all(url.startswith(('file:', 'data:')) for url in asked)


def opacity(page) -> float:
    return float(page.eval_on_selector(
        '.mask', 'mask => getComputedStyle(mask).opacity'))


def test_slider_and_toggle(page):
    assert opacity(page) == pytest.approx(0.4)
    box = page.locator('#opacity').bounding_box()
    middle = box['y'] + box['height'] / 2
    page.mouse.move(box['x'] + 0.4 * box['width'], middle)
    page.mouse.down()
    page.mouse.move(box['x'] + box['width'] - 1, middle, steps=4)
    page.mouse.up()
    assert opacity(page) == 1
    assert page.locator('#percent').inner_text() == '100 %'
    toggle = page.locator('#toggle')
    toggle.click()
    assert opacity(page) == 0
    assert toggle.get_attribute('aria-pressed') == 'false'
    toggle.click()
    assert opacity(page) == 1


def test_keyboard_alone(page):
    def go_to(name: str) -> None:
        for _ in range(5):  # tables that can be scrolled come first
            page.keyboard.press('Tab')
            if page.evaluate('document.activeElement.id') == name:
                return
        raise AssertionError(f'{name} cannot be reached')

    go_to('opacity')
    page.keyboard.press('ArrowRight')
    assert opacity(page) == pytest.approx(0.41)
    go_to('toggle')
    page.keyboard.press('Enter')
    assert opacity(page) == 0
    page.keyboard.press('o')
    assert opacity(page) == pytest.approx(0.41)


def test_mask_lies_on_its_picture(page):
    photo, mask = (page.locator(f'.{kind}').first.bounding_box()
                   for kind in ('photo', 'mask'))
    assert photo == pytest.approx(mask, abs=0.5)
    # 6 rows of the file are not in the mask
    assert photo['width'] / photo['height'] == pytest.approx(
        128 / 96, rel=0.01)
    page.locator('#opacity').fill('100')
    shot = page.locator('.layers').first.screenshot()
    seen = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    expected = np.array(PALETTE, np.uint8)[:, ::-1][grains(0)[1]]
    expected = cv2.resize(expected, seen.shape[1::-1],
                          interpolation=cv2.INTER_NEAREST)
    base = np.bincount(grains(0)[1].flatten()).argmax()
    coloured = (expected != PALETTE[base][::-1]).any(axis=2)
    assert (seen == expected).all(axis=2)[coloured].mean() > 0.95
    # the grey micrograph is seen where the base phase is
    assert (np.ptp(seen[~coloured], axis=1) == 0).mean() > 0.95


@pytest.mark.parametrize('page', [360, 1280], indirect=True)
def test_fits_the_screen(page):
    assert page.evaluate('document.documentElement.scrollWidth'
                         ' <= document.documentElement.clientWidth')
    width = page.viewport_size['width']
    boxes = [box.bounding_box() for box in page.locator('figure').all()]
    assert (len({round(box['x']) for box in boxes})
            == (1 if width == 360 else 2))
    assert all(box['width'] > 300 for box in boxes)


def test_prints(page):
    page.emulate_media(media='print')
    assert not page.locator('#opacity').is_visible()
    assert page.locator('.legend').is_visible()
    assert page.pdf().startswith(b'%PDF')
