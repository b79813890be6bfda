"""Small synthetic data sets for demonstrations and tests."""
from .sem import CLASSES, render_sem, write_sem_sample

__all__ = ['CLASSES', 'render_sem', 'write_sem_sample']
