"""Fonts for figures that have names of classes in them."""
from collections.abc import Sequence
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
    letters = {ord(letter) for name in names for letter in name
               if not letter.isspace()}
    families = list(rcParams['font.family'])
    default = font_manager.findfont(
        font_manager.FontProperties(family=families))
    if letters <= _letters_of(default):
        return list(names), families
    entries = sorted(
        (entry for entry in font_manager.fontManager.ttflist
         if not entry.name.startswith(LAST_RESORT)),
        key=lambda entry: (
            WIDE_FONTS.index(entry.name) if entry.name in WIDE_FONTS
            else len(WIDE_FONTS), entry.style != 'normal', entry.name))
    for entry in entries:
        if letters <= _letters_of(entry.fname):
            return list(names), [entry.name]
    return [str(i + 1) for i in range(len(names))], None


def _letters_of(font: str) -> set[int]:
    try:
        return set(FT2Font(font).get_charmap())
    except (OSError, RuntimeError):  # removed since matplotlib listed them
        return set()
