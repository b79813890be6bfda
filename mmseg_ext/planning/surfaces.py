"""A plan for the published layouts of defects on surfaces."""
import os.path as osp
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Optional

import numpy as np
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_ext.basics.image_files import read_size
from mmseg_ext.basics.mask_files import decode_mask
from mmseg_ext.basics.splits import SPLITS
from mmseg_ext.engine.budget import Schedule

from .choices import Choice, in_windows, value_of
from .config_text import BASE, model_lines, reason_lines, window_lines
from .models import Start
from .source import Source

TYPES = dict(mvtec_ad='MVTecADDataset', ksdd2='KSDD2Dataset')
CROPS = dict(cpu=(128, 112), cuda=(256, 224))  # KolektorSDD2's, of its bases
BALANCED = 0.35  # fraction of defective images from which on chance will do
# Fraction of an image from which on a defect is no spot but a part that is
# displaced or missing; MVTec AD's misplaced transistors cover 0.4 to 0.5.
LARGE = 0.25
LOADING = ("dict(type='LoadCheckedImageFromFile')",
           "dict(type='LoadBinaryAnnotations')")


@dataclass(frozen=True)
class SurfaceFacts:
    """What is noted of surfaces.

    Attributes:
        classes: Names of the two classes.
        clean: Part -> number of its clean images.
        defective: The same of the defective ones.
        sizes: (height, width) -> number of images.
        defect_pixels: Fraction of a defective training image that is a
            defect: smallest, median, largest.
    """
    classes: tuple[str, str]
    clean: dict[str, int]
    defective: dict[str, int]
    sizes: dict[tuple[int, int], int]
    defect_pixels: tuple[float, float, float]

    def record(self) -> dict:
        """Return what plan.json holds of it."""
        sizes = {f'{height}x{width}': number
                 for (height, width), number in self.sizes.items()}
        return dict(vars(self), classes=list(self.classes), sizes=sizes)


def take_surface_facts(
        source: Source, seed: int = 0,
        show: Callable[[int, int], None] = lambda done, all: None
) -> SurfaceFacts:
    """Read the masks of a set of surfaces and note what it is like.

    Args:
        source: See :func:`~.source.find_source`.
        seed: Seed of the parts.
        show: Called with the number of images that are done, and of all.

    Raises:
        OSError: If files are missing.
        ValueError: If files are unreadable, or no image is defective.
    """
    sets = {part: _build_set(source, part, seed) for part in SPLITS}
    clean, defective, sizes, areas = {}, {}, {}, []
    total, done = sum(map(len, sets.values())), 0
    for part, images in sets.items():
        clean[part] = defective[part] = 0
        for i in range(len(images)):
            info = images.get_data_info(i)
            size = read_size(info['img_path'])
            sizes[size] = sizes.get(size, 0) + 1
            mask = info.get('seg_map_path')
            area = (decode_mask(mask) > 0).mean() if mask else 0.0
            if area:
                defective[part] += 1
                areas += [float(area)] if part == 'train' else []
            else:
                clean[part] += 1
            done += 1
            show(done, total)
    if not areas:
        raise ValueError(f'{source.root}: no image to train on is defective, '
                         'there is nothing to learn')
    return SurfaceFacts(
        tuple(sets['train'].metainfo['classes']), clean, defective,
        dict(sorted(sizes.items())),
        (min(areas), float(np.median(areas)), max(areas)))


def surface_images(source: Source, seed: int = 0) -> list[str]:
    """Return the paths of all images but those of the test part."""
    return [images.get_data_info(i)['img_path']
            for images in (_build_set(source, part, seed)
                           for part in SPLITS if part != 'test')
            for i in range(len(images))]


def tested_images(source: Source, seed: int = 0) -> str:
    """Return a folder of test images, or one where masks lie beside them."""
    image = _build_set(source, 'test', seed).get_data_info(0)['img_path']
    return image if source.kind == 'ksdd2' else osp.dirname(image)


def _build_set(source: Source, part: str, seed: int) -> BaseSegDataset:
    return DATASETS.build(dict(
        type=TYPES[source.kind], data_root=source.root, split=part, seed=seed,
        pipeline=[], **source.options))


def choose_surface_model(facts: SurfaceFacts) -> Choice:
    """Choose full resolution, or a large receptive field for large defects.
    """
    largest = facts.defect_pixels[2]
    if largest > LARGE:
        return Choice('model', 'segformer', f'a defect covers '
                      f'{100 * largest:.0f} % of its image: what is displaced '
                      'or missing needs a large receptive field')
    return Choice('model', 'unet', 'defects are small: the largest covers '
                  f'{100 * largest:.2g} % of its image')


