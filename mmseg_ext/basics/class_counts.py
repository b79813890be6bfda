"""How many classes the heads of a config have."""
from collections.abc import Iterator, Mapping

# Heads whose labels are not the data set's classes: boundaries, depth.
OTHER_LABELS = ('STDCHead', 'VPDDepthHead')


def class_counts(model: Mapping) -> Iterator[tuple[str, int]]:
    """Yield the place of each head in a model's config, and its classes.

    Args:
        model: Config of a segmentor or classifier. Heads that name no number
            are passed over, and those of other labels than the data set's.

    Yields:
        Such as ('auxiliary_head.0', 19).
    """
    for name in ('decode_head', 'auxiliary_head', 'head'):
        heads = model.get(name)
        several = isinstance(heads, (list, tuple))
        for i, head in enumerate(heads if several else [heads]):
            count = (head or {}).get('num_classes')
            kind = str((head or {}).get('type')).split('.')[-1]
            if isinstance(count, int) and kind not in OTHER_LABELS:
                yield (f'{name}.{i}' if several else name), count
