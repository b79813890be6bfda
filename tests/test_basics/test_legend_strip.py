"""Strips below pictures, which cover nothing."""
import numpy as np
from matplotlib import font_manager

from mmseg_ext.basics.colours import OKABE_ITO
from mmseg_ext.basics.fonts import missing_letters
from mmseg_ext.basics.legend_strip import add_colour_bar, add_strip

IMAGE = np.random.default_rng(0).integers(1, 255, (60, 400, 3), np.uint8)


def longest_run(strip, colour) -> int:
    rows = (strip == colour).all(-1)
    return max(len(run) for row in rows for run in ''.join(
        '#' if hit else ' ' for hit in row).split()) if rows.any() else 0


def test_the_picture_is_whole_and_colours_are_named():
    picture = add_strip(IMAGE, ['matrix', 'pearlite'], OKABE_ITO, 0.1, base=0)
    np.testing.assert_array_equal(picture[:60], IMAGE)
    strip = picture[60:]
    # letters of 13 pixels; the base has no colour
    assert longest_run(strip, OKABE_ITO[1][::-1]) == 11
    assert longest_run(strip, OKABE_ITO[0][::-1]) == 0
    # 10 um of 0.1 um a pixel: nearer to 80 pixels than 50
    assert longest_run(strip, (0, 0, 0)) == 100


def test_nothing_is_cut_off():
    names = ['a rather long name of a phase', 'b']
    narrow = add_strip(IMAGE[:, :30], names, OKABE_ITO, 0.1)
    np.testing.assert_array_equal(narrow[:60, :30], IMAGE[:, :30])
    assert (narrow[:60, 30:] == 255).all() and (narrow[:, -3:] == 255).all()
    assert longest_run(narrow[60:], OKABE_ITO[1][::-1]) == 11


def test_letters_are_no_larger_than_a_panorama_bears():
    wide = np.zeros((400, 11000, 3), np.uint8)
    assert len(add_strip(wide, ['a', 'b'], OKABE_ITO)) < 460


def test_colour_bar():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    strip = add_colour_bar(IMAGE, ramp, 'entropy')[60:]
    middle = strip[14, :, 0].astype(int)
    start = next(i for i in range(400) if (np.diff(middle[i:i + 100]) >= 0)
                 .all() and middle[i] < 20)
    assert middle[start + 100] > 150


def test_letters_that_no_font_has(monkeypatch):
    monkeypatch.setattr(font_manager, 'findSystemFonts', list)
    monkeypatch.setattr(
        font_manager.fontManager, 'ttflist',
        [entry for entry in font_manager.fontManager.ttflist
         if entry.name == 'DejaVu Sans'])
    assert 'fonts-noto-cjk' in missing_letters(['铁素体', 'pearlite'])
    assert missing_letters(['Gefüge', '\u03b1-Fe']) == ''
    # numbers, as if they were the names
    numbered, named = (add_strip(IMAGE, names, OKABE_ITO)
                       for names in (['铁素体', '페라이트'], ['1', '2']))
    np.testing.assert_array_equal(numbered, named)
