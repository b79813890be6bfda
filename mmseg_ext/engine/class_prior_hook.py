"""Start the classifier from the classes' shares of the pixels."""
from collections.abc import Sequence

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ClassPriorHook(Hook):
    """Let an untrained model predict the classes' usual shares everywhere.

    It sets the bias of each ``conv_seg`` (the classifier of mmseg's heads,
    auxiliary ones too) to the logarithm of the shares, before a training
    that starts from no checkpoint.

    Without it every class has the same probability at first. Where defects
    are rare, the background's pixels then turn all features into evidence
    for background within the first steps; a defect is left with the absence
    of evidence, and takes long to be predicted at all.

    Args:
        prior: Share of each class among the pixels, above 0, in the order
            of the ids; they need not add up to 1. A rough guess will do.

    Raises:
        ValueError: If a share is not above 0, the model has no
            ``conv_seg``, or one of another number of classes.

    Reference:
        Lin et al., Focal Loss for Dense Object Detection, 2017, section 3.3
        (the same for a sigmoid).
    """

    def __init__(self, prior: Sequence[float]) -> None:
        if not len(prior) or min(prior) <= 0:
            raise ValueError(f'prior={prior!r}: must be a share above 0 for '
                             'each class')
        self.prior = prior

    def before_train(self, runner) -> None:
        # Loaded weights, resumed or not, have learned the shares.
        if runner.iter > 0 or runner.cfg.get('load_from'):
            return
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        classifiers = [module for name, module in model.named_modules()
                       if name.split('.')[-1] == 'conv_seg']
        sizes = {len(module.bias) for module in classifiers}
        if sizes != {len(self.prior)}:
            raise ValueError(
                f'prior={self.prior!r}: there must be one share for each '
                'class; the model has '
                + (f'classifiers of {sorted(sizes)} classes' if sizes else
                   'no conv_seg whose bias could be set'))
        shares = torch.tensor(self.prior, dtype=torch.float32)
        for module in classifiers:
            with torch.no_grad():
                module.bias.copy_((shares / shares.sum()).log())
