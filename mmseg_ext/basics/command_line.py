"""What the command-line tools share."""
import shlex
import sys
from pathlib import Path


def command_for(tool: str) -> str:
    """Return how to call a tool, in the way in which this one was called.

    Args:
        tool: Name without suffix, such as 'test'.

    Returns:
        'python tools/test.py' where a file of tools/ runs, else
        'mmseg-ext test'.
    """
    script = Path(sys.argv[0])
    if script.suffix == '.py' and script.parent.name == 'tools':
        return f'python {shlex.quote(str(script.with_name(f"{tool}.py")))}'
    return f'mmseg-ext {tool}'
