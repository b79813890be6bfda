"""Write arguments of a data set as whoever reads it can give them."""
from mmseg_ext.basics.command_line import quote_command

IN_CONFIG = 'in dataset=dict(...) of the config'


def write_argument(name: str, text: str, command_line: bool = False) -> str:
    """Return what to write to give SEMDataset an argument.

    Args:
        name: The argument.
        text: Its value, as in a config.
        command_line: Whether there is no config to write it in.
    """
    if not command_line:
        return f'{name}={text} {IN_CONFIG}'
    option = quote_command([f'{name}=' + text.strip("'")])
    return f'--dataset-options {option}'
