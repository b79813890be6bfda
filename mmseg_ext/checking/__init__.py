"""Open every pair of a data set and say in words what is wrong with it.

Folders are checked without torch and MMSegmentation; for the data of a config
see ``checking.config_splits``.
"""
from .dataset_check import CheckResult, check_splits
from .findings import Finding
from .report import check_target, to_text, write_report
from .splits import splits_of_folders

__all__ = [
    'CheckResult', 'Finding', 'check_splits', 'check_target',
    'splits_of_folders', 'to_text', 'write_report'
]
