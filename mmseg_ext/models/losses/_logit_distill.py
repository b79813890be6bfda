"""What losses on a teacher's logits share."""
from torch import nn

from mmseg_ext.basics.arguments import check_at_least

from ._checks import check_loss_name, check_temperature


class LogitDistillLoss(nn.Module):
    """A divergence of softened logits.

    Args:
        temperature: Of both softmaxes, above 0.
        loss_weight: Factor of the loss, 0 or more.
        loss_name: Name in the log; starts with 'loss_', or mmengine would
            not optimise it.

    Raises:
        ValueError: If an argument is not among what is allowed.
    """

    def __init__(self, temperature: float, loss_weight: float,
                 loss_name: str) -> None:
        super().__init__()
        check_temperature(temperature)
        check_at_least(0, loss_weight=loss_weight)
        check_loss_name(loss_name)
        self.temperature = temperature
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    @property
    def loss_name(self) -> str:
        """Name of the loss in the log."""
        return self._loss_name
