"""Measures as pure functions, and thin metrics that collect for them."""
from .agreement import Agreement, bland_altman
from .anomaly_score import AnomalyScoreMetric, auroc, average_precision
from .bootstrap import Interval, bootstrap_interval
from .boundary_iou import (
    BoundaryIoUMetric,
    boundary_iou,
    count_boundaries,
    pooled_boundary_iou,
)
from .class_ratio import ClassRatioMetric, PhaseReport, phase_report
from .grouped_iou import GroupedIoUMetric, grouped_iou
from .image_classification import (
    ImageClassificationMetric,
    classification_scores,
)
from .operating_point import (
    OperatingPoint,
    OperatingPoints,
    describe_choice,
)
from .paired import PairedDifference, holm, paired_difference
from .per_class_iou import PerClassIoUMetric
from .pooled import (
    average_seeds,
    iou,
    mean_defined,
    pooled_intervals,
    pooled_iou,
)
from .returned_means import ReturnedMeansMetric

__all__ = [
    'Agreement', 'AnomalyScoreMetric', 'BoundaryIoUMetric', 'ClassRatioMetric',
    'GroupedIoUMetric', 'ImageClassificationMetric', 'Interval',
    'OperatingPoint', 'OperatingPoints', 'PairedDifference',
    'PerClassIoUMetric', 'PhaseReport', 'ReturnedMeansMetric', 'auroc',
    'average_precision', 'average_seeds', 'bland_altman', 'bootstrap_interval',
    'boundary_iou', 'classification_scores', 'count_boundaries',
    'describe_choice', 'grouped_iou', 'holm', 'iou', 'mean_defined',
    'paired_difference', 'phase_report', 'pooled_boundary_iou',
    'pooled_intervals', 'pooled_iou'
]
