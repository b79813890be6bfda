"""Measures as pure functions, and thin metrics that collect for them."""
from .class_ratio import ClassRatioMetric, PhaseReport, phase_report
from .per_class_iou import PerClassIoUMetric

__all__ = [
    'ClassRatioMetric', 'PerClassIoUMetric', 'PhaseReport', 'phase_report'
]
