"""Show what a model that adapts makes of its target, while it is trained."""
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmseg.registry import HOOKS, TRANSFORMS

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.colours import blend
from mmseg_ext.basics.legend_strip import LETTERS, add_strip
from mmseg_ext.basics.png_files import write_png_atomically
from mmseg_ext.basics.sections import sections
from mmseg_ext.datasets.source_target import (
    SourceTargetDataset,
    unlabeled_pipeline,
)
from mmseg_ext.datasets.transforms import CropBottom
from mmseg_ext.engine.harmless_hook import HarmlessHook
from mmseg_ext.engine.modes import evaluating
from mmseg_ext.engine.wrappers import unwrapped

from .contact_sheet import Tile, draw_contact_sheet

PICTURE = 'target.png'
SIZE = 640  # longer side of image | overlay, in pixels


@HOOKS.register_module()
class TargetHook(HarmlessHook):
    """Write ``target.png`` to the work directory at each validation.

    It shows images of a SourceTargetDataset's target, spread over its sorted
    list and the same ones in the whole training, a resumed one included, and
    over each what the model predicts: of the weights that a checkpoint has
    then, so those of ``--ema``, and never those of a teacher. There is no
    other sight of the target, of which no masks are needed. The images are
    prepared as those of the validation are.

    Without effect on a training of other data. It never ends a training:
    what keeps it from drawing is said once.

    Args:
        images: How many of them.
    """

    # behind the curves' start, but before --ema takes back its weights
    priority = 'ABOVE_NORMAL'
    what = f'{PICTURE} cannot be drawn'

    def __init__(self, images: int = 8) -> None:
        super().__init__()
        check_at_least(1, images=images)
        self.images = images
        self._dataset: Optional[SourceTargetDataset] = None

    def before_train(self, runner) -> None:
        dataset = runner.train_dataloader.dataset
        self._dataset = (dataset if isinstance(dataset, SourceTargetDataset)
                         and is_main_process() else None)
        if self._dataset is not None and runner.iter == 0:
            # that of another training
            Path(runner.work_dir, PICTURE).unlink(missing_ok=True)

    def after_val_epoch(self, runner, metrics: Optional[dict] = None) -> None:
        if self._dataset is not None:
            self.attempt(self._draw, runner)

    def _draw(self, runner) -> None:
        samples = self._samples()
        palette = self._dataset.metainfo['palette']
        before, after = _steps(runner, self._dataset)
        model, tiles = unwrapped(runner.model), []
        with evaluating(model):
            for sample in samples:
                image, labels = _predict(model, sample, before, after)
                tiles.append(Tile(
                    np.hstack([image, blend(image, labels, palette)]),
                    [Path(sample['img_path']).name]))
        sheet = draw_contact_sheet(
            tiles, f'{len(tiles)} of {len(self._dataset.target)} images of '
            f'the target after iteration {runner.iter}', SIZE)
        write_png_atomically(
            Path(runner.work_dir, PICTURE),
            add_strip(sheet, self._dataset.metainfo['classes'], palette,
                      size=LETTERS))

    def _samples(self) -> list[dict]:
        """Return what a pipeline is handed, of images of the target."""
        first = len(self._dataset.source)
        places = sorted(
            range(first, len(self._dataset)),
            key=lambda i: self._dataset.get_data_info(i)['img_path'])
        chosen = np.linspace(0, len(places) - 1,
                             min(self.images, len(places))).round()
        return [self._dataset.get_data_info(places[int(i)]) for i in chosen]


def _steps(runner, dataset: SourceTargetDataset) -> tuple[list, list]:
    """Return a validation's steps up to the image as it is, and the others.
    """
    pipeline = next(
        section['pipeline']
        for section in sections(runner.cfg.val_dataloader['dataset'])
        if 'pipeline' in section)
    crop = any(isinstance(step, CropBottom)
               for step in dataset.target.pipeline.transforms)
    steps = unlabeled_pipeline(pipeline, dataset.ignore_index, crop)
    # image files are loaded first, and cropped before all others
    loaded = next(i for i, step in enumerate(steps)
                  if step['type'].startswith('LoadNo'))
    cropped = [step for step in steps[:loaded]
               if step['type'] == 'CropBottom']
    others = [step for step in steps[1:] if step not in cropped]
    return tuple([TRANSFORMS.build(step) for step in part]
                 for part in ([steps[0], *cropped], others))


@torch.no_grad()
def _predict(model: torch.nn.Module, sample: dict, before: Sequence,
             after: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """Return an image (H, W, 3) of a sample, and its class ids (H, W)."""
    sample = dict(sample)
    for step in before:
        sample = step(sample)
    image = sample['img'].copy()
    # of which predictions have the size
    sample['ori_shape'] = image.shape[:2]
    for step in after:
        sample = step(sample)
    result, = model.test_step(dict(inputs=[sample['inputs']],
                                   data_samples=[sample['data_samples']]))
    return image, result.pred_sem_seg.data[0].cpu().numpy()
