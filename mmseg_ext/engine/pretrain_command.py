"""The command that makes the weights which a config names itself.

Outside of pretraining/, which imports torch and models: errors name it.
"""
from collections.abc import Mapping

from mmseg_ext.basics.command_line import command_for, quote_command


def pretrain_command(config: str, section: Mapping) -> str:
    """Return the command that writes the weights a config starts from.

    Args:
        config: Path of the config.
        section: Its ``pretraining``: ``images``, and options of
            tools/pretrain.py.
    """
    words = [config, section['images']]
    for name, value in section.items():
        if name != 'images':
            words += [f'--{name.replace("_", "-")}', str(value)]
    return f'{command_for("pretrain")} {quote_command(words)}'
