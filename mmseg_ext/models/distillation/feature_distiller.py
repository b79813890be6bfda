"""A backbone learns the maps of another one."""
from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmseg.registry import MODELS
from torch import Tensor, nn

from .map_matching import as_maps, match_maps
from .renormalization import Renormalization

SMALLEST = 1e-4  # deviation that a channel counts as constant below


@MODELS.register_module()
class FeatureDistiller(BaseModel):
    """Teach a backbone the maps of a pretrained one, without labels.

    ::

        image --> backbone --> map --> 1 x 1 conv --> resize ----+
          |                                                      +-> smooth L1
          +-----> teacher ---> map --> resize --> standardise ---+

    for each map of the teacher, see :func:`match_maps`. What is of the
    backbone alone is an ordinary start for any model that has it. Maps of
    two sizes are compared at the coarser one, by averages over its cells:
    what a token of 16 x 16 pixels cannot hold is not asked of it.

    The teacher stays as it is, in evaluation mode. Its maps are standardised
    by channel, so that all count alike: :meth:`calibrate` has to be called
    before the first step.

    Args:
        backbone: Config of the backbone that learns.
        teacher: Config of the one that it learns from, with weights.
        image_size: Side of images, in pixels, by which strides are found
            out: what the backbone is to be trained with.
        normalization: How the backbone sees its images, arguments of
            :class:`Renormalization`.
        data_preprocessor: How the teacher does: ``mean`` and ``std`` of
            red, green and blue, with ``bgr_to_rgb=True``.
        init_cfg: See mmengine's BaseModule.

    Shape:
        - inputs: (B, 3, H, W), as the data preprocessor returns them
        - output: a list of maps (B, C, H', W') with the channels of the
          teacher's maps, finest first, and the sizes of the backbone's

    Raises:
        ValueError: If the backbone returns no maps, or none that could
            learn one of the teacher's.

    Reference:
        Romero et al., FitNets: Hints for Thin Deep Nets, 2015, section 2.2;
        Heo et al., A Comprehensive Overhaul of Feature Distillation, 2019.
    """

    def __init__(self,
                 backbone: dict,
                 teacher: dict,
                 image_size: int,
                 normalization: Mapping,
                 data_preprocessor: Mapping,
                 init_cfg: Optional[dict | list[dict]] = None) -> None:
        super().__init__(dict(data_preprocessor), init_cfg)
        self.backbone = MODELS.build(backbone)
        self.teacher = MODELS.build(teacher)
        self.teacher.requires_grad_(False)
        self.renormalize = Renormalization(
            known_mean=data_preprocessor['mean'],
            known_std=data_preprocessor['std'], **normalization)
        image = torch.zeros(1, 3, image_size, image_size)
        own = self._probe(self.backbone, self.renormalize(image))
        taught = self._probe(self.teacher, image)
        strides = [[image_size / x.shape[-2] for x in maps]
                   for maps in (own, taught)]
        self.pairs = match_maps(*strides)
        if not self.pairs:
            raise ValueError(
                f'{type(self.backbone).__name__} has maps at strides '
                f'{_list(strides[0])}, and {type(self.teacher).__name__} at '
                f'{_list(strides[1])}: none is near enough to learn')
        self.names = _names([strides[1][place] for _, place in self.pairs])
        self.projections = nn.ModuleList(
            nn.Conv2d(own[i].shape[1], taught[j].shape[1], 1)
            for i, j in self.pairs)
        for number, (_, place) in enumerate(self.pairs):
            shape = 1, taught[place].shape[1], 1, 1
            self.register_buffer(f'mean{number}', torch.zeros(shape))
            self.register_buffer(f'std{number}', torch.ones(shape))

    def forward(self,
                inputs: Tensor,
                data_samples: Optional[Sequence] = None,
                mode: str = 'tensor'):
        """Compare the maps, or return what has become of them.

        Args:
            inputs: See the class.
            data_samples: Of no use.
            mode: 'tensor': the backbone's maps behind their convolutions;
                'loss': a loss for each map of the teacher; 'predict': for
                each image a dict of ``val_loss``, their sum, and
                ``explained``, the per cent of the variance of the teacher's
                maps that the backbone's have, in the mean and for each.
        """
        own = self._own(inputs)
        found = [project(x) for project, x in zip(self.projections, own)]
        if mode == 'tensor':
            return found
        targets = [
            (x.float() - getattr(self, f'mean{i}')) / getattr(self, f'std{i}')
            for i, x in enumerate(self._taught(inputs, own))]
        found = [_resize(x, target).float()
                 for x, target in zip(found, targets)]
        if mode == 'loss':
            return {f'loss_{name}': F.smooth_l1_loss(x, target)
                    for name, x, target in zip(self.names, found, targets)}
        return [self._compare(*pair) for pair in zip(
            zip(*found), zip(*targets))]

    @torch.no_grad()
    def calibrate(self, batches: Iterable[Tensor]) -> None:
        """Take mean and deviation of the teacher's channels.

        Args:
            batches: Of images, see the class.
        """
        training = self.training
        self.eval()  # the backbone tells its sizes, and learns nothing
        sums = [(0.0, 0.0, 0)] * len(self.pairs)
        for inputs in batches:
            sums = [
                (total + x.sum((0, 2, 3)), squares + (x * x).sum((0, 2, 3)),
                 count + x[:, 0].numel())
                for (total, squares, count), x in zip(
                    sums, (x.double() for x in self._taught(
                        inputs, self._own(inputs))))]
        for number, (total, squares, count) in enumerate(sums):
            mean = total / count
            std = (squares / count - mean * mean).clamp(min=0).sqrt()
            # a channel that never changes has nothing to teach
            std[std < SMALLEST] = torch.inf
            for name, value in (('mean', mean), ('std', std)):
                buffer = getattr(self, f'{name}{number}')
                buffer.copy_(value.view_as(buffer))
        self.train(training)

    def train(self, mode: bool = True) -> 'FeatureDistiller':
        """Set the mode; the teacher stays in evaluation."""
        super().train(mode)
        self.teacher.eval()
        return self

    def _own(self, inputs: Tensor) -> list[Tensor]:
        maps = as_maps(self.backbone(self.renormalize(inputs)),
                       type(self.backbone).__name__)
        return [maps[i] for i, _ in self.pairs]

    @torch.no_grad()
    def _taught(self, inputs: Tensor, own: Sequence[Tensor]) -> list[Tensor]:
        maps = as_maps(self.teacher(inputs), type(self.teacher).__name__)
        return [_resize(maps[j], x) for (_, j), x in zip(self.pairs, own)]

    def _compare(self, found: Sequence[Tensor],
                 targets: Sequence[Tensor]) -> dict[str, float]:
        """Return the numbers of one image."""
        loss = sum(float(F.smooth_l1_loss(x, target))
                   for x, target in zip(found, targets))
        explained = [100 - 100 * float(F.mse_loss(x, target))
                     for x, target in zip(found, targets)]
        return dict(
            val_loss=loss, explained=sum(explained) / len(explained),
            **{f'explained_{name}': value
               for name, value in zip(self.names, explained)})

    @staticmethod
    @torch.no_grad()
    def _probe(net: nn.Module, image: Tensor) -> list[Tensor]:
        net.eval()
        maps = as_maps(net(image), type(net).__name__)
        net.train()
        return maps


def _resize(x: Tensor, like: Tensor) -> Tensor:
    """Average a map over the cells of another that is coarser."""
    size = tuple(map(min, x.shape[2:], like.shape[2:]))
    return x if x.shape[2:] == size else F.adaptive_avg_pool2d(x, size)


def _names(strides: Sequence[float]) -> list[str]:
    """Return a name for each map: its stride, and which of several."""
    rounded = [f'{stride:.0f}' for stride in strides]
    return [name if rounded.count(name) == 1 else
            f'{name}_{rounded[:i].count(name)}'
            for i, name in enumerate(rounded)]


def _list(strides: Sequence[float]) -> str:
    return ', '.join(f'{stride:.0f}' for stride in strides)
