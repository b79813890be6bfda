import pytest
from mmengine.evaluator import Evaluator
from mmseg.registry import METRICS


def test_averages_what_a_model_returns():
    metric = METRICS.build(dict(type='ReturnedMeansMetric'))
    evaluator = Evaluator(metric)
    evaluator.process(data_samples=[dict(a=1.0, b=2.0)], data_batch={})
    evaluator.process(
        data_samples=[dict(a=2.0, b=4.0), dict(a=6.0, b=6.0)], data_batch={})
    assert evaluator.evaluate(3) == pytest.approx(dict(a=3.0, b=4.0))
