"""Models to compare the speed of a config with, and how each is called."""
import copy
import importlib.util
import inspect
from dataclasses import dataclass, replace

import torch.nn.functional as F
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmengine.utils import import_modules_from_strings
from mmseg.models.backbones import MixVisionTransformer
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_ext.basics.sections import sections
from mmseg_ext.engine.model_cost import PixelLogits

# ours -> mmseg's, of the same parameters
STOCK = dict(
    FusedMixVisionTransformer='MixVisionTransformer',
    FusedSegformerHead='SegformerHead')
# (embed_dims, num_layers) -> encoder of segmentation_models_pytorch
SMP_ENCODERS = {
    (32, (2, 2, 2, 2)): 'mit_b0',
    (64, (2, 2, 2, 2)): 'mit_b1',
    (64, (3, 4, 6, 3)): 'mit_b2',
    (64, (3, 4, 18, 3)): 'mit_b3',
    (64, (3, 8, 27, 3)): 'mit_b4',
    (64, (3, 6, 40, 3)): 'mit_b5',
}
INSTALL = dict(
    transformers='pip install transformers',
    segmentation_models_pytorch='pip install segmentation-models-pytorch')
IGNORED = 255


@dataclass(frozen=True)
class Source:
    """What a network is built from, in whatever process.

    Attributes:
        library: 'mmseg', 'transformers' or 'segmentation_models_pytorch'.
        arguments: Config of the segmentor, or the library's arguments.
        num_classes: Channels of its logits.
        imports: Modules to import first, as the config wants it.
    """
    library: str
    arguments: dict
    num_classes: int
    imports: tuple[str, ...] = ()


def source_of(cfg: Config) -> Source:
    """Return the source of a config's own segmentor."""
    model = cfg.model.to_dict()
    head = model['decode_head']
    if isinstance(head, list):
        head = head[-1]
    imports = cfg.get('custom_imports', {}).get('imports', [])
    if isinstance(imports, str):
        imports = [imports]
    return Source('mmseg', model, head['num_classes'], tuple(imports))


def _own_type(section: dict) -> str:
    return str(section.get('type', '')).split('.')[-1]  # without a scope


def stock(source: Source) -> Source:
    """The same model, of mmseg's own modules where ours replace them."""
    model = copy.deepcopy(source.arguments)
    for section in sections(model):
        if _own_type(section) in STOCK:
            section['type'] = STOCK[_own_type(section)]
    return replace(source, arguments=model)


def plain(source: Source) -> Source:
    """The stock model without a neck that has stages for the head.

    Raises:
        ValueError: If the neck does not tell the backbone's channels.
    """
    source = stock(source)
    model = source.arguments
    neck = model.pop('neck', None)
    if neck is not None:
        if 'in_channels' not in neck:
            raise ValueError(f'the neck {_own_type(neck)} has no in_channels: '
                             'the head without it is not known')
        model['decode_head']['in_channels'] = neck['in_channels']
    return source


def _segformer(source: Source) -> tuple[dict, dict]:
    """Return the arguments of a plain SegFormer's encoder and head."""
    model = plain(source).arguments
    found = _own_type(model['backbone']), _own_type(model['decode_head'])
    if found != ('MixVisionTransformer', 'SegformerHead'):
        raise ValueError(f'{" with ".join(found)} is no SegFormer')
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(
            MixVisionTransformer.__init__).parameters.items()
    }
    return {**defaults, **model['backbone']}, model['decode_head']


def huggingface(source: Source) -> Source:
    """SegformerForSemanticSegmentation of the plain SegFormer's size."""
    encoder, head = _segformer(source)
    heads = encoder['num_heads']
    return Source(
        'transformers',
        dict(
            num_channels=encoder['in_channels'],
            num_encoder_blocks=encoder['num_stages'],
            depths=encoder['num_layers'],
            sr_ratios=encoder['sr_ratios'],
            hidden_sizes=[encoder['embed_dims'] * n for n in heads],
            patch_sizes=encoder['patch_sizes'],
            strides=encoder['strides'],
            num_attention_heads=heads,
            mlp_ratios=[encoder['mlp_ratio']] * len(heads),
            hidden_dropout_prob=encoder['drop_rate'],
            attention_probs_dropout_prob=encoder['attn_drop_rate'],
            drop_path_rate=encoder['drop_path_rate'],
            classifier_dropout_prob=head.get('dropout_ratio', 0.1),
            decoder_hidden_size=head['channels'],
            num_labels=source.num_classes,
            semantic_loss_ignore_index=IGNORED), source.num_classes)


