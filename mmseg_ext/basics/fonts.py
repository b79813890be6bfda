"""Fonts for figures that have names of classes in them."""
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Optional

from matplotlib import font_manager, rcParams
from matplotlib.ft2font import FT2Font

# Looked at before any other font: complete ones for letters that
# matplotlib's own lacks. Then all others, but for one whose letters are boxes.
WIDE_FONTS = ('Noto Sans CJK SC', 'Noto Sans CJK JP', 'Noto Sans CJK KR',
              'Noto Sans SC', 'Source Han Sans SC', 'WenQuanYi Zen Hei',
              'WenQuanYi Micro Hei', 'Microsoft YaHei', 'SimHei',
              'PingFang SC', 'Hiragino Sans GB', 'Arial Unicode MS',
              'Malgun Gothic',
              'Yu Gothic', 'Droid Sans Fallback')
LAST_RESORT = 'Last Resort'


def readable_names(names: Sequence[str]
                   ) -> tuple[list[str], Optional[list[str]]]:
    """Return what to write for names, and in which font families.

    Args:
        names: Of the classes.

    Returns:
        The names and the families; or numbers from 1 and None, where no
        font has all letters.
    """
    found = _families(names)
    return ([str(i + 1) for i in range(len(names))] if found is None
            else list(names)), found


def missing_letters(names: Sequence[str]) -> str:
    """Return what to install where no font has all letters of names, or ''.

    Args:
        names: Of the classes.
    """
    if _families(names) is not None:
        return ''
    return ('No font of this machine has all letters of the names of the '
            f'classes ({", ".join(names)}): pictures number them from 1 '
            'instead. Install a font that has them, for Chinese, Japanese '
            'and Korean Noto Sans CJK (Debian and Ubuntu: apt install '
            'fonts-noto-cjk; Fedora: dnf install google-noto-sans-cjk-fonts).')


def _families(names: Sequence[str]) -> Optional[list[str]]:
    """Return the families of a font that has all letters; None: none has."""
    letters = {ord(letter) for name in names for letter in name
               if not letter.isspace()}
    families = list(rcParams['font.family'])
    default = font_manager.findfont(
        font_manager.FontProperties(family=families))
    if letters <= _letters_of(default):
        return families
    found = _first_with(letters)
    if found is None and _add_new_fonts():
        found = _first_with(letters)
    return found and [found]


def _first_with(letters: set[int]) -> Optional[str]:
    """Return the name of a font that has the letters."""
    entries = sorted(
        (entry for entry in font_manager.fontManager.ttflist
         if not entry.name.startswith(LAST_RESORT)),
        key=lambda entry: (
            WIDE_FONTS.index(entry.name) if entry.name in WIDE_FONTS
            else len(WIDE_FONTS), entry.style != 'normal', entry.name))
    for entry in entries:
        if letters <= _letters_of(entry.fname):
            return entry.name
    return None


def _add_new_fonts() -> bool:
    """Tell matplotlib of fonts that came since it listed them."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    new = [path for path in font_manager.findSystemFonts()
           if path not in known]
    for path in new:
        with suppress(OSError, RuntimeError):  # no font after all
            font_manager.fontManager.addfont(path)
    return bool(new)


@cache
def _letters_of(font: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(font).get_charmap())
    except (OSError, RuntimeError):  # removed since matplotlib listed them
        return frozenset()
