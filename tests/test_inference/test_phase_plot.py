"""Names that can be read, and bars that end where fractions do."""
import numpy as np
import pytest
from matplotlib import font_manager

from mmseg_ext.inference import summarize_phases
from mmseg_ext.inference.phase_plot import draw_phases

CHINESE = ['铁素体', '珠光体']
PALETTE = [[200, 0, 0], [0, 0, 200]]


def draw(names, fractions=((0.97, 0.03), (0.2, 0.8))):
    figure = draw_phases(np.array(fractions), summarize_phases(
        [np.array(row) for row in fractions], names), PALETTE)
    figure.canvas.draw()
    return figure


@pytest.fixture
def fonts(monkeypatch):
    """Return a function that lets a machine have some of its fonts alone."""
    monkeypatch.setattr(font_manager, 'findSystemFonts', list)

    def keep(*names):
        monkeypatch.setattr(
            font_manager.fontManager, 'ttflist',
            [entry for entry in font_manager.fontManager.ttflist
             if entry.name in names])
    return keep


def letters(figure) -> set[str]:
    words = [label.get_text() for axes in figure.axes
             for label in axes.get_xticklabels()] + [figure.get_supxlabel()]
    return set(''.join(words)) - set('\n ')


@pytest.mark.parametrize('names', [
    ['\u03b1-Fe', '\u03b3'], ['Gefüge', 'Риск'], ['$x$', '$\\foo{'],
    ['A', 'A']])
def test_names_that_the_usual_font_has(names, recwarn):
    figure = draw(names)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()
            ] == names
    assert not [w for w in recwarn if 'Glyph' in str(w.message)]


def test_never_boxes_without_a_word(fonts, recwarn):
    fonts('DejaVu Sans', 'Last Resort High-Efficiency')
    figure = draw(CHINESE)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()
            ] == ['1', '2']
    said = figure.get_supxlabel().replace('\n', ' ')
    assert 'The numbers count the lines of phases_summary.csv' in said
    assert 'The interval of 1, 2 is wider than the mean' in said
    assert not [w for w in recwarn if 'Glyph' in str(w.message)]


def test_bars_end_at_0_and_100():
    figure = draw(['A', 'B'])
    ends = np.concatenate([
        path.vertices[:, 1] for bars in figure.axes[0].containers
        if hasattr(bars, 'has_yerr')
        for lines in bars.lines[2] for path in lines.get_paths()])
    assert ends.min() == 0 and ends.max() == pytest.approx(100)


@pytest.mark.parametrize('fractions', [
    ((0.97, 0.03), (0.2, 0.8)), ((0.02, 0.98), (0.03, 0.97))])
def test_the_legend_is_clear_of_the_bars(fractions):
    figure = draw(['A', 'B'], fractions)
    legend = figure.legends[0].get_window_extent()
    assert not legend.overlaps(figure.axes[0].get_window_extent())
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        'an image', 'mean, 95 % confidence']