def segmentation_models(source: Source) -> Source:
    """segmentation_models_pytorch's Segformer of the plain one's size.

    Raises:
        ValueError: If it is none of MiT-B0 to B5, which are all it has.
    """
    encoder, head = _segformer(source)
    size = encoder['embed_dims'], tuple(encoder['num_layers'])
    if size not in SMP_ENCODERS:
        raise ValueError(
            f'embed_dims={size[0]}, num_layers={list(size[1])}: the library '
            'has MiT-B0 to B5 only')
    return Source(
        'segmentation_models_pytorch',
        dict(
            encoder_name=SMP_ENCODERS[size],
            encoder_weights=None,
            in_channels=encoder['in_channels'],
            decoder_segmentation_channels=head['channels'],
            classes=source.num_classes), source.num_classes)


RIVALS = dict(
    stock=stock, plain=plain, hf=huggingface, smp=segmentation_models)


def missing(source: Source) -> str:
    """Return how to install the library, '' if it is installed."""
    if source.library in INSTALL and not importlib.util.find_spec(
            source.library):
        return (f'{source.library} is not installed: '
                f'{INSTALL[source.library]}')
    return ''


class MmsegNetwork(PixelLogits):
    """A segmentor; its loss is that of all its heads, as mmseg sums it."""

    def loss(self, image: Tensor, labels: Tensor) -> Tensor:
        samples = [
            SegDataSample(
                gt_sem_seg=PixelData(data=mask[None]),
                metainfo=dict(img_shape=mask.shape, ori_shape=mask.shape))
            for mask in labels
        ]
        losses = self.segmentor(image, samples, mode='loss')
        return self.segmentor.parse_losses(losses)[0]


class HuggingFaceNetwork(nn.Module):
    """Its loss enlarges the logits itself; the prediction is enlarged here.

    As its image processor does after the model.
    """

    def __init__(self, arguments: dict) -> None:
        super().__init__()
        from transformers import (
            SegformerConfig,
            SegformerForSemanticSegmentation,
        )
        self.model = SegformerForSemanticSegmentation(
            SegformerConfig(**arguments))

    def forward(self, image: Tensor) -> Tensor:
        return F.interpolate(
            self.model(image).logits,
            image.shape[2:],
            mode='bilinear',
            align_corners=False)

    def loss(self, image: Tensor, labels: Tensor) -> Tensor:
        return self.model(image, labels=labels).loss


class SegmentationModelsNetwork(nn.Module):
    """It returns the logits of all pixels; cross-entropy on them."""

    def __init__(self, arguments: dict) -> None:
        super().__init__()
        from segmentation_models_pytorch import Segformer
        self.model = Segformer(**arguments)

    def forward(self, image: Tensor) -> Tensor:
        return self.model(image)

    def loss(self, image: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(
            self.model(image), labels, ignore_index=IGNORED)


def build_network(source: Source) -> nn.Module:
    """Build a network with random weights.

    Returns:
        Called with an image (B, 3, H, W), it returns the logits
        (B, num_classes, H, W); its ``loss`` takes labels (B, H, W), too, and
        returns a number.
    """
    if source.library == 'transformers':
        return HuggingFaceNetwork(source.arguments)
    if source.library == 'segmentation_models_pytorch':
        return SegmentationModelsNetwork(source.arguments)
    import_modules_from_strings([*source.imports])
    init_default_scope('mmseg')
    return MmsegNetwork(
        revert_sync_batchnorm(MODELS.build(copy.deepcopy(source.arguments))))
