"""Search over the keys of a config by accuracy, time and size."""
from .run import run_search
from .score import Score, Terms, undominated
from .search_file import Search, read_search
from .study import SAMPLERS, Settings

__all__ = [
    'SAMPLERS', 'Score', 'Search', 'Settings', 'Terms', 'read_search',
    'run_search', 'undominated'
]
