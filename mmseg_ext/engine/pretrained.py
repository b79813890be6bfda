"""Pretrained weights that a config asks for: find them, or do without."""
import os.path as osp
import urllib.request

from mmengine.config import Config
from mmengine.runner import checkpoint
from torch.hub import get_dir

from .sections import sections

TIMEOUT = 10  # seconds until a silent network counts as none


def _is_pretrained(init_cfg) -> bool:
    return isinstance(init_cfg, dict) and init_cfg.get('type') == 'Pretrained'


def pretrained_weights(model_cfg: dict) -> list[str]:
    """Return the files and addresses of weights that a model starts from."""
    found = []
    for section in sections(model_cfg):
        if section.get('pretrained'):
            found.append(section['pretrained'])
        if _is_pretrained(section.get('init_cfg')):
            found.append(section['init_cfg']['checkpoint'])
    return found


def remove_pretrained(cfg: Config) -> None:
    """Let the model start from random weights instead of pretrained ones."""
    for section in sections(cfg.model):
        if section.get('pretrained'):
            section['pretrained'] = None
        if _is_pretrained(section.get('init_cfg')):
            # The module then initialises itself, as without pretraining.
            section['init_cfg'] = None


def _address(weights: str) -> str:
    """Return the address that a name such as open-mmlab://... stands for."""
    scheme, _, name = weights.partition('://')
    if scheme in ('open-mmlab', 'openmmlab'):
        name = checkpoint.get_deprecated_model_names().get(name, name)
        return checkpoint.get_external_models().get(name, weights)
    if scheme in ('torchvision', 'modelzoo'):
        return checkpoint.get_torchvision_models().get(name, weights)
    return weights


def check_weights(cfg: Config) -> None:
    """Fail now, not after the data are read, if weights cannot be had.

    Raises:
        ConnectionError: If weights are neither on this computer nor within
            reach of the network.
        FileNotFoundError: If a file of weights does not exist.
    """
    for weights in pretrained_weights(cfg.model):
        advice = ('Train from random weights with --from-scratch, or give a '
                  'file: --cfg-options model.backbone.init_cfg.checkpoint='
                  'FILE, or model.pretrained=FILE where the config has that')
        if '://' not in weights:
            if not osp.isfile(weights):
                raise FileNotFoundError(f'There are no pretrained weights at '
                                        f'{weights}. {advice}')
            continue
        address = _address(weights)
        cached = osp.join(get_dir(), 'checkpoints', osp.basename(address))
        if not address.startswith('http') or osp.isfile(cached):
            continue
        request = urllib.request.Request(address, method='HEAD')
        try:
            urllib.request.urlopen(request, timeout=TIMEOUT).close()
        except OSError as error:
            raise ConnectionError(
                f'The pretrained weights {weights} cannot be downloaded '
                f'({error}). {advice}, or put the downloaded file at '
                f'{cached}') from error
