"""From a search by gradient to ordinary configs, which are trained."""
from .derive import DeriveSettings, config_beside, derive, other_data_root

__all__ = ['DeriveSettings', 'config_beside', 'derive', 'other_data_root']
