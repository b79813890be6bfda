"""From a search by gradient to ordinary configs, which are trained."""
from .derive import DeriveWishes, config_beside, derive, other_data_root

__all__ = ['DeriveWishes', 'config_beside', 'derive', 'other_data_root']
