"""The means of numbers that a model returns itself."""
from collections.abc import Sequence

from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ReturnedMeansMetric(BaseMetric):
    """Average what a model returns for each image.

    For models that are judged by what only they compute, such as
    ``FeatureDistiller``: in validation they return a dict of numbers for
    each image.

    Args:
        **kwargs: Of mmengine's BaseMetric.
    """

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        self.results += data_samples

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Return the mean of each number."""
        return {name: sum(found[name] for found in results) / len(results)
                for name in results[0]}