def choose_for_surfaces(source: Source, facts: SurfaceFacts, device: str,
                        windowed: bool = False) -> list[Choice]:
    """Decide what depends on the data.

    Args:
        source: The set.
        facts: What it is like.
        device: 'cpu' or 'cuda'.
        windowed: Whether the model predicts windows as large as its crops.
    """
    clean, defective = facts.clean['train'], facts.defective['train']
    fraction = defective / (clean + defective)
    median = 100 * facts.defect_pixels[1]
    parts = {part: facts.clean[part] + facts.defective[part]
             for part in SPLITS}
    balanced = fraction < BALANCED
    return [
        Choice('classes', facts.classes, 'as the data set has them'),
        Choice('parts', parts, 'dealt out by defect type, 6:2:2'
               if source.kind == 'mvtec_ad' else
               'test as published; of train 15 % validate'),
        Choice('sampler', 'DefectBalancedSampler' if balanced else
               'InfiniteSampler', f'{defective} of {clean + defective} images '
               'to train on are defective' + (
                   ', and half of a batch shall be' if balanced else '')),
        Choice('crops', 'defect', 'half of them hold a part of a defect: the '
               f'median defective image is so on {median:.2g} % of its '
               'pixels'),
        Choice('batch', dict(cpu=4, cuda=16)[device], 'crops a step'),
        # MVTec AD's images are as large as the crops
        *(in_windows(CROPS[device])
          if windowed and source.kind == 'ksdd2' else ()),
    ]


def surface_config(source: Source, facts: SurfaceFacts, start: Start,
                   choices: list[Choice], schedule: Schedule, seed: int,
                   device: str,
                   pretraining: Optional[Mapping] = None) -> str:
    """Return the text of a config.

    Args:
        source: The set.
        facts: What it is like.
        start: The model, and the weights it starts from.
        choices: What was decided.
        schedule: How long to train.
        seed: Of the parts and of the training.
        device: 'cpu' or 'cuda'.
        pretraining: Options of tools/pretrain.py, where that comes first.
    """
    base = source.kind + '_small' * (device == 'cpu')
    options = [f'data_root={osp.abspath(source.root)!r}', f'seed={seed}',
               *(f'{key}={value!r}' for key, value in source.options.items())]
    defect = round(facts.defect_pixels[1], 4)
    sampler = value_of(choices, 'sampler')
    shuffle = ', shuffle=True' if sampler == 'InfiniteSampler' else ''
    lines = [
        f'# Made by mmseg-ext plan of {source.root}. Edit it as any config.',
        '_base_ = [',
        f"    '{BASE}/models/{start.base}.py',",
        f"    '{BASE}/datasets/{base}.py',",
        f"    '{BASE}/schedules/{start.schedule}.py',",
        f"    '{BASE}/default_runtime.py'",
        ']',
        f'surfaces = dict({", ".join(options)})',
        *_pipeline(source, choices),
        *reason_lines(choices, 'sampler'),
        'train_dataloader = dict(',
        f'    batch_size={value_of(choices, "batch")},',
        f"    sampler=dict(_delete_=True, type='{sampler}'{shuffle}),",
        '    dataset=dict(pipeline=train_pipeline, **surfaces))'
        if source.kind == 'mvtec_ad' else '    dataset=surfaces)',
        'val_dataloader = dict(dataset=surfaces)',
        'test_dataloader = dict(dataset=surfaces)',
        *reason_lines(choices, 'model', 'start'),
        "# a defect's pixel counts as ten",
        *model_lines(start, choices, 2, "type='CrossEntropyDiceLoss', "
                     'class_weight=[1.0, 10.0]', pretraining),
        *window_lines(choices),
        '# what part of a defective image is a defect, for the first guess',
        'custom_hooks = [',
        f"    dict(type='ClassPriorHook', prior=({1 - defect:.4f},"
        f' {defect:.4f})),',
        "    dict(type='ThresholdHook'),",
        ']',
        *reason_lines(choices, 'steps'),
        f'train_cfg = dict(max_iters={schedule.steps}, '
        f'val_interval={schedule.interval})',
        f'default_hooks = dict(checkpoint=dict(interval={schedule.interval}))',
        f'randomness = dict(seed={seed})',
    ]
    return '\n'.join(lines) + '\n'


def _pipeline(source: Source, choices: list[Choice]) -> list[str]:
    """Return the training pipeline where the base crops at random."""
    if source.kind != 'mvtec_ad':  # its base crops defects, and flips
        return []
    return [
        'train_pipeline = [',
        *(f'    {step},' for step in LOADING),
        "    dict(type='RandomResize', scale=(256, 256), "
        'ratio_range=(1.0, 1.25)),',
        *reason_lines(choices, 'crops', indent='    '),
        "    dict(type='DefectCrop', crop_size=(256, 256), defect_prob=0.5),",
        '    # no flips: a mirrored metal_nut is one of its defects',
        "    dict(type='PhotoMetricDistortion'),",
        "    dict(type='PackSegInputs', meta_keys={{_base_.meta_keys}}),",
        ']',
    ]
