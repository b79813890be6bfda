"""What few-shot matching has to be better than: rows that are no matchers."""
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Optional

import numpy as np
import torch
from mmengine.dataset import Compose, pseudo_collate
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.config_files import read_config
from mmseg_ext.basics.extras import require_extra
from mmseg_ext.basics.shipped import shipped
from mmseg_ext.inference.few_shot import CAP, FrozenEncoder, Labelled
from mmseg_ext.labeling import ContrastSegmenter, find_points, select_mask

from .few_shot import Learner

UNET = '_base_/models/unet_efficientnet-lite0.py'
BATCH, WARM_UP = 4, 50
LAYERS = ('fine', 'coarse')  # of PatchCore, which adds them up


def unet_row(steps: int = 300,
             seconds: Optional[float] = None,
             config: Optional[str] = None,
             seed: int = 0,
             device: Optional[str] = None) -> Learner:
    """Return a row that trains a U-Net on the images that are shown.

    Batches of four, half of them good images if there are some; as
    configs/mvtec_ad/unet_efficientnet-lite0_mvtec.py otherwise.

    Args:
        steps: Of the training.
        seconds: End it before by the clock; None: do not.
        config: With the model; None: U-Net over the packaged encoder, from
            ImageNet weights.
        seed: Of all that is drawn.
        device: Such as 'cpu'; None: the GPU if there is one.
    """
    check_at_least(1, steps=steps)
    config = config or str(shipped('configs') / UNET)

    def learn(outlined: Sequence[Labelled], good: Sequence[Labelled]):
        init_default_scope('mmseg')
        set_random_seed(seed)
        cfg = read_config(config).model
        cfg.decode_head.update(num_classes=2, loss_decode=dict(
            type='CrossEntropyDiceLoss', class_weight=[1.0, 10.0]))
        model = revert_sync_batchnorm(MODELS.build(cfg))
        with _quiet():
            model.init_weights()
        model.to(device or get_device()).train()
        _train(model, outlined, good, steps, seconds)
        return _margins_of(model.eval()), np.nan
    return learn


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep mmengine from telling how each weight is initialised."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _train(model: nn.Module, outlined: Sequence[Labelled],
           good: Sequence[Labelled], steps: int,
           seconds: Optional[float]) -> None:
    height, width = outlined[0].image.shape[:2]
    augment = Compose([
        dict(type='RandomResize', scale=(width, height),
             ratio_range=(1.0, 1.25)),
        dict(type='RandomCrop', crop_size=(height, width)),
        dict(type='PhotoMetricDistortion'),
        dict(type='PackSegInputs', meta_keys=())])
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3,
                                  weight_decay=0.01)
    begun = time.monotonic()
    for step in range(steps):
        if seconds is not None and time.monotonic() - begun > seconds:
            break
        for group in optimizer.param_groups:
            group['lr'] = 1e-3 * (1 - step / steps) * min(
                1, (step + 1) / WARM_UP)
        chosen = [(good if good and i % 2 else outlined) for i in range(BATCH)]
        batch = pseudo_collate([
            augment(_as_sample(images[np.random.randint(len(images))]))
            for images in chosen])
        losses = model(**model.data_preprocessor(batch, True), mode='loss')
        loss, _ = model.parse_losses(losses)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def _as_sample(one: Labelled) -> dict:
    mask = (np.zeros(one.image.shape[:2], np.uint8) if one.mask is None else
            one.mask.copy())
    return dict(img=one.image.copy(), gt_seg_map=mask,
                seg_fields=['gt_seg_map'], img_shape=mask.shape,
                ori_shape=mask.shape)


