"""A segmentor whose predictions shall look alike in two domains."""
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_ext.basics.arguments import check_at_least, check_choice
from mmseg_ext.ops import reverse_gradient

from .discriminator import OutputDiscriminator
from .domains import split_domains
from .logits import full_logits, losses_of_labelled, of_two_or_more, resized

GANS = ('BCE', 'MSE')
# the discriminator's labels of them
SOURCE_LABEL, TARGET_LABEL = 1.0, 0.0


@MODELS.register_module()
class AdversarialEncoderDecoder(EncoderDecoder):
    """An EncoderDecoder that deceives a discriminator of its output.

    ::

        source --> segmentor --> P_s --> own losses
                                  |
                                  +--> D --> 1 \\
                                                loss_d, of D alone
                                  +--> D --> 0 /
                                  |
        target --> segmentor --> P_t --> D --> 1, loss_adv, of the segmentor

    The discriminator D sees softmax outputs, in which the domains have more
    in common than in images or features::

        loss_adv = adv_weight * BCE(D(P_t), 1)
        loss_d = 1/2 (BCE(D(P_s), 1) + BCE(D(P_t), 0)), P_s and P_t constant

    loss_adv is built while D's weights want no gradient, so that one
    optimizer and one backward serve both. D learns at a rate of its own::

        model = dict(type='AdversarialEncoderDecoder', adv_weight=0.001)
        optim_wrapper = dict(paramwise_cfg=dict(
            custom_keys={'discriminator': dict(lr_mult=0.1)}))

    A ``clip_grad`` of the config is over the gradients of both.

    Batches are those of a SourceTargetDataset and a DomainBatchSampler. It
    changes the training alone: state dict, prediction and export are the
    plain segmentor's. D is kept by the engine's AdaptationHook.

    Args:
        adv_weight: Lambda, 0.001 for BCE, 0.01 for MSE.
        ndf: Channels of D's first convolution: 64 as published, 2.8 million
            parameters; 16: 0.18 million, enough for a few classes.
        gan: 'BCE', or 'MSE' as in LS-GAN, which its authors found the more
            stable.
        reversal: Let the segmentor maximise BCE(D(P_t), 0) instead, by
            gradient reversal: the min-max as it is written, whose gradient
            fades where D is sure.
        *args, **kwargs: Of the segmentor.

    Raises:
        ValueError: If an argument is not among what is allowed; in the
            training, if batches are not of both domains, or crops are below
            32 pixels.

    Reference:
        Tsai et al., Learning to Adapt Structured Output Space for Semantic
        Segmentation, 2018, equations 1 to 4, with source = 1;
        github.com/wasidennis/AdaptSegNet, train_gta2cityscapes_multi.py.
    """

    def __init__(self,
                 *args,
                 adv_weight: float = 0.001,
                 ndf: int = 16,
                 gan: str = 'BCE',
                 reversal: bool = False,
                 **kwargs) -> None:
        super().__init__(*args, **kwargs)
        check_at_least(0, adv_weight=adv_weight)
        check_at_least(1, ndf=ndf)
        check_choice('gan', gan, GANS)
        self.adv_weight = adv_weight
        self.gan = gan
        self.reversal = reversal
        # the segmentor starts as it would without
        with torch.random.fork_rng(devices=[]):
            self.discriminator = OutputDiscriminator(self.num_classes, ndf)

    def training_state(self) -> dict[str, Tensor]:
        """Return what a resumed training needs beside the state dict."""
        return dict(self.discriminator.named_parameters())

    def load_training_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what :meth:`training_state` has returned."""
        with torch.no_grad():
            for name, value in self.discriminator.named_parameters():
                value.copy_(state[name])

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """Return the source's losses and those of the two adversaries.

        Args:
            inputs: Images (B, 3, H, W), as the data preprocessor returns
                them.
            data_samples: With masks, and ``domain`` in their metainfo.

        Returns:
            The losses, weighted; ``adversarial.d_acc``, the percentage of
            places that the discriminator is right about: 50 where the
            domains look alike. In evaluation mode the plain losses.
        """
        if not self.training:
            return super().loss(inputs, data_samples)
        source, target = split_domains(data_samples)
        everything = torch.ones(len(source), dtype=torch.bool)
        with losses_of_labelled(self, everything) as seen:
            losses = super().loss(
                inputs[source], [data_samples[i] for i in source])
        known = resized(of_two_or_more(seen[0]).float(), inputs,
                        self.align_corners)
        found = self._adversaries(
            known.softmax(1), full_logits(self, inputs[target]).softmax(1))
        losses.update({f'adversarial.{name}': value
                       for name, value in found.items()})
        return losses

    def _adversaries(self, source: Tensor,
                     target: Tensor) -> dict[str, Tensor]:
        """Return both losses of probabilities (B, C, H, W)."""
        result = {}
        shown = target.detach()
        if self.reversal:
            # loss_d is half of what the segmentor maximises
            shown = reverse_gradient(target, 2 * self.adv_weight)
        else:
            self.discriminator.requires_grad_(False)
            result['loss_adv'] = self.adv_weight * self._gan_loss(
                self.discriminator(target), SOURCE_LABEL)
            self.discriminator.requires_grad_(True)
        of_source, of_target = map(self.discriminator,
                                   (source.detach(), shown))
        result['loss_d'] = 0.5 * (self._gan_loss(of_source, SOURCE_LABEL)
                                  + self._gan_loss(of_target, TARGET_LABEL))
        middle = 0.0 if self.gan == 'BCE' else 0.5
        right = [(of_source > middle).float().mean(),
                 (of_target <= middle).float().mean()]
        result['d_acc'] = 100 * sum(right) / 2
        return result

    def _gan_loss(self, logits: Tensor, label: float) -> Tensor:
        labels = torch.full_like(logits, label)
        if self.gan == 'MSE':
            return F.mse_loss(logits, labels)
        return F.binary_cross_entropy_with_logits(logits, labels)
