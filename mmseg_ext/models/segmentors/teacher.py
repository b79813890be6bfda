"""A trained segmentor that another one learns from."""
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import DATASETS, MODELS
from torch import Tensor, nn

from mmseg_ext.basics.config_files import read_config
from mmseg_ext.basics.sections import data_sets
from mmseg_ext.models.distillation.map_matching import as_maps
from mmseg_ext.models.distillation.renormalization import Renormalization

PROBE = 64  # side of the image by which channels are found out, in pixels


class Teacher:
    """Logits and features of a trained segmentor, for the student's images.

    No module: a model that holds it has none of its weights, and a copy of
    that model shares it. The segmentor is built when it is first asked, in
    evaluation mode, without a change to the random numbers of a training.

    Args:
        config: Its config file, or ``package::path``.
        checkpoint: File of its weights, read as data.
    """

    def __init__(self, config: str, checkpoint: str) -> None:
        self.config = config
        self.checkpoint = checkpoint
        self.classes: Optional[tuple[str, ...]] = None
        self._model: Optional[EncoderDecoder] = None

    def __deepcopy__(self, memo: dict) -> 'Teacher':
        return self  # it never changes

    def load(self) -> EncoderDecoder:
        """Return the segmentor, built and loaded once.

        Raises:
            FileNotFoundError: If its config or its checkpoint is missing.
            ValueError: If the weights are another model's, or it has no
                logits.
        """
        if self._model is not None:
            return self._model
        # not above: the engine imports models
        from mmseg_ext.engine.trained import load_trained
        try:
            cfg = self._read()
            with _same_random_numbers():
                model = load_trained(cfg, self.checkpoint)
        except (FileNotFoundError, ValueError) as error:
            raise type(error)(f'The teacher: {error}') from error
        if not isinstance(model, EncoderDecoder):
            raise ValueError(
                f'The teacher, {self.config}, is a {type(model).__name__}: '
                'an EncoderDecoder is needed, with logits to learn')
        meta = CheckpointLoader.load_checkpoint(
            self.checkpoint, 'cpu', logger='silent').get('meta') or {}
        classes = ((meta.get('dataset_meta') or {}).get('classes')
                   or meta.get('CLASSES')  # as MMSegmentation 0.x wrote it
                   or _classes_of(cfg))
        self.classes = tuple(classes) if classes else None
        self._model = model.requires_grad_(False)
        return model

    def channels(self, index: int) -> Optional[int]:
        """Return the channels of a feature; None where there is no config.

        Args:
            index: Of the decode head's inputs.
        """
        # not above: the engine imports models
        from mmseg_ext.engine.pretrained import remove_pretrained
        try:
            cfg = self._read()
        except FileNotFoundError:  # it is not needed to test the student
            return None
        remove_pretrained(cfg)
        with _same_random_numbers():
            return feature_channels(MODELS.build(cfg.model), index)

    @torch.no_grad()
    def __call__(self, images: Tensor, preprocessor: nn.Module
                 ) -> tuple[Tensor, Sequence[Tensor]]:
        """Return logits and the decode head's inputs.

        Args:
            images: As the student sees them.
            preprocessor: The student's, which tells how that is.

        Shape:
            - images: (B, 3, H, W)
            - output: logits (B, C, h, w) of the very image; features of the
              image, padded to what the teacher can divide

        Raises:
            ValueError: If the teacher's head returns no logits.
        """
        model = self.load()
        if next(model.parameters()).device != images.device:
            model.to(images.device)
        own = model.data_preprocessor
        images = renormalize(images.float(), preprocessor, own)
        size = images.shape[2:]
        divisor = (own.size_divisor
                   or (own.test_cfg or {}).get('size_divisor') or 1)
        height, width = (-length % divisor for length in size)
        images = F.pad(images, (0, width, 0, height), value=own.pad_val)
        features = model.extract_feat(images)
        if isinstance(model.decode_head, nn.ModuleList):  # a cascade
            shape = tuple(images.shape[2:])
            meta = dict(ori_shape=shape, img_shape=shape, pad_shape=shape)
            logits = model.encode_decode(images, [meta] * len(images))
        else:
            logits = model.decode_head.forward(features)
        if not isinstance(logits, Tensor) or logits.ndim != 4:
            raise ValueError(
                f'The teacher, {self.config}, has a decode head of type '
                f'{type(model.decode_head).__name__}, which returns no '
                'logits of the classes (B, C, H, W)')
        if height or width:
            logits = F.interpolate(
                logits.float(), images.shape[2:], mode='bilinear',
                align_corners=model.align_corners)
            logits = logits[..., :size[0], :size[1]]
        return logits, features

    def _read(self) -> Config:
        return read_config(self.config)


def _classes_of(cfg: Config) -> Optional[Sequence[str]]:
    """Return the names of the classes of a config's first data set."""
    for section in data_sets(cfg):
        metainfo = section.get('metainfo') or getattr(
            DATASETS.get(section['type']), 'METAINFO', {})
        if metainfo.get('classes'):
            return metainfo['classes']
    return None


def renormalize(images: Tensor, known: nn.Module,
                wanted: nn.Module) -> Tensor:
    """Normalise images anew, as another network's preprocessor does.

    Args:
        images: (B, 3, H, W), by the preprocessor ``known``.
        known: SegDataPreProcessor that made them.
        wanted: SegDataPreProcessor as which to make them.
    """
    means, stds = ([
        getattr(which, name).flatten().tolist()
        if hasattr(which, name) else [value] * 3 for which in (known, wanted)]
        for name, value in (('mean', 0.0), ('std', 1.0)))
    same_order = known.channel_conversion == wanted.channel_conversion
    if same_order and means[0] == means[1] and stds[0] == stds[1]:
        return images
    # here the known order may be blue first, and what is wanted the same one
    return Renormalization(means[0], stds[0], means[1], stds[1],
                           to_rgb=same_order).to(images.device)(images)


@torch.no_grad()
def feature_channels(model: EncoderDecoder, index: int) -> int:
    """Return the channels of one of the decode head's inputs.

    Args:
        model: Any segmentor; its mode stays.
        index: Of the input.

    Raises:
        ValueError: If there is no such input.
    """
    training = model.training
    device = next(model.parameters()).device
    model.eval()
    features = model.extract_feat(torch.zeros(1, 3, PROBE, PROBE,
                                              device=device))
    model.train(training)
    maps = as_maps(features, type(model.backbone).__name__)
    if not -len(maps) <= index < len(maps):
        raise ValueError(
            f'There is no input {index} of the decode head: '
            f'{type(model.backbone).__name__} gives {len(maps)}')
    return maps[index].shape[1]


@contextmanager
def _same_random_numbers():
    """Put the random generators back: a resumed training repeats them."""
    # not above: the engine imports models
    from mmseg_ext.engine.random_states import (
        random_states,
        set_random_states,
    )
    states = random_states()
    try:
        yield
    finally:
        set_random_states(states)
