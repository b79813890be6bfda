"""A segmentor that learns from other ones as well as from masks."""
import logging
from collections.abc import Mapping, Sequence
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor, nn

from mmseg_ext.models.distillation.map_matching import as_maps
from mmseg_ext.ops import pixel_accuracy

from .logits import IGNORED, losses_of_labelled, of_two_or_more, resized
from .pruned import PrunedMixin
from .teacher import Teacher, feature_channels
from .training_only import TrainingOnlyConv2d

COMPARED = 10  # batches, after which a teacher that is worse is told
KNOWN = ('loss', 'alpha', 'feature')


class DistillMixin:
    """Add the losses of distillation to an EncoderDecoder's own.

    ::

                     +--> student --> logits s --+--> own losses, alpha
        images ------+                           |
                     +--> teacher --> logits t --+--> KD, 1 - alpha

    The student runs once, its losses and its distillation see the same
    logits. The teacher's are resized to the student's size, bilinearly,
    the labels by nearest. Ignored pixels have no part, but where a whole
    image has no label: there alpha is 0, and the teacher alone is learned,
    in all pixels.

    It changes the training alone: state dict, prediction and export are the
    plain segmentor's, and the teacher is loaded at the first loss.

    Args:
        teacher: ``dict(config=, checkpoint=)`` of a trained segmentor with
            the same classes, in the same order; it may have another
            normalisation, stride or architecture. A list of several: the
            mean of their probabilities is learned. None: not yet known,
            and a training is refused.
        distill: ``loss``: config of a loss on logits, by default
            PixelDistillLoss, None for none; ``alpha``: factor of the
            segmentor's own losses, 0 to 1, by default 0.5; ``feature``:
            ``dict(student_index=-1, teacher_index=-1, weight=1.0)`` to learn
            an input of the teacher's decode head as well, through a 1 x 1
            convolution that is in no state dict.
        *args, **kwargs: Of the segmentor.

    Raises:
        ValueError: If an argument is not among what is allowed; in the
            training, if teacher and student differ in their classes.
        FileNotFoundError: In the training, if the teacher's file is missing.
    """

    def __init__(self,
                 *args,
                 teacher: Optional[Mapping | Sequence[Mapping]] = None,
                 distill: Optional[Mapping] = None,
                 **kwargs) -> None:
        super().__init__(*args, **kwargs)
        teachers = ([] if teacher is None else
                    [teacher] if isinstance(teacher, Mapping) else teacher)
        for one in teachers:
            if {*one} != {'config', 'checkpoint'}:
                raise ValueError(f'teacher has {", ".join(one)}: must be '
                                 'dict(config=FILE, checkpoint=FILE), or a '
                                 'list of such')
        # no modules: neither weights of the student nor in its checkpoints
        self.teachers = [Teacher(**one) for one in teachers]
        distill = dict(distill or {})
        _check_keys('distill', distill, KNOWN)
        self.alpha = distill.get('alpha', 0.5)
        if not 0 <= self.alpha <= 1:
            raise ValueError(f'distill.alpha={self.alpha!r}: must be from 0 '
                             '(the teacher alone) to 1 (the masks alone)')
        loss = distill.get('loss', dict(type='PixelDistillLoss'))
        self.distill_loss = None if loss is None else MODELS.build(loss)
        self._init_feature(distill.get('feature'))
        if self.distill_loss is None and self.feature_loss is None:
            raise ValueError('distill.loss is None and there is no '
                             'distill.feature: give one of them')
        self.classes: Optional[Sequence[str]] = None
        self._accuracies: list[tuple[float, float]] = []
        self._checked = False

    def _init_feature(self, feature: Optional[Mapping]) -> None:
        self.feature_loss = None
        self.align: Optional[nn.Module] = None
        if feature is None:
            return
        if len(self.teachers) > 1:
            raise ValueError('distill.feature is of one teacher, and there '
                             f'are {len(self.teachers)}: leave it away')
        _check_keys('distill.feature', feature,
                    ('student_index', 'teacher_index', 'weight'))
        self.feature_loss = MODELS.build(dict(
            type='FeatureDistillLoss',
            loss_weight=feature.get('weight', 1.0)))
        self.indices = [feature.get(f'{who}_index', -1)
                        for who in ('student', 'teacher')]
        taught = (self.teachers[0].channels(self.indices[1])
                  if self.teachers else None)
        if taught is not None:
            self.align = TrainingOnlyConv2d(
                feature_channels(self, self.indices[0]), taught, 1)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """Return the segmentor's losses and those of the distillation.

        Args:
            inputs: Images (B, 3, H, W), as the data preprocessor returns
                them.
            data_samples: Those without ``gt_sem_seg`` have no label.

        Returns:
            The losses, weighted; ``distill.teacher_acc``, the percentage of
            labelled pixels at which the teacher is right.
        """
        self.check_teachers()
        ignore = self.decode_head.ignore_index
        ignore = IGNORED if ignore is None else ignore
        labels = _labels(data_samples, inputs, ignore)
        labelled = (labels != ignore).flatten(1).any(1)
        features = self.extract_feat(inputs)
        with losses_of_labelled(self, labelled) as seen:
            losses = self._decode_head_forward_train(features, data_samples)
            if self.with_auxiliary_head:
                losses.update(self._auxiliary_head_forward_train(
                    features, data_samples))
        # the mean over the batch, of which the others have a loss of 0
        factor = self.alpha * labelled.float().mean()
        losses = {name: _times(value, factor) if 'loss' in name else value
                  for name, value in losses.items()}
        losses.update(self._learn(inputs, features, seen[0], labels,
                                  labelled, ignore))
        return losses

    def check_teachers(self, classes: Optional[Sequence[str]] = None) -> None:
        """Load the teachers, and compare their classes with the student's.

        Args:
            classes: Names of the data set's, where they are known.

        Raises:
            FileNotFoundError: If a file of theirs is missing.
            ValueError: If there is no teacher, or its classes differ.
        """
        if classes is None and self._checked:
            return
        self.classes = classes or self.classes
        if not self.teachers:
            raise ValueError(
                f'{type(self).__name__} has no teacher: --distill CONFIG '
                'CHECKPOINT, or model.teacher=dict(config=, checkpoint=)')
        for teacher in self.teachers:
            model = teacher.load()
            if model.num_classes != self.num_classes:
                raise ValueError(
                    f'The teacher, {teacher.config}, has {model.num_classes} '
                    f'classes ({_names(teacher.classes)}), the student '
                    f'{self.num_classes} ({_names(self.classes)}): they '
                    'must have the same, in the same order')
            _compare_names(teacher, self.classes)
        self._checked = True

    def _learn(self, inputs: Tensor, features: Sequence[Tensor],
               logits: Tensor, labels: Tensor, labelled: Tensor,
               ignore: int) -> dict[str, Tensor]:
        """Return the losses of the distillation, and the accuracy."""
        logits = of_two_or_more(logits)
        outputs = [teacher(inputs, self.data_preprocessor)
                   for teacher in self.teachers]
        taught = _mean_logits([
            resized(of_two_or_more(t).float(), logits, self.align_corners)
            for t, _ in outputs])
        # (B, H, W) -> (B, h, w)
        labels = F.interpolate(
            labels[:, None].float(), logits.shape[2:],
            mode='nearest')[:, 0].long()
        weight = 1 - self.alpha * labelled.float()
        losses = {}
        if self.distill_loss is not None:
            valid = (labels != ignore) | ~labelled[:, None, None]
            losses[self.distill_loss.loss_name] = self.distill_loss(
                logits, taught, valid, weight)
        if self.feature_loss is not None:
            maps = [as_maps(found, 'the encoder')[index] for found, index in
                    zip((features, outputs[0][1]), self.indices)]
            losses[self.feature_loss.loss_name] = self.feature_loss(
                self.align(maps[0]), maps[1], weight)
        if labelled.any():
            losses['teacher_acc'] = pixel_accuracy(taught, labels, ignore)
            self._compare(losses['teacher_acc'], logits, labels, ignore)
        return {f'distill.{name}': value for name, value in losses.items()}

    def _compare(self, teacher: Tensor, logits: Tensor, labels: Tensor,
                 ignore: int) -> None:
        """Say once that the teacher is worse than the student."""
        if len(self._accuracies) == COMPARED:
            return
        own = pixel_accuracy(logits.detach(), labels, ignore)
        self._accuracies.append((float(teacher), float(own)))
        if len(self._accuracies) < COMPARED:
            return
        taught, own = (sum(each) / COMPARED
                       for each in zip(*self._accuracies))
        if taught < own:
            print_log(
                f'The teacher is right at {taught:.1f} % of the pixels of '
                f'the first {COMPARED} batches, the student already at '
                f'{own:.1f} %: it has little to teach. Is it trained on '
                'these classes, and on images like these?',
                logger='current', level=logging.WARNING)


