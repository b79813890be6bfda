"""Walk through a nested config."""
from collections.abc import Iterator


def sections(node) -> Iterator[dict]:
    """Yield every dict in a config, itself and those in lists included."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from sections(child)
