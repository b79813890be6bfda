"""Pictures of micrographs, truth and predictions."""
from .panel import draw_panel, paint
from .panel_hook import PanelHook

__all__ = ['PanelHook', 'draw_panel', 'paint']
