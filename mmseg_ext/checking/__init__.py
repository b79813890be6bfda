"""Open every pair of a data set and say in words what is wrong with it."""
from .dataset_check import CheckResult, check_splits
from .findings import Finding
from .report import check_target, to_text, write_report
from .sources import splits_of_config, splits_of_folders

__all__ = [
    'CheckResult', 'Finding', 'check_splits', 'check_target',
    'splits_of_config', 'splits_of_folders', 'to_text', 'write_report'
]