@MODELS.register_module()
class DistillEncoderDecoder(DistillMixin, PrunedMixin, EncoderDecoder):
    """An EncoderDecoder that learns from a teacher as well as from masks.

    See :class:`DistillMixin`; with ``widths`` it is a pruned one, see
    :class:`PrunedMixin`. Any config of an EncoderDecoder becomes one::

        _base_ = './unet_c16_ksdd2.py'
        model = dict(
            type='DistillEncoderDecoder',
            teacher=dict(
                config='configs/ksdd2/unet_ksdd2.py',
                checkpoint='work_dirs/unet_ksdd2/iter_20000.pth'),
            distill=dict(loss=dict(type='PixelDistillLoss'), alpha=0.5))

    Reference:
        Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network,
        2015.
    """


def _labels(samples: SampleList, inputs: Tensor, ignore: int) -> Tensor:
    """Return (B, H, W), and give the samples without a mask an empty one."""
    for sample in samples:
        if 'gt_sem_seg' not in sample:
            sample.gt_sem_seg = PixelData(data=torch.full(
                (1, *inputs.shape[2:]), ignore, dtype=torch.long,
                device=inputs.device))
    return torch.cat([sample.gt_sem_seg.data for sample in samples])


def _mean_logits(logits: list[Tensor]) -> Tensor:
    """Return logits of the mean of the probabilities, or the only ones."""
    if len(logits) == 1:
        return logits[0]
    return torch.stack(logits).log_softmax(2).logsumexp(0)


def _times(value, factor: Tensor):
    if isinstance(value, (list, tuple)):
        return [each * factor for each in value]
    return value * factor


def _check_keys(where: str, section: Mapping, known: Sequence[str]) -> None:
    unknown = [key for key in section if key not in known]
    if unknown:
        raise ValueError(f'{where} has {", ".join(unknown)}; there are '
                         f'{", ".join(known)}')


def _names(classes: Optional[Sequence[str]]) -> str:
    return ', '.join(classes) if classes else 'their names are not known'


def _compare_names(teacher: Teacher,
                   classes: Optional[Sequence[str]]) -> None:
    if not classes or not teacher.classes or (
            tuple(classes) == teacher.classes):
        return
    text = (f'The teacher, {teacher.config}, has the classes '
            f'{_names(teacher.classes)}, the student {_names(classes)}')
    if {*classes} == {*teacher.classes}:
        raise ValueError(f'{text}: they must be in the same order')
    print_log(f'{text}. They are taken for the same, in this order',
              logger='current', level=logging.WARNING)
