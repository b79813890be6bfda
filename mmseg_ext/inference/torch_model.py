"""A segmentor of MMSegmentation as images in, logits out."""
import hashlib
import json
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from mmengine.config import Config
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_ext.basics.colours import MASK_COLOURS
from mmseg_ext.basics.intensity import MATCH, IntensityMatch
from mmseg_ext.basics.sections import sections
from mmseg_ext.engine import load_config
from mmseg_ext.engine.intensity_hook import saved_intensities
from mmseg_ext.engine.trained import load_trained_and_meta

from .predictor import LogitModel
from .run_record import describe_preparation
from .windows import Windows


class TorchModel(LogitModel):
    """A config's segmentor with the weights of a training.

    Images are scaled, normalized and padded as the config does it for
    testing, and the logits are those of testing, at the image's own size. A
    config that tests in windows (``test_cfg.mode='slide'``) gives its
    windows' size and overlap to the tiles.

    A head of one channel becomes two: its threshold and its probability.

    Args:
        cfg: Config, or its file.
        checkpoint: File of the weights, read as data.
        device: Such as 'cpu' or 'cuda:1'; None: the GPU if there is one.

    Attributes:
        windows: Windows in which the config tests; None: whole images.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the config's model is no segmentor or has another
            number of classes than its data set, or the weights do not fit.
    """

    def __init__(self,
                 cfg: Config | str,
                 checkpoint: str,
                 device: Optional[str] = None) -> None:
        if not isinstance(cfg, Config):
            cfg = load_config(str(cfg))
        dataset = _test_set(cfg)
        self.weights = str(checkpoint)
        self.classes, self.palette = _classes_and_palette(dataset)
        self.bit_depth = dataset.get('bit_depth')
        band = dataset.get('info_band')
        self.crop_bottom = band if isinstance(band, int) else 0
        # before anything is built of it
        digest = hashlib.sha256(json.dumps(
            cfg.model.to_dict(), sort_keys=True, default=str).encode())
        self.model, meta = load_trained_and_meta(cfg, self.weights)
        self.intensities = saved_intensities(meta, self.weights)
        if device is not None:
            self.model.to(device)
        self._check()
        steps = [step for step in dataset.pipeline
                 if not step['type'].startswith('Load')]
        shown = [step for step in steps if step['type'] != 'PackSegInputs']
        self.match, steps = _take_match(steps)
        self.resizes = any('Resize' in step['type'] for step in steps)
        self.steps = [TRANSFORMS.build(step) for step in steps]
        if cfg.filename:
            self.config_and_checkpoint = str(cfg.filename), self.weights
        self.windows = _find_windows(self.model.test_cfg or {})
        if self.windows:
            self.tiling = self.windows.tiling()
        self.details = dict(
            config=Path(cfg.filename or '').name,
            model_sha256=digest.hexdigest(),
            **describe_preparation(shown, self.windows))

    def _check(self) -> None:
        if not isinstance(self.model, BaseSegmentor):
            raise ValueError(f"The config's model is a "
                             f'{type(self.model).__name__}; a segmentor is '
                             'needed')
        found = self.model.decode_head
        head = found[-1] if isinstance(found, torch.nn.ModuleList) else found
        if head.num_classes != len(self.classes):
            raise ValueError(
                f'The model has {head.num_classes} classes, the config\'s '
                f'test data {len(self.classes)} ({", ".join(self.classes)}): '
                'name those of the model in metainfo')
        self.threshold = getattr(head, 'threshold', None)

    @torch.no_grad()
    def logits(self, batch: np.ndarray) -> np.ndarray:
        samples = [self.prepare(image) for image in batch]
        data = {key: [sample[key] for sample in samples]
                for key in ('inputs', 'data_samples')}
        data = self.model.data_preprocessor(data, False)
        results = self.model.predict(data['inputs'], data['data_samples'])
        found = torch.stack([result.seg_logits.data for result in results])
        if found.shape[1] == 1:  # mmseg has taken the sigmoid of it
            found = torch.cat(
                [torch.full_like(found, self.threshold), found], dim=1)
        return found.float().cpu().numpy()

    def prepare(self, image: np.ndarray) -> dict:
        """Do what the config's test pipeline does after loading.

        But for ``match``, which goes by the whole image.
        """
        sample = dict(
            img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        for step in self.steps:
            sample = step(sample)
        return sample


def _take_match(steps: list[dict]
                ) -> tuple[Optional[IntensityMatch], list[dict]]:
    """Take out of a pipeline what matches intensities."""
    places = [i for i, step in enumerate(steps)
              if step['type'] == MATCH]
    if not places:
        return None, steps
    if places != [0]:
        raise ValueError(f'The test pipeline has {MATCH} behind '
                         f'{steps[places[-1] - 1]["type"]}: it has to come '
                         'once, directly behind the loading of images')
    first, *others = steps
    return IntensityMatch(**{key: value for key, value in first.items()
                             if key != 'type'}), others


def _test_set(cfg: Config) -> dict:
    """Return the test set's config, out of any wrappers."""
    loader = cfg.get('test_dataloader') or {}
    for section in sections(loader.get('dataset')):
        if 'pipeline' in section:
            return section
    raise ValueError('The config has no test_dataloader with a data set: its '
                     'pipeline says how images are prepared, its metainfo '
                     'what the classes are called')


def _classes_and_palette(dataset: dict) -> tuple[tuple[str, ...], list]:
    """Return the names and the colours of a data set's classes."""
    given = dict(dataset.get('metainfo') or {})
    own = DATASETS.get(dataset['type']).METAINFO
    classes = tuple(given.get('classes') or own.get('classes') or ())
    palette = given.get('palette')
    if palette is None and 'classes' not in given:
        palette = own.get('palette')
    if palette is None:
        palette = MASK_COLOURS
    if len(palette) < len(classes):
        raise ValueError(f'The config names {len(classes)} classes and '
                         f'{len(palette)} colours: give the palette in '
                         'metainfo')
    return classes, [[int(value) for value in colour]
                     for colour in palette[:len(classes)]]


def _find_windows(test_cfg: dict) -> Optional[Windows]:
    if test_cfg.get('mode') != 'slide':
        return None
    return Windows(tuple(test_cfg['crop_size']), tuple(test_cfg['stride']))
