"""Pictures of micrographs, ground truth, predictions and attention."""
from mmseg_ext.basics import paint

from .attention import record_attention, select_layers
from .attention_figure import draw_attention
from .comparison import (
    compare,
    error_map,
    most_disputed,
    place_boxes,
    predictions_in,
)
from .comparison_figure import draw_comparison, save_figure
from .contact_sheet import Tile, draw_contact_sheet, draw_overlay
from .panel import draw_grid, draw_panel
from .panel_hook import PanelHook
from .regions import Box, disagreement, find_boxes
from .target_hook import TargetHook

__all__ = [
    'Box', 'PanelHook', 'TargetHook', 'Tile', 'compare', 'disagreement',
    'draw_attention', 'draw_comparison', 'draw_contact_sheet', 'draw_grid',
    'draw_overlay', 'draw_panel', 'error_map', 'find_boxes', 'most_disputed',
    'paint', 'place_boxes', 'predictions_in', 'record_attention',
    'save_figure', 'select_layers'
]
