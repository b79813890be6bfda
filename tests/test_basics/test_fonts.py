"""A font that has the letters of the classes' names."""
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from mmseg_ext.basics.fonts import readable_names


def test_another_font_that_has_the_letters(monkeypatch):
    """Mathematical letters, which the usual font here may lack."""
    usual = FT2Font(font_manager.findfont('DejaVu Sans')).get_charmap()
    other = next(entry for entry in font_manager.fontManager.ttflist
                 if entry.name == 'STIXGeneral')
    letter = chr(next(code for code in FT2Font(other.fname).get_charmap()
                      if code not in usual and code > 127))
    names = ('DejaVu Sans', 'STIXGeneral', 'Last Resort High-Efficiency')
    monkeypatch.setattr(
        font_manager.fontManager, 'ttflist',
        [entry for entry in font_manager.fontManager.ttflist
         if entry.name in names])
    assert readable_names([letter]) == ([letter], ['STIXGeneral'])
