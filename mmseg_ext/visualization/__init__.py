"""Pictures of micrographs, truth, predictions and attention."""
from .attention import record_attention, select_layers
from .attention_figure import draw_attention
from .comparison import draw_comparison
from .contact_sheet import Tile, draw_contact_sheet, draw_overlay
from .panel import draw_grid, draw_panel, paint
from .panel_hook import PanelHook

__all__ = [
    'PanelHook', 'Tile', 'draw_attention', 'draw_comparison',
    'draw_contact_sheet', 'draw_grid', 'draw_overlay',
    'draw_panel', 'paint', 'record_attention', 'select_layers'
]
