"""Weights of an encoder are placed or named, none is left out in silence."""
import logging
import re
from collections.abc import Sequence

from mmengine.logging import print_log
from mmengine.model import PretrainedInit
from mmengine.model.weight_init import update_init_info
from mmengine.runner import CheckpointLoader
from mmseg.registry import WEIGHT_INITIALIZERS
from torch import nn

from .hardnet import convert_fchardnet, find_published
from .mapping import word_misfits
from .scheme import State
from .schemes import find_scheme

CLASSIFIER = 'classifier'
NUMBERED = ('blocks', 'stages', 'transitions', 'downs')
INSERTED = 'plugin_layers'  # of PluginBackbone
PLACES = [f'after_conv{i}_plugin_names' for i in (1, 2, 3)]  # mmseg's ResNet
MISFIT = re.compile(
    r'size mismatch for (\S+): copying a param with shape '
    r'torch\.Size\(\[(.*?)\]\) from checkpoint, the shape in current model '
    r'is torch\.Size\(\[(.*?)\]\)')


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class StrictPretrainedInit(PretrainedInit):
    """mmengine's ``Pretrained``, which says what of an encoder is not used.

    mmengine loads what fits and warns of the rest. So it does here with
    files and with addresses of its own. Weights of ``package://``,
    ``micronet://`` and ``timm://`` are those of one network: all that the
    backbone has must be there. Of the weights, the classifier's and those of
    stages that the backbone was built without are not used, which the log
    says; any other that has no place is an error.

    It is ``Pretrained`` in mmseg's registry, ahead of mmengine's.

    Args: See mmengine's PretrainedInit.

    Raises:
        ValueError: If a weight has no place or a place no weight, or
            ``prefix`` is given with an address of ours.
    """

    def __call__(self, module: nn.Module) -> None:
        scheme, name = find_scheme(str(self.checkpoint))
        published = None
        if scheme is None and any(
                hasattr(part, 'hardnet_part') for part in module.modules()):
            published = find_published(self._read())
        if scheme is None and published is None:
            super().__call__(module)
            return
        if self.prefix is not None:
            raise ValueError(
                f'prefix={self.prefix!r}: {self.checkpoint} are the weights '
                'of an encoder alone, give init_cfg to the backbone without '
                'a prefix' if scheme else
                f'prefix={self.prefix!r}: {self.checkpoint} has the authors\' '
                'names, among which the right ones are found without it')
        if scheme is None:
            self._place_hardnet(module, published)
        else:
            self._place(module, self._read(), tuple(scheme.tops(name)),
                        scheme.describe(name))
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())

    def _read(self) -> State:
        return CheckpointLoader.load_checkpoint(
            self.checkpoint, map_location='cpu', logger='silent')

    def _place_hardnet(self, module: nn.Module, published: State) -> None:
        state = convert_fchardnet(published)
        side = getattr(module, 'hardnet_part', '')  # '': of the segmentor
        state = {name.removeprefix(side): value
                 for name, value in state.items()
                 if name.startswith((side, CLASSIFIER))}
        own = module.state_dict()
        # of other classes, it is of no use
        fresh = [name for name in own if 'conv_seg' in name and name in state
                 and own[name].shape != state[name].shape]
        for name in fresh:
            state[f'{CLASSIFIER}.{name}'] = state.pop(name)
        self._place(module, state, (CLASSIFIER, ), 'a published HarDNet',
                    fresh)

    def _place(self, module: nn.Module, state: State, tops: tuple[str, ...],
               what: str, fresh: Sequence[str] = ()) -> None:
        """Place weights, or say what does not fit.

        Args:
            module: That gets them.
            state: The weights, by its names.
            tops: How names begin that are of a classifier.
            what: The weights, in words.
            fresh: Names in the module that start without weights.
        """
        findings = {}
        try:
            missing, surplus = module.load_state_dict(state, strict=False)
        except RuntimeError as error:
            shapes = [f'{key} ({found}), the backbone has ({wanted})'
                      for key, found, wanted in MISFIT.findall(str(error))]
            if not shapes:
                raise
            findings['of another shape'] = shapes
            missing, surplus = [], []
        inserted = {INSERTED, *(
            plugin for layer in module.modules() for place in PLACES
            for plugin in getattr(layer, place, None) or ())}
        findings['missing'] = [
            key for key in missing
            if not key.endswith('num_batches_tracked') and key not in fresh
            and not inserted & {*key.split('.')}]
        unused = {_part(key) for key in surplus if not key.startswith(tops)}
        stages = {_part(key) for key in _names(module)}
        findings['of no use'] = [
            key for key in surplus
            if not key.startswith(tops) and _part(key) in stages]
        if any(findings.values()):
            raise ValueError(
                f'{self.checkpoint} does not fit {type(module).__name__}; of '
                f'its weights, {word_misfits(findings)}. It is '
                f'{what}: let the backbone be that')
        top = [key for key in surplus if key.startswith(tops)]
        text = f'{self.checkpoint}: {len(state) - len(surplus)} tensors placed'
        if top:
            text += f'; not used, of the classifier: {", ".join(top)}'
        if unused:
            text += ('; not used, of stages that the backbone has not: '
                     + ', '.join(sorted(unused)))
        print_log(text, logger='current', level=logging.INFO)


def _names(module: nn.Module) -> list[str]:
    """Return the names of weights, without that of timm's wrapper."""
    return [key.removeprefix('timm_model.') for key in module.state_dict()]


def _part(key: str) -> str:
    """Return the stage that a weight is of: layer4, blocks.5."""
    parts = key.split('.')
    return '.'.join(parts[:2] if parts[1:2] and parts[1].isdigit()
                    and parts[0] in NUMBERED else parts[:1])
