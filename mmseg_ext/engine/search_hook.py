"""Guide a search for an architecture, and tell how it goes."""
import copy
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.models import SearchEncoderDecoder

from .console.run_facts import last_checkpoint, short_path
from .op_costs import fits, measure_latencies
from .search_optimizers import SearchOptimWrapper

KEY = 'op_costs'  # in the message hub, which checkpoints hold
TABLE = 'op_costs.json'


@HOOKS.register_module()
class SearchHook(Hook):
    """What a SearchEncoderDecoder needs of its training.

    * It measures how long each operation takes on this machine, before the
      first step, and writes it to ``op_costs.json`` in the work directory. A
      resumed search takes the numbers of its checkpoint, so that it goes on
      as the unbroken one.
    * It tells the model how far the training is: architectures are frozen at
      first, and the temperature falls.
    * Each validation has ``search.*`` beside its metrics, for the log and
      ``curves.csv``: entropies of the mixtures, 1 at first and 0 where one
      operation is left; the mean weight of skip; latency and parameters
      relative to the first operation everywhere; the temperature. The log
      has the present genotype, too.
    * It stops a search that collapses: where skip has more than half of the
      weight of more than half of the maps. The last checkpoint, of before,
      stays.

    Args:
        repeats: How often each operation is timed.
        stop: Whether to stop then; False: warn once.

    Raises:
        ValueError: If the model is no SearchEncoderDecoder, its optimizer is
            not that of a search, or there are several processes.
    """

    # before what logs the metrics of a validation
    priority = 'HIGH'

    def __init__(self, repeats: int = 50, stop: bool = True) -> None:
        check_at_least(1, repeats=repeats)
        self.repeats = repeats
        self.stop = stop
        self._warned = False

    def before_train(self, runner) -> None:
        model = runner.model
        if is_model_wrapper(model):
            raise ValueError('A search runs in one process: its two '
                             'optimizers take steps in turn. Leave the '
                             'launcher away')
        if not isinstance(model, SearchEncoderDecoder):
            raise ValueError('SearchHook is for a model of type '
                             f'SearchEncoderDecoder, not of '
                             f'{type(model).__name__}')
        if not isinstance(runner.optim_wrapper, SearchOptimWrapper):
            raise ValueError(
                'A search needs an optimizer of the architecture: say '
                "optim_wrapper = dict(constructor='"
                "SearchOptimWrapperConstructor') in the config")
        table = _known(runner) if runner.iter > 0 else None
        if table is not None and not fits(table, model):
            print_log(f'The {TABLE} of the checkpoint is of other operations,'
                      ' and measured anew', logger='current',
                      level=logging.WARNING)
            table = None
        model.latency_costs = None
        if table is not None:
            self._take(runner, table)

    def before_train_iter(self, runner, batch_idx: int,
                          data_batch: Optional[Mapping] = None) -> None:
        model = runner.model
        if model.latency_costs is None:
            one = {name: copy.deepcopy(values[:1])
                   for name, values in data_batch.items()}
            image = model.data_preprocessor(one, True)['inputs']
            self._take(runner, measure_latencies(model, image, self.repeats))
        model.begin_step(runner.iter / runner.max_iters)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None,
                         outputs: Optional[dict] = None) -> None:
        model = runner.model
        if self._warned or not model.learns_architecture:
            return
        collapsed = model.decode_head.collapsed()
        if 2 * len(collapsed) <= len(model.decode_head.edges):
            return
        self._warned = True
        text = (f'The search collapses by iteration {runner.iter + 1}: skip '
                f'has more than half of the weight of {", ".join(collapsed)}.')
        if self.stop:
            runner.train_loop.stop_training = True
            kept = last_checkpoint(runner.work_dir)
            text += ' It ends here' + (
                f'; the last checkpoint from before is {short_path(kept)}'
                if kept else ' without a checkpoint: save them more often, '
                'or learn the architecture later, by model.frozen')
        print_log(text, logger='current', level=logging.WARNING)

    def after_val_epoch(self, runner, metrics: Optional[dict] = None) -> None:
        model = runner.model
        if metrics is None or not isinstance(model, SearchEncoderDecoder):
            return
        head = model.decode_head
        entropies = {name: mixture.entropy()
                     for name, mixture in head.mixtures().items()}
        skips = head.skip_weights()
        found = dict(
            entropy=sum(entropies.values()) / len(entropies),
            **{f'entropy.{name}': value
               for name, value in entropies.items()},
            skip=sum(skips) / len(skips),
            temperature=float(head.fusion.temperature),
            **{name: float(value) for name, value in model.costs().items()})
        metrics.update({f'search.{name}': value
                        for name, value in found.items()})
        print_log(f'The genotype by the largest weights: {head.genotype()}',
                  logger='current')

    def _take(self, runner, table: Mapping) -> None:
        runner.model.latency_costs = table['latency']
        runner.message_hub.update_info(KEY, table)
        write_atomically(Path(runner.work_dir, TABLE),
                         json.dumps(table, indent=1) + '\n')


def _known(runner) -> Optional[dict]:
    """Return the table of the checkpoint, or of the work directory."""
    table = runner.message_hub.runtime_info.get(KEY)
    path = Path(runner.work_dir, TABLE)
    if table is None and path.is_file():
        table = json.loads(path.read_text(encoding='utf-8'))
    return table
