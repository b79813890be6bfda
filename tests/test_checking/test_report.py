"""Reports as HTML and Markdown."""
import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from mmseg_ext.checking import check_target, to_text, write_report


class Page(HTMLParser):
    """Collects the text and the pictures of a page, and counts open tags."""
    VOID = ('meta', 'img')

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts, self.pictures, self.open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == 'img':
            self.pictures.append(dict(attrs)['src'])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def result(pairs):
    """An error with a picture, in files of awkward names."""
    mask = pairs.phases(0)
    mask[:12] = 7
    for kind, picture in (('images', pairs.texture(9)), ('masks', mask)):
        pairs.save(f'{kind}/train/<b>_&_1|2.png', picture)
    return pairs.check()


def test_html_needs_nothing_else(result, tmp_path):
    path = tmp_path / 'out/report.html'
    write_report(str(path), result, 'Check of <set>')
    text = path.read_text()
    page = Page(text)
    assert not page.open
    words = ''.join(page.texts)
    for wanted in ('Check of <set>', 'training would go wrong', '<b>_&_1|2',
                   'Masks: ferritepearlitepores',  # with swatches between
                   'values that are no class: 7 (25 %)', '0 ferrite'):
        assert wanted in words
    assert not re.search(r'(src|href)="(?!data:)', text)
    # image and mask of the finding, and of 4 + 2 pairs as examples
    assert len(page.pictures) == 2 * (1 + 4 + 2)
    for source in page.pictures:
        kind, content = source.split(',')
        assert kind == 'data:image/jpeg;base64'
        picture = cv2.imdecode(
            np.frombuffer(base64.b64decode(content), np.uint8), 1)
        assert picture.shape == (48, 64, 3)


def test_pictures_are_those_of_the_pair(result):
    finding = result.findings[0]
    image, mask = (cv2.imdecode(np.frombuffer(content, np.uint8), 1)
                   for content in (finding.pictures[0].image,
                                   finding.pictures[0].mask))
    truth = cv2.imread(finding.names[0].replace('masks', 'images'))
    assert np.abs(image.astype(int) - truth).mean() < 5
    # the refused mask is drawn as in the file: 7 is the brightest
    assert mask[:10].min() > 200 > 120 > mask[14:].mean()


def test_large_pictures_are_made_small(pairs):
    pairs.save('images/train/0.png', pairs.texture(0, (480, 640)))
    pairs.save('masks/train/0.png', np.kron(
        pairs.phases(0), np.ones((10, 10), np.uint8)))
    picture = pairs.check().examples['train'][0]
    for content in (picture.image, picture.mask):
        assert cv2.imdecode(np.frombuffer(content, np.uint8),
                            1).shape == (180, 240, 3)


def test_markdown_and_its_folder(result, tmp_path):
    path = tmp_path / 'my report.md'
    write_report(str(path), result, 'Check')
    text = path.read_text()
    for wanted in ('# Check', '1 error', 'no class: 7', '| 0 ferrite |',
                   '## Pairs of train'):
        assert wanted in text
    links = re.findall(r'!\[\w+\]\((.+?)\)', text)
    assert len(links) == 2 * (1 + 4 + 2)
    for link in links:
        assert cv2.imread(str(tmp_path / link.replace('%20', ' '))) is not None


def test_text_names_the_worst_first(result):
    text = to_text(result)
    assert text.startswith('ERROR: 1 file in train: masks hold values')
    assert '-> Say what each value means' in text
    assert text.endswith(
        '1 error, 0 warnings, 1 note: training would go wrong. Fix the '
        'errors first.')
    places = [text.index(w) for w in ('ERROR', 'NOTE', '| 0 ferrite')]
    assert places == sorted(places)


def test_target(tmp_path):
    with pytest.raises(ValueError, match=r'report\.pdf'):
        check_target(str(tmp_path / 'report.pdf'))
    (tmp_path / 'a.md').write_text('mine')
    with pytest.raises(FileExistsError, match='--overwrite'):
        check_target(str(tmp_path / 'a.md'))
    check_target(str(tmp_path / 'a.md'), overwrite=True)
    (tmp_path / 'b_pictures').mkdir()
    with pytest.raises(FileExistsError, match='b_pictures'):
        check_target(str(tmp_path / 'b.md'))
    check_target(str(tmp_path / 'b.html'))
