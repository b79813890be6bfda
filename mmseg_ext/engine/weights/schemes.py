"""All schemes of weights, as mmengine's loader takes them."""
from typing import Optional

from mmengine.runner import CheckpointLoader

from .mapping import check_finite
from .micronet import MicroNetScheme
from .package import PackageScheme
from .scheme import Scheme, State, WeightsError, without_counters
from .timm_hub import TimmScheme

SCHEMES: tuple[Scheme, ...] = (PackageScheme(), MicroNetScheme(),
                               TimmScheme())


def find_scheme(weights: str) -> tuple[Optional[Scheme], str]:
    """Return the scheme of an address, None if it is not ours, and the name.

    Args:
        weights: Such as ``package://efficientnet_lite0``.
    """
    for scheme in SCHEMES:
        if weights.startswith(scheme.prefix):
            return scheme, weights.removeprefix(scheme.prefix)
    return None, weights


@CheckpointLoader.register_scheme(
    prefixes=[scheme.prefix for scheme in SCHEMES], force=True)
def load_from_scheme(filename: str, map_location=None) -> State:
    """Return the weights of an address of ours, checked.

    Args:
        filename: The address.
        map_location: Not used; weights are copied into the model's.

    Raises:
        ConnectionError: If they are beyond the network.
        ImportError: If a package is missing.
        WeightsError: If there are no such weights, or they are damaged.
    """
    scheme, name = find_scheme(filename)
    try:
        state = without_counters(scheme.load(name))
        check_finite(state)
    except WeightsError as error:
        text = str(error)
        if filename in text:
            raise
        raise WeightsError(
            f'The pretrained weights {filename} cannot be used ({text}). '
            'Take others, or --from-scratch') from error
    return state
