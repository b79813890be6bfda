"""Choose operations by what a supernet loses without them."""
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.runner.utils import set_random_seed
from torch import Tensor

from mmseg_ext.engine.modes import evaluating
from mmseg_ext.evaluation import iou
from mmseg_ext.evaluation.confusion import count_pairs
from mmseg_ext.models import SearchEncoderDecoder
from mmseg_ext.models.decode_heads import Genotype
from mmseg_ext.models.segmentors.logits import of_two_or_more, resized
from mmseg_ext.models.segmentors.search import split_halves

Drops = dict[str, dict[str, float]]  # mixture -> operation -> points


def architecture_batches(cfg: Config, number: int,
                         seed: int) -> Iterator[dict]:
    """Yield batches of the half that the architecture has learned from.

    Images are drawn and augmented as in the search, by a seed.

    Args:
        cfg: Config of the search.
        number: How many batches.
        seed: The same one gives the same batches.
    """
    set_random_seed(seed)
    loader = dict(cfg.train_dataloader, num_workers=0)
    for key in ('persistent_workers', 'prefetch_factor'):
        loader.pop(key, None)
    batches = iter(Runner.build_dataloader(loader, seed=seed))
    for _ in range(number):
        batch = next(batches)
        _, places = split_halves(batch['data_samples'])
        yield {name: [values[i] for i in places]
               for name, values in batch.items()}


def choose_by_perturbation(
        model: SearchEncoderDecoder, batches: Sequence[dict],
        told: Callable[[int], None] = lambda done: None
) -> tuple[Genotype, Drops]:
    """Choose the operations without which the supernet loses most.

    Each is removed alone, all others stay, and nothing is trained between.
    Of equal losses the larger weight decides.

    Args:
        model: A trained supernet.
        batches: Of :func:`architecture_batches`.
        told: Is told how many batches are done.

    Returns:
        The genotype, and how many points of mIoU over these batches are lost
        without each operation, below 0 where it is the better without.

    Reference:
        Wang et al., Rethinking Architecture Selection in Differentiable NAS,
        2021, algorithm 1, without its tuning between the choices.
    """
    mixtures = model.decode_head.mixtures()
    removals = [(None, None), *(
        (name, op) for name, mixture in mixtures.items()
        for op in mixture.names)]
    counts = dict.fromkeys(removals, 0)
    with evaluating(model), torch.inference_mode():
        for done, batch in enumerate(batches, 1):
            data = model.data_preprocessor(batch, True)
            maps = model.extract_feat(data['inputs'])
            truth = torch.stack([
                each.gt_sem_seg.data[0] for each in data['data_samples']])
            for name, op in removals:
                removed = (mixtures[name].without(op) if name else
                           nullcontext())
                with removed:
                    counts[name, op] += _pairs(model, maps, truth)
            told(done)
    whole = _mean_iou(counts[None, None])
    drops = {name: {op: whole - _mean_iou(counts[name, op])
                    for op in mixture.names}
             for name, mixture in mixtures.items()}
    *ops, integration = (
        _best(drops[name], mixture.weights().tolist())
        for name, mixture in mixtures.items())
    return Genotype(tuple(ops), integration), drops


def _pairs(model: SearchEncoderDecoder, maps: Sequence[Tensor],
           truth: Tensor) -> Tensor:
    head = model.decode_head
    logits = resized(of_two_or_more(head(maps)), truth[:, None],
                     model.align_corners)
    return count_pairs(logits.argmax(1), truth, logits.shape[1],
                       head.ignore_index)


def _mean_iou(counts: Tensor) -> float:
    """Return the mean IoU in percent of the classes in the ground truth.

    Whether a class that is not there is predicted would change its number.
    """
    there = counts.sum(1).numpy() > 0
    return 100 * float(iou(counts.numpy())[there].mean())


def _best(drops: dict[str, float], weights: Sequence[float]) -> str:
    ranks = {name: (drop, weight)
             for (name, drop), weight in zip(drops.items(), weights)}
    return max(ranks, key=ranks.get)
