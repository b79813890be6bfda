"""Measurements behind the tables of speed, and tables of accuracy."""
from .attention import compare_attention
from .cost import measure_costs
from .deform_conv import compare_deform_conv
from .measure import StepCost
from .queue import Failure
from .report import Report, write_report
from .runs import run_suite
from .suite import Suite, read_suite

__all__ = [
    'Failure', 'Report', 'StepCost', 'Suite', 'compare_attention',
    'compare_deform_conv', 'measure_costs', 'read_suite', 'run_suite',
    'write_report'
]
