"""Take what a distilled model has to know of its teacher first."""
from collections.abc import Iterator

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor

from mmseg_ext.engine.wrappers import unwrapped

BATCH = 8  # images at once


@HOOKS.register_module()
class CalibrationHook(Hook):
    """Show a ``FeatureDistiller`` some training images before its first step.

    A resumed training has the numbers in its checkpoint.

    Args:
        images: How many, evenly among all.
    """

    def __init__(self, images: int = 48) -> None:
        self.images = images

    def before_train(self, runner) -> None:
        if runner.iter == 0:
            model = unwrapped(runner.model)
            model.calibrate(self._batches(runner, model))

    def _batches(self, runner: Runner, model) -> Iterator[Tensor]:
        loader = runner.train_dataloader
        dataset = loader.dataset
        places = [i * len(dataset) // self.images
                  for i in range(self.images)]
        for first in range(0, self.images, BATCH):
            samples = [dataset[i] for i in places[first:first + BATCH]]
            yield model.data_preprocessor(
                loader.collate_fn(samples))['inputs']
