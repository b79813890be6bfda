"""Walk through a nested config."""
from collections.abc import Iterator, Mapping

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def sections(node) -> Iterator[dict]:
    """Yield every dict in a config, itself and those in lists included."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from sections(child)


def data_sets(cfg: Mapping) -> list[dict]:
    """Return the sections of a config's data sets that have a folder."""
    return [
        section for name in LOADERS
        for section in sections((cfg.get(name) or {}).get('dataset'))
        if 'data_root' in section  # passes wrappers and transforms over
    ]
