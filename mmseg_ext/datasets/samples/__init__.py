"""Small synthetic data sets for demonstrations and tests."""
from .mvtec_ad import MVTEC_DEFECTS, render_mvtec, write_mvtec_sample
from .sem import CLASSES, render_sem, write_sem_sample

__all__ = [
    'CLASSES', 'MVTEC_DEFECTS', 'render_mvtec', 'render_sem',
    'write_mvtec_sample', 'write_sem_sample'
]
