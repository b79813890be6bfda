"""Size of a pixel, as microscopes write it beside and into their images."""
from .find import known_um, read_statements, side_files
from .scale import UNKNOWN, Scale, declared_band, settle_scale
from .statement import Statement, to_um

__all__ = [
    'UNKNOWN', 'Scale', 'Statement', 'declared_band', 'known_um',
    'read_statements', 'settle_scale', 'side_files', 'to_um',
]
