"""Pictures of micrographs, truth and predictions."""
from .comparison import draw_comparison
from .panel import draw_grid, draw_panel, paint
from .panel_hook import PanelHook

__all__ = [
    'PanelHook', 'draw_comparison', 'draw_grid', 'draw_panel', 'paint'
]
