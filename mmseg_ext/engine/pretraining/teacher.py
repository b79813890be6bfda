"""A pretrained encoder to learn from."""
from dataclasses import dataclass

from mmseg_ext.engine.weights import WeightsError, find_scheme

TIMM = 'timm://'
ADVICE = 'Take another --teacher, such as package://efficientnet_lite0'


@dataclass(frozen=True)
class Teacher:
    """An encoder, and how it sees images.

    Attributes:
        address: Of its weights.
        description: In words.
        licence: Of its weights, in words.
        backbone: Config.
        data_preprocessor: Config.
    """
    address: str
    description: str
    licence: str
    backbone: dict
    data_preprocessor: dict


def find_teacher(name: str) -> Teacher:
    """Return an encoder of ``TimmBackbone`` by the address of its weights.

    Args:
        name: Address of ``package://``, ``micronet://`` or ``timm://``, or
            timm's name alone.

    Raises:
        ConnectionError: If the weights cannot be downloaded.
        ImportError: If the package that brings them, or timm, is missing.
        WeightsError: If there are none of the name.
    """
    address = name if '://' in name else f'{TIMM}{name}'
    scheme, inner = find_scheme(address)
    if scheme is None:
        raise WeightsError(
            f'{name} is no address of a teacher. {ADVICE}, micronet://NAME, '
            "or timm's name of a model")
    try:
        scheme.check(inner)
        model = scheme.timm_model(inner)
    except (ConnectionError, ImportError, WeightsError) as error:
        raise type(error)(f'{error}. {ADVICE}') from error
    normalization = scheme.normalization(inner)
    return Teacher(
        address, scheme.describe(inner), scheme.licence(inner),
        dict(type='TimmBackbone', **model, init_cfg=dict(
            type='Pretrained', checkpoint=address)),
        dict(type='SegDataPreProcessor', mean=list(normalization.mean),
             std=list(normalization.std), bgr_to_rgb=True,
             size_divisor=1))  # crops are of one size
