"""Small synthetic data sets for demonstrations and tests."""
from .cityscapes import (
    CITYSCAPES_CLASSES,
    render_cityscapes,
    write_cityscapes_sample,
)
from .ksdd2 import KSDD2_DEFECTS, render_ksdd2, write_ksdd2_sample
from .mvtec_ad import MVTEC_DEFECTS, render_mvtec, write_mvtec_sample
from .sem import CLASSES, render_sem, write_sem_sample

__all__ = [
    'CITYSCAPES_CLASSES', 'CLASSES', 'KSDD2_DEFECTS', 'MVTEC_DEFECTS',
    'render_cityscapes', 'render_ksdd2', 'render_mvtec', 'render_sem',
    'write_cityscapes_sample', 'write_ksdd2_sample', 'write_mvtec_sample',
    'write_sem_sample'
]
