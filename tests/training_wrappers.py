"""What holds for segmentors that are the plain one but for training."""
import torch
from mmseg.registry import MODELS
from model_tests import UpstreamTests, grids
from tiny_segmentor import tiny_config


class TrainingWrapperTests(UpstreamTests):
    """Tests of a segmentor that differs from EncoderDecoder in training."""
    test_one_stage = None
    kind: str

    def build(self):
        return MODELS.build(dict(
            tiny_config(dropout_ratio=0).model, type=self.kind))

    def upstream(self):
        return MODELS.build(tiny_config(dropout_ratio=0).model)

    def inputs(self, batch, size):
        return torch.randn(batch, 3, *size)

    def shapes(self, batch, size):
        return [(batch, 3, *grids(1, size, 8)[0])]
