"""Evaluation mode for a while."""
from contextlib import suppress

from torch import nn

from mmseg_ext.engine.modes import evaluating


def test_each_layer_is_in_its_own_mode_again():
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm2d(1)).train()
    model[1].eval()  # a frozen norm
    with suppress(KeyError), evaluating(model):
        assert not any(part.training for part in model.modules())
        raise KeyError
    assert [part.training for part in model.modules()] == [True, True, False]
