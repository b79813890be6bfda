"""Pictures of micrographs, truth, predictions and attention."""
from .attention import record_attention, select_layers
from .attention_figure import draw_attention
from .comparison import draw_comparison
from .panel import draw_grid, draw_panel, paint
from .panel_hook import PanelHook

__all__ = [
    'PanelHook', 'draw_attention', 'draw_comparison', 'draw_grid',
    'draw_panel', 'paint', 'record_attention', 'select_layers'
]
