"""From what a search by gradient has learned to a config."""
import os
import pprint
import random
import textwrap
from collections.abc import Sequence
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics.config_files import read_config
from mmseg_ext.models.decode_heads import Genotype

BASE = 'derive_base'  # key of a search's config
# of a SearchableHead alone, or chosen
OWN = ('type', 'ops', 'integration', 'skip_dropout')


def base_config(cfg: Config) -> Config:
    """Return the config that those of a search's genotypes inherit from.

    Args:
        cfg: Config of the search, which names it.

    Raises:
        ValueError: If it names none, or one whose decode head takes no
            genotype.
        FileNotFoundError: If there is no such config.
    """
    name = cfg.get(BASE)
    if not isinstance(name, str):
        raise ValueError(
            f'The config of the search has no {BASE}: say in it which '
            f"ordinary config it searches a head for, {BASE} = "
            "'mmseg_ext::search/genotype_efficientnet-lite0_ksdd2.py' or the "
            'whole path of your own')
    base = read_config(name)
    kind = ((base.get('model') or {}).get('decode_head') or {}).get('type')
    if kind != 'GenotypeHead':
        raise ValueError(f'{BASE} of the search, {name}, has a decode head '
                         f'of type {kind}: it must be a GenotypeHead')
    return base


def genotype_config(cfg: Config, genotype: Genotype, origin: str) -> str:
    """Return the text of a config that trains a genotype from scratch.

    Args:
        cfg: Config of the search.
        genotype: What was chosen.
        origin: Where it comes from, a comment's end.

    Raises:
        ValueError: See :func:`base_config`.
        FileNotFoundError: See :func:`base_config`.
    """
    base, searched = (config.model.decode_head for config in (
        base_config(cfg), cfg))
    name = cfg[BASE]
    if '::' not in name:
        name = os.path.abspath(name)
    head = dict(ops=list(genotype.ops), integration=genotype.integration)
    head |= {key: value for key, value in searched.to_dict().items()
             if key not in OWN and base.get(key) != value}
    lines = [
        *textwrap.wrap(
            f'Made by mmseg-ext derive, {origin}. Inherit from it to change '
            'something.', 79, initial_indent='# ', subsequent_indent='# ',
            break_long_words=False, break_on_hyphens=False),
        f'_base_ = {name!r}', '', 'model = dict(', '    decode_head=dict(']
    for key, value in head.items():
        first, *rest = pprint.pformat(
            value, width=66 - len(key), sort_dicts=False).splitlines()
        indent = ' ' * (9 + len(key))
        lines += [f'        {key}={first}', *(indent + line for line in rest)]
        lines[-1] += ','
    return '\n'.join([*lines, '    ))']) + '\n'


def random_genotypes(ops: Sequence[Sequence[str]],
                     integrations: Sequence[str], count: int,
                     seed: int = 0) -> list[Genotype]:
    """Draw genotypes, each another, as the control of a search.

    Args:
        ops: Operations of each map.
        integrations: How maps may become one.
        count: How many.
        seed: Of drawing.

    Raises:
        ValueError: If there are fewer.
    """
    there_are = len(integrations)
    for names in ops:
        there_are *= len(names)
    if count > there_are:
        raise ValueError(f'{count} random genotypes were asked for; there '
                         f'are {there_are}')
    draws = random.Random(seed)
    found: dict[Genotype, None] = {}
    while len(found) < count:
        found[Genotype(tuple(map(draws.choice, ops)),
                       draws.choice(integrations))] = None
    return list(found)


def differences(first: Genotype, second: Genotype) -> Optional[str]:
    """Say in what two genotypes differ; None: in nothing."""
    names = [*(f'map_{i}' for i in range(len(first.ops))), 'integration']
    pairs = zip(names, [*first.ops, first.integration],
                [*second.ops, second.integration])
    return '; '.join(f'{name}: {one}, not {other}'
                     for name, one, other in pairs if one != other) or None
