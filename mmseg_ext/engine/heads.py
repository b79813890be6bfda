"""Values that all heads of a model share."""
import copy
from collections.abc import Mapping

SHARED = ('loss_weight', 'loss_name')  # by losses of all types


def set_in_heads(model: Mapping, **values) -> dict:
    """Return a model's config with values set in all of its heads.

    In a config, where a list of auxiliary heads can only be replaced as a
    whole::

        model = set_in_heads(_base_.model, num_classes=5)

    Args:
        model: Section of an EncoderDecoder, its auxiliary heads a dict, a
            list of them or none.
        **values: Of each head. Of a dict, such as ``loss_decode``, the named
            keys are set, so that each head's ``loss_weight`` stays; of
            another type's, no other keys stay.

    Raises:
        ValueError: If keys are to be set in what is no dict, such as a list
            of losses.
    """
    model = copy.deepcopy(dict(model))
    auxiliary = model.get('auxiliary_head') or []
    if isinstance(auxiliary, Mapping):
        auxiliary = [auxiliary]
    for head in [model['decode_head'], *auxiliary]:
        for name, value in values.items():
            value = copy.deepcopy(value)
            if isinstance(value, Mapping):
                there = head.get(name) or {}
                if not isinstance(there, Mapping):
                    raise ValueError(
                        f'{name} of {head.get("type")} is {there!r}, no dict '
                        'whose keys could be set: set it head by head')
                if value.get('type', there.get('type')) != there.get('type'):
                    # another type has other arguments
                    there = {key: there[key] for key in SHARED
                             if key in there}
                value = {**there, **value}
            head[name] = value
    return model
