"""Configs of models whose layers are narrower than the config says."""
from mmengine.config import Config

from .pretrained import remove_pretrained

PRUNED, DISTILLED = 'PrunedEncoderDecoder', 'DistillEncoderDecoder'
TYPES = ('EncoderDecoder', PRUNED, DISTILLED)


def check_type(cfg: Config) -> None:
    """Refuse a config whose segmentor has no form with widths.

    Raises:
        ValueError: If it is none of ``TYPES``.
    """
    kind = (cfg.get('model') or {}).get('type')
    if kind not in TYPES:
        raise ValueError(f'The config\'s model is of type {kind}; those that '
                         f'can be pruned are {", ".join(TYPES)}')


def narrow_model(cfg: Config) -> None:
    """Let a config's model take widths, and start from ``load_from`` alone.

    Pretrained weights have the old widths, and so would an auxiliary head,
    which is of the training alone: both are taken out.

    Raises:
        ValueError: If it is none of ``TYPES``.
    """
    check_type(cfg)
    remove_pretrained(cfg)
    if cfg.model.get('auxiliary_head'):
        cfg.model.auxiliary_head = None
    if cfg.model.type != DISTILLED:
        cfg.model.type = PRUNED
