"""Search over the keys of a config by accuracy, time and size.

What a search by gradient (DARTS) has learned is read in :mod:`.gradient`.
"""
from .run import run_search
from .score import Score, Terms
from .search_file import Search, read_search
from .study import Settings

__all__ = [
    'Score', 'Search', 'Settings', 'Terms', 'read_search', 'run_search'
]