def _margins_of(model: nn.Module) -> Callable[[np.ndarray], np.ndarray]:
    @torch.no_grad()
    def margins(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        data = dict(
            inputs=[torch.from_numpy(
                np.ascontiguousarray(image.transpose(2, 0, 1)))],
            data_samples=[SegDataSample()])
        x = model.data_preprocessor(data, False)['inputs']
        meta = dict(img_shape=tuple(x.shape[2:]))
        logits = model.encode_decode(x, [meta])[0, :, :height, :width]
        return (logits[1] - logits[0]).cpu().numpy()
    return margins


def contrast_row(matcher: Learner) -> Learner:
    """Return a row whose outlines are of ``label_images``' segmenter.

    What a matcher finds takes the place of a classifier's activation map:
    what stands out there from the surface around it is the defect. The
    image's score stays the matcher's.

    Args:
        matcher: Row of a matcher.
    """
    segmenter = ContrastSegmenter()

    def learn(outlined: Sequence[Labelled], good: Sequence[Labelled]):
        found, left_out = matcher(outlined, good)

        def margins(image: np.ndarray) -> np.ndarray:
            scores = found(image)
            cam = scores.clip(0)
            points = find_points(cam, 5)
            candidate, _ = select_mask(segmenter.segment(
                np.ascontiguousarray(image[..., ::-1]), points, cam), points)
            if candidate is None:
                return np.minimum(scores, 0)
            # a part of the outline that the matcher missed comes last
            return np.where(candidate.mask, cam + 1e-6, np.minimum(scores, 0))
        return margins, left_out
    return learn


def patchcore_row(encoder: FrozenEncoder,
                  strides: tuple[int, int] = (8, 16),
                  coreset: Optional[float] = None) -> Learner:
    """Return a row of anomalib's PatchCore, shown the good images alone.

    The threshold is the highest distance of a good image to the others, as
    that of the row 'one-class'; a single one is compared with itself.

    Args:
        encoder: Whose backbone PatchCore looks through.
        strides: Of the two maps that it takes.
        coreset: Fraction of the cells that it keeps, 0.1 in the paper; None:
            all, up to as many as the matchers keep, for a tenth of a few
            images is little.

    Raises:
        ImportError: If anomalib is missing.
        ValueError: If the backbone has no such maps.

    Reference:
        Roth et al., Towards Total Recall in Industrial Anomaly Detection,
        2022; anomalib 2.7, models/image/patchcore/torch_model.py.
    """
    require_extra('anomalib.models.image.patchcore.torch_model', 'patchcore')
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

    maps = _TwoMaps(encoder, strides)

    @torch.no_grad()
    def fit(good: Sequence[Labelled]) -> nn.Module:
        # its own backbone, which has to be one, is replaced
        model = PatchcoreModel(['layer2', 'layer3'], 'resnet18', False)
        model.layers, model.feature_extractor = LAYERS, maps
        model.to(encoder.device).train()
        for one in good:
            model(encoder.prepare(one.image))
        cells = torch.vstack(model.embedding_store)
        fraction = coreset or min(CAP / len(cells), 1)
        if fraction < 1:
            model.subsample_embedding(fraction)
        else:  # without looking for the order in which it would take them
            model.memory_bank = cells
            model.embedding_store.clear()
        return model.eval()

    def learn(outlined: Sequence[Labelled], good: Sequence[Labelled]):
        if not good:
            raise ValueError('PatchCore learns from good images, and there '
                             'are none')
        set_random_seed(0)
        model = fit(good)
        left_out = [(fit([*good[:i], *good[i + 1:]]) if len(good) > 1 else
                     model, one) for i, one in enumerate(good)]
        threshold = max(float(_distances(other, encoder, one.image).max())
                        for other, one in left_out)

        def margins(image: np.ndarray) -> np.ndarray:
            return _distances(model, encoder, image) - threshold
        return margins, np.nan
    return learn


@torch.no_grad()
def _distances(model: nn.Module, encoder: FrozenEncoder,
               image: np.ndarray) -> np.ndarray:
    found = model(encoder.prepare(image)).anomaly_map
    return found.view(found.shape[-2:]).cpu().numpy()


class _TwoMaps(nn.Module):
    """Two maps of an encoder, as PatchCore takes them."""

    def __init__(self, encoder: FrozenEncoder,
                 strides: tuple[int, int]) -> None:
        super().__init__()
        self.backbone = encoder.backbone
        there = encoder.strides
        lacking = [stride for stride in strides if stride not in there]
        if lacking:
            raise ValueError(
                f'PatchCore wants maps of the strides {strides}; those of '
                f'{encoder.name} are {", ".join(f"{one:g}" for one in there)}')
        self.indices = [max(i for i, one in enumerate(there) if one == stride)
                        for stride in strides]

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = self.backbone(x)
        return {name: maps[i] for name, i in zip(LAYERS, self.indices)}
