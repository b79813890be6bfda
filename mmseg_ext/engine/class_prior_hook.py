"""Start the classifier from the classes' fractions of the pixels."""
from collections.abc import Sequence
from functools import partial

import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from torch import nn
from torch.utils.hooks import RemovableHandle

from .wrappers import unwrapped

# The last layers of mmseg's heads, whose bias is added to the logits.
CLASSIFIERS = ('conv_seg', 'mask_norm')


@HOOKS.register_module()
class ClassPriorHook(Hook):
    """Let an untrained model predict the classes' usual fractions everywhere.

    It sets the bias of each ``conv_seg`` (the classifier of mmseg's heads,
    auxiliary ones too), and of Segmenter's ``mask_norm``, the norm over the
    classes that ends in its logits, to the logarithm of the fractions, before
    a training that starts from no checkpoint. A classifier whose weights an
    ``init_cfg`` has loaded stays as it is.

    Without it every class has the same probability at first. Where defects
    are rare, the background's pixels then turn all features into evidence
    for background within the first steps; a defect is left with the absence
    of evidence, and takes long to be predicted at all.

    Args:
        prior: Fraction of each class among the pixels, above 0, in the order
            of the ids; they need not add up to 1. A rough guess will do.

    Raises:
        ValueError: If a fraction is not above 0, the model has no
            such layer, or one of another number of classes.

    Reference:
        Lin et al., Focal Loss for Dense Object Detection, 2017, section 3.3
        (the same for a sigmoid).
    """

    def __init__(self, prior: Sequence[float]) -> None:
        if not len(prior) or min(prior) <= 0:
            raise ValueError(f'prior={prior!r}: must be a fraction above 0 '
                             'for each class')
        self.prior = prior
        self._loaded: set[nn.Module] = set()
        self._listening: list[RemovableHandle] = []

    def before_run(self, runner) -> None:
        # Weights are loaded after this, by whatever names them.
        # mmengine calls no other kind of hook as it loads them.
        self._listening = [
            module._register_load_state_dict_pre_hook(
                partial(self._note, module))
            for module in _classifiers(runner.model)
        ]

    def _note(self, module: nn.Module, state_dict: dict, prefix: str,
              *_) -> None:
        bias = state_dict.get(f'{prefix}bias')
        if bias is not None and bias.shape == module.bias.shape:
            self._loaded.add(module)

    def before_train(self, runner) -> None:
        for handle in self._listening:
            handle.remove()
        # Loaded weights, resumed or not, have learned the fractions.
        if runner.iter > 0 or runner.cfg.get('load_from'):
            return
        classifiers = _classifiers(runner.model)
        sizes = {len(module.bias) for module in classifiers}
        if sizes != {len(self.prior)}:
            raise ValueError(
                f'prior={self.prior!r}: there must be one fraction for '
                'each class; the model has '
                + (f'classifiers of {sorted(sizes)} classes' if sizes else
                   f'no {" or ".join(CLASSIFIERS)} whose bias could be set'))
        fractions = torch.tensor(self.prior, dtype=torch.float32)
        for module in classifiers:
            if module not in self._loaded:
                with torch.no_grad():
                    module.bias.copy_((fractions / fractions.sum()).log())


def _classifiers(model: nn.Module) -> list[nn.Module]:
    return [module for name, module in unwrapped(model).named_modules()
            if name.split('.')[-1] in CLASSIFIERS]
