"""Measures as pure functions, and thin metrics that collect for them."""
from .anomaly_score import AnomalyScoreMetric, auroc, average_precision
from .class_ratio import ClassRatioMetric, PhaseReport, phase_report
from .grouped_iou import GroupedIoUMetric, grouped_iou
from .image_classification import (
    ImageClassificationMetric,
    classification_scores,
)
from .per_class_iou import PerClassIoUMetric
from .returned_means import ReturnedMeansMetric

__all__ = [
    'AnomalyScoreMetric', 'ClassRatioMetric', 'GroupedIoUMetric',
    'ImageClassificationMetric', 'PerClassIoUMetric', 'PhaseReport',
    'ReturnedMeansMetric', 'auroc', 'average_precision',
    'classification_scores', 'grouped_iou', 'phase_report'
]
