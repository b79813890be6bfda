"""What the cross-attention between scales of a trained model does."""
from .changes import CHANGES, changed_results
from .figure import draw_inspection
from .inspection import Inspection, Pictures, inspect_attention
from .report import describe_inspection, write_inspection
from .twin import find_neck

__all__ = [
    'CHANGES', 'Inspection', 'Pictures', 'changed_results',
    'describe_inspection', 'draw_inspection', 'find_neck',
    'inspect_attention', 'write_inspection'
]
