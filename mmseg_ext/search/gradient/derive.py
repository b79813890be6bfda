"""From the checkpoint of a search to configs that are trained."""
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.console import Console
from mmseg_ext.basics.sections import data_sets
from mmseg_ext.basics.staging import check_free
from mmseg_ext.engine.trained import load_trained_and_meta
from mmseg_ext.models import SearchableHead
from mmseg_ext.models.decode_heads import Genotype

from .genotype import (
    base_config,
    differences,
    genotype_config,
    random_genotypes,
)
from .perturbation import (
    Drops,
    architecture_batches,
    choose_by_perturbation,
)


@dataclass(frozen=True)
class DeriveSettings:
    """How an architecture is chosen, and what is written.

    Attributes:
        select: 'perturb' or 'argmax'.
        batches: Of perturb.
        random: So many random architectures, too.
        seed: Of batches, and of random.
        overwrite: Replace what is there.
    """
    select: str = 'perturb'
    batches: int = 16
    random: int = 0
    seed: int = 0
    overwrite: bool = False


def config_beside(checkpoint: Path) -> str:
    """Return the config that a training has written beside a checkpoint.

    Raises:
        FileNotFoundError: If there is none, or several.
    """
    found = sorted(checkpoint.parent.glob('*.py'))
    if len(found) != 1:
        raise FileNotFoundError(
            f'Beside {checkpoint} there are {len(found)} configs, and not '
            'one: name that of the search by --config')
    return str(found[0])


def derive(cfg: Config, checkpoint: Path, out: Path, settings: DeriveSettings,
           say: Callable[[str], None]) -> list[Path]:
    """Choose an architecture, and write it as a config.

    Args:
        cfg: Config of the search.
        checkpoint: Of the search.
        out: Config to write; random ones are ``<stem>_random_0.py``, ...
        settings: How.
        say: Is handed lines to print.

    Returns:
        What was written.

    Raises:
        FileExistsError: If there is something, and it is not to be replaced.
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If it is not of a search, ``out`` is no .py file, or the
            config names no base.
    """
    paths = [out, *(out.with_name(f'{out.stem}_random_{i}.py')
                    for i in range(settings.random))]
    if out.suffix != '.py':
        raise ValueError(f'{out} has to end in .py: it is a config')
    for path in paths:
        check_free(path, settings.overwrite)
    base_config(cfg)
    model, meta = load_trained_and_meta(cfg, str(checkpoint))
    head = getattr(model, 'decode_head', None)
    if not isinstance(head, SearchableHead):
        raise ValueError(f'{checkpoint} is not of a search: its decode head '
                         f'is a {type(head).__name__}, no SearchableHead')
    origin = f'of iteration {meta.get("iter", "unknown")} of {checkpoint}'
    largest = head.genotype()
    chosen = largest
    say(f'argmax   {largest}')
    if settings.select == 'perturb':
        chosen, drops = _perturb(cfg, model, settings)
        say(f'perturb  {chosen}')
        say(_described(drops, model.decode_head))
        say(_compared(chosen, largest, drops))
    randoms = random_genotypes(
        [edge.names for edge in head.edges], head.fusion.names,
        settings.random, settings.seed)
    texts = [
        genotype_config(cfg, chosen, f'{origin}, by {settings.select}'),
        *(genotype_config(cfg, one, f'at random, {i} of seed {settings.seed}')
          for i, one in enumerate(randoms))]
    for path, text in zip(paths, texts):
        write_atomically(path, text)
    return paths


def _perturb(cfg: Config, model,
             settings: DeriveSettings) -> tuple[Genotype, Drops]:
    console = Console()
    try:
        return choose_by_perturbation(
            model, architecture_batches(cfg, settings.batches, settings.seed),
            lambda done: console.tell(f'batch {done} of {settings.batches}'))
    finally:
        console.clear()


def _compared(chosen: Genotype, largest: Genotype, drops: Drops) -> str:
    if not any(drop for each in drops.values() for drop in each.values()):
        return ('No prediction of a class changes without any of them, as '
                'early in a search: the weights decide.')
    found = differences(chosen, largest)
    return f'They differ. {found}' if found else 'Both say the same.'


def other_data_root(cfg: Config) -> Optional[str]:
    """Return a search's folder of data, where the base has another."""
    root, usual = ((data_sets(config) or [{}])[0].get('data_root')
                   for config in (cfg, base_config(cfg)))
    return None if root == usual else root


def _described(drops: Drops, head: SearchableHead) -> str:
    """Return a table: weight, and points of mIoU lost without."""
    lines = [f'{"":12} {"":14} {"weight":>6}  mIoU lost without it']
    for name, mixture in head.mixtures().items():
        weights = mixture.weights().tolist()
        lines += [f'{name * (i == 0):12} {op:14} {weight:6.3f}  '
                  f'{drops[name][op]:+.2f}' for i, (op, weight) in enumerate(
                      zip(mixture.names, weights))]
    return '\n'.join(lines)
