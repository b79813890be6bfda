"""``micronet://``: encoders that have learned on micrographs."""
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

from mmseg_ext.basics.extras import require_extra

from .download import check_address, load_download
from .mapping import (
    check_fit,
    mmseg_weights,
    rename_efficientnet,
    rename_in_order,
    timm_weights,
)
from .scheme import (
    IMAGENET,
    WITHOUT_NETWORK,
    Normalization,
    Scheme,
    State,
    WeightsError,
    unknown,
    without_counters,
)

ADDRESS = ('https://nasa-public-data.s3.amazonaws.com/'
           'microscopy_segmentation_models/')
# Folder of the same files elsewhere: a mirror within a company.
ADDRESS_VARIABLE = 'MMSEG_EXT_MICRONET_URL'
FIRST = 'imagenet'  # what may stand behind the '?'


@dataclass(frozen=True)
class _Encoder:
    """One of MicroNet's encoders, and what here takes its weights.

    Attributes:
        timm: Name of timm's model.
        mmseg: Config of mmseg's backbone, where it has the same names.
        rename: From the file's names to timm's, None for the same.
        alone: Whether there are weights that ImageNet did not come before.
        first: Whether there are weights that it did.
    """
    timm: str
    mmseg: Optional[dict] = None
    rename: Optional[Callable[[State, State], State]] = None
    alone: bool = True
    first: bool = True


def _resnets() -> dict[str, _Encoder]:
    found = {f'resnet{depth}': _Encoder(
        f'resnet{depth}', dict(type='mmseg.ResNet', depth=depth))
        for depth in (18, 34, 50, 101, 152)}
    for depth, width, first in ((50, 4, True), (101, 8, False)):
        name = f'resnext{depth}_32x{width}d'
        found[name] = _Encoder(
            name, dict(type='mmseg.ResNeXt', depth=depth, groups=32,
                       base_width=width), first=first)
    return found


# Not here, because no backbone takes exactly these: inceptions, xception,
# dual-path networks. vgg11 and vgg13 without norms failed in training.
ENCODERS = {
    **_resnets(),
    **{f'se_{name}': _Encoder(f'legacy_se{name}') for name in (
        'resnet50', 'resnet101', 'resnet152', 'resnext50_32x4d',
        'resnext101_32x4d')},
    'senet154': _Encoder('legacy_senet154'),
    **{f'efficientnet-b{i}': _Encoder(
        f'tf_efficientnet_b{i}', rename=rename_efficientnet, alone=i < 6)
       for i in range(8)},
    'mobilenet_v2': _Encoder('mobilenetv2_100', rename=rename_in_order),
    **{f'densenet{i}': _Encoder(f'densenet{i}')
       for i in (121, 161, 169, 201)},
    **{f'vgg{i}_bn': _Encoder(f'vgg{i}_bn') for i in (11, 13, 16)},
}
# Of the classifiers of all of these, in the file and in timm's model.
TOPS = ('fc.', 'last_linear.', 'classifier.', 'conv_head.', 'bn2.', 'head.',
        'pre_logits.')


class MicroNetScheme(Scheme):
    """Encoders trained to classify more than 100 000 micrographs.

    ``micronet://resnet50``, from random weights, and
    ``micronet://resnet50?imagenet``, from ImageNet's, usually the better
    start. For mmseg's ResNet and ResNeXt, and for ``TimmBackbone`` with the
    model that the error of another backbone names.

    They are downloaded, from the address in ``MMSEG_EXT_MICRONET_URL`` if
    that is set.

    Reference:
        Stuckner, Harder, Smith, Microstructure segmentation with deep
        learning encoders pre-trained on a large microscopy dataset, npj
        Computational Materials 8:200, 2022;
        github.com/nasa/pretrained-microscopy-models.
    """
    prefix = 'micronet://'

    def check(self, name: str) -> None:
        encoder, _ = self._find(name)
        if encoder.mmseg is None:
            require_extra('timm', 'encoders')
        check_address(
            self.address(name), f'pretrained weights {self.prefix}{name}',
            WITHOUT_NETWORK)

    def address(self, name: str) -> str:
        """Return where the weights of a name are downloaded from."""
        _, first = self._find(name)
        encoder = name.partition('?')[0]
        kind = f'{FIRST}-' * first + 'microscopynet'
        version = '1.1' if name == 'resnet50' else '1.0'
        base = os.environ.get(ADDRESS_VARIABLE) or ADDRESS
        # published under a shorter name
        encoder = encoder.replace('resnext101_32x8d', 'resnext101')
        return (f'{base.rstrip("/")}/{encoder}_pretrained_{kind}_v{version}'
                '.pth.tar')

    def load(self, name: str) -> State:
        encoder, _ = self._find(name)
        address = self.address(name)
        state = load_download(address)
        if isinstance(state, dict):
            state = state.get('state_dict', state)
        if not isinstance(state, dict) or not all(
                hasattr(value, 'shape') for value in state.values()):
            raise WeightsError(f'{address} holds no named weights')
        # of training on several GPUs
        state = without_counters({
            re.sub(r'^(features\.)?module\.', r'\1', key): value
            for key, value in state.items()})
        wanted = (timm_weights(encoder.timm) if encoder.mmseg is None else
                  mmseg_weights(**encoder.mmseg))
        if encoder.rename is not None:
            state = encoder.rename(state, wanted)
        check_fit(_body(state), _body(wanted))
        return state

    def describe(self, name: str) -> str:
        encoder, _, first = name.partition('?')
        return (f'{encoder} trained on ' + 'ImageNet, then on ' * bool(first)
                + 'micrographs')

    def normalization(self, name: str) -> Optional[Normalization]:
        return IMAGENET

    def timm_model(self, name: str) -> dict:
        encoder, _ = self._find(name)
        return dict(model_name=encoder.timm)

    def licence(self, name: str) -> str:
        return 'MIT, by setup.py of nasa/pretrained-microscopy-models'

    def tops(self, name: str) -> tuple[str, ...]:
        # bn2 is a ResNet's own only within its blocks
        return TOPS

    def _find(self, name: str) -> tuple[_Encoder, bool]:
        """Return the encoder of a name, and whether ImageNet came first."""
        encoder, separator, first = name.partition('?')
        if encoder not in ENCODERS or (separator and first != FIRST):
            raise unknown(self.prefix, name, [*ENCODERS],
                          f', and each of these with ?{FIRST} behind it')
        found = ENCODERS[encoder]
        if not (found.first if separator else found.alone):
            other = '' if separator else f'?{FIRST}'
            raise WeightsError(
                f'There are no weights {self.prefix}{name}; there are '
                f'{self.prefix}{encoder}{other}')
        return found, bool(separator)


def _body(state: State) -> State:
    return {name: value for name, value in state.items()
            if not name.startswith(TOPS)}
