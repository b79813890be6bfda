"""What all commands have in common: options, names, errors in a sentence."""
import argparse
import ast
import hashlib
import os
import re
import shlex
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, Optional

from .argument_types import crop_rows, number, pixel_size
from .errors import user_sentence
from .printable import printable

COMMAND = 'mmseg-ext'
TRACEBACK = '--traceback'
# What cmd or PowerShell may take for theirs, a comma or a bracket too.
_SHELLS_OWN = re.compile(r'[^\w@%+=:./\\-]|^@')
# Of the stack about itself; no user can do anything about them.
_HARMLESS = ('``build_loss`` would be deprecated', 'The draw is False')
_SPACE = '\ue000'  # in the place of ' ', and in no name of anybody's


def new_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser that prints a tool's docstring as it stands."""
    parser = _Parser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        TRACEBACK, action=_Noted, help='of an error show where it was '
        'raised, and not its sentence alone')
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser that says why a name is not taken for one."""

    def parse_known_args(self, args=None, namespace=None):
        """Refuse empty words, which a shell makes of what is not set.

        Of a folder they would be the current one.
        """
        words = sys.argv[1:] if args is None else list(args)
        may_be = {option for action in self._actions
                  for option in action.option_strings if action.default == ''}
        for before, word in zip(['', *words], words):
            if word == '' and before not in may_be:
                self.error('an argument is empty'
                           + (f', after {before}' if before else '')
                           + '; is a variable of the shell not set?')
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        if 'expected at least one argument' in message or re.match(
                r'unrecognized arguments: -\S+=', message):
            message += (" (a word that begins with '-' is an option: names of "
                        'classes have to begin otherwise)')
        super().error(message)


def config_name(name: str) -> str:
    """Return the name of a config that exists: the type of an option.

    Whoever mistypes it need not wait for torch to be imported.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    try:  # not above: mmengine is missing where ONNX files alone run
        from .config_files import find_config
    except ModuleNotFoundError:
        return name  # whoever needs the config says what is missing
    find_config(name)
    return name


class _Noted(argparse.Action):
    """An option that :func:`run` is told of, also if it is abbreviated."""

    noted = False

    def __init__(self, option_strings, dest, **kwargs) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS,
                         default=argparse.SUPPRESS, nargs=0, **kwargs)

    def __call__(self, parser, namespace, values, option=None) -> None:
        _Noted.noted = True


class KeyValues(argparse.Action):
    """Options KEY=VALUE, as a dict of what :func:`read_options` returns."""

    def __call__(self, parser, namespace, values, option=None) -> None:
        try:
            read = read_options(values)
        except ValueError as error:
            parser.error(f'{option}: {error}')
        before = getattr(namespace, self.dest, None) or {}
        setattr(namespace, self.dest, {**before, **read})


class NamedKeyValues(argparse.Action):
    """Options NAME KEY=VALUE ..., as a dict name -> their dict."""

    def __call__(self, parser, namespace, values, option=None) -> None:
        name, *words = values
        before = getattr(namespace, self.dest, None) or {}
        if '=' in name or not words or name in before:
            parser.error(f'{option}: wants a name of its own, and then one '
                         f'KEY=VALUE or more; found {" ".join(values)!r}')
        try:
            read = read_options(words)
        except ValueError as error:
            parser.error(f'{option}: {error}')
        setattr(namespace, self.dest, {**before, name: read})


def read_options(words: Sequence[str]) -> dict[str, Any]:
    """Read values of a config to replace.

    Args:
        words: Each KEY=VALUE.

    Returns:
        Key -> value, of the type that it is written as.

    Raises:
        ValueError: If one cannot be read.
    """
    read = {}
    for word in words:
        key, equals, value = word.partition('=')
        if not equals:
            raise ValueError(f'{word!r} is not KEY=VALUE')
        try:
            read[key] = _option_value(value)
        except (AssertionError, SyntaxError, ValueError):
            raise ValueError(
                f'{word!r} cannot be read: brackets belong together, and in '
                'braces texts need quotation marks') from None
    return read


def _option_value(value: str):
    # not above: it is missing where ONNX files alone run
    from mmengine.config import DictAction

    if value.startswith(('dict(', '{')):
        return parse_dict(value)
    # mmengine takes white space out of paths and names, too
    kept = re.sub(r'\s*([][(),])\s*', r'\1', value.strip())
    return _with_spaces(DictAction._parse_iterable(
        kept.replace(' ', _SPACE)))


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add how image files are read, where that is not as in training."""
    parser.add_argument(
        '--bit-depth', type=number(int, low=8, high=16), metavar='BITS',
        help='significant bits of 16-bit images, such as 12; default: as in '
        'training')
    parser.add_argument(
        '--crop-bottom', type=crop_rows, metavar='ROWS|auto', help='cut rows '
        'off the lower edge, or the information band, as headers and side '
        'files declare it or where one is found; default: as in training')


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """Add what predictions are computed with."""
    parser.add_argument(
        '--device', help="such as 'cpu'; default: the GPU if there is one")
    parser.add_argument(
        '--threads', type=number(int, low=1), metavar='N',
        help='of the CPU; default: one for each core')


def add_measuring_options(parser: argparse.ArgumentParser) -> None:
    """Add how what is found in images is measured."""
    parser.add_argument(
        '--um-per-pixel', type=pixel_size, default='auto',
        metavar='UM|auto|none', help='side of a pixel in micrometres, for '
        'areas and sizes of features; auto: of each image what its header '
        '(FEI, Zeiss, Olympus, TESCAN, ImageJ, OME) or side file (JEOL, '
        'Hitachi, TESCAN) says; none: measure nothing (default: %(default)s)')
    parser.add_argument(
        '--min-area', type=number(int, low=1), default=1,
        metavar='PIXELS', help='smaller features are not counted')


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`mmseg_ext.engine.config_from_options` changes."""
    parser.add_argument(
        '--data-root', help='data folder, in place of the config\'s')
    parser.add_argument(
        '--dataset-options',
        nargs='+',
        action=KeyValues,
        metavar='KEY=VALUE',
        help='arguments of all data sets of the config, such as '
        'categories=[bottle,cable] or "label_map={0: 0, 255: 1}"; '
        'metainfo.classes=[matrix,carbide] sets the classes of data and model')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValues,
        metavar='KEY=VALUE',
        help='values of the config to replace, such as '
        'train_dataloader.batch_size=2 or key="[(a,b),(c,d)]" (quotation '
        'marks needed, no white space)')


def add_runner_options(parser: argparse.ArgumentParser) -> None:
    """Add where a Runner writes, and how its processes are started."""
    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher; dist_train.sh and dist_test.sh set it')
    # torchrun sets the environment variable; older launchers this option
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help=argparse.SUPPRESS)


def _with_spaces(value):
    """Put white space back into texts, also those of lists."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(_with_spaces, value))
    return value.replace(_SPACE, ' ') if isinstance(value, str) else value


def parse_dict(text: str) -> dict:
    """Read a dict of values as Python writes it, and run nothing.

    Args:
        text: Such as ``dict(classes=('a', 'b'))`` or ``{'classes': []}``.

    Raises:
        ValueError: If it is anything else.
    """
    try:
        found = _value(ast.parse(text, mode='eval').body)
        if not isinstance(found, dict):
            raise ValueError('no dict')
        return found
    except (SyntaxError, TypeError, ValueError) as error:
        raise ValueError(f'{text!r} is no dict of plain values, such as '
                         '"dict(classes=(\'a\', \'b\'))"') from error


def _value(node: ast.expr):
    if isinstance(node, ast.Call):
        names = [pair.arg for pair in node.keywords]
        if (getattr(node.func, 'id', None) != 'dict' or node.args
                or None in names):  # **
            raise ValueError('a call')
        return {pair.arg: _value(pair.value) for pair in node.keywords}
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {ast.literal_eval(key): _value(value)
                for key, value in zip(node.keys, node.values)}
    if isinstance(node, (ast.List, ast.Tuple)):
        values = map(_value, node.elts)
        return list(values) if isinstance(node, ast.List) else tuple(values)
    return ast.literal_eval(node)


def add_budget_options(parser: argparse.ArgumentParser, minutes: float,
                       what: str) -> None:
    """Add ``--minutes`` and ``--steps``, of which one can be given.

    Args:
        parser: Of a tool that trains, or plans to.
        minutes: Their default.
        what: The time is for, in words.
    """
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        '--minutes', type=number(float, above=0), default=minutes,
        help=f'{what} on this machine, which is timed (default: %(default)g)')
    budget.add_argument('--steps', type=number(int, above=0), metavar='N',
                        help='of training, instead')


def run(main: Callable[[], Optional[int]]) -> None:
    """Run a tool, and end the process if its exit status is not 0.

    What the user can put right is printed as a sentence, see
    :func:`~.errors.user_sentence`; ``--traceback`` among the arguments lets
    every error through as it was raised.
    """
    _Noted.noted = TRACEBACK in sys.argv
    # the parsers of sub-commands do not know it
    sys.argv = [word for word in sys.argv if word != TRACEBACK]
    for stream in (sys.stdout, sys.stderr):
        # Names of files and classes may have letters that the console lacks:
        # no report is worth losing for one of them.
        if hasattr(stream, 'reconfigure'):
            stream.reconfigure(errors='backslashreplace')
    for text in _HARMLESS:
        warnings.filterwarnings('ignore', re.escape(text))
    try:
        status = main()
    except KeyboardInterrupt as interrupt:
        if _Noted.noted:
            raise
        # whoever knows how to go on has said so
        print(f'\n{str(interrupt) or "Interrupted."}', file=sys.stderr)
        status = 130
    except Exception as error:
        sentence = user_sentence(error)
        if sentence is None or _Noted.noted:
            raise
        if _is_said(sentence):
            sys.exit(1)
        # a progress line may stand before it
        sys.exit('\n' + '\n'.join(map(printable, sentence.split('\n'))))
    if status:
        sys.exit(status)


def _is_said(sentence: str) -> bool:
    """Tell whether another process of torchrun says this, too, and did so."""
    file = os.environ.get('TORCHELASTIC_ERROR_FILE')
    if not file:
        return False
    digest = hashlib.sha256(
        sentence.encode(errors='backslashreplace')).hexdigest()
    try:  # its folder is of one process, the one above of all on a machine
        (Path(file).parents[1] / f'{digest}.said').open('x').close()
    except FileExistsError:
        return True
    except OSError:
        pass
    return False


def quote_command(arguments: Sequence[str],
                  windows: bool = os.name == 'nt') -> str:
    """Write arguments so that a shell takes them as they are.

    Args:
        arguments: Words of a command.
        windows: For cmd and PowerShell. Variables (%NAME% and $NAME) are
            replaced there: no spelling keeps both from it.
    """
    if windows:
        return ' '.join(map(_quote_for_windows, arguments))
    return shlex.join(arguments)


def _quote_for_windows(word: str) -> str:
    if word and not _SHELLS_OWN.search(word):
        return word
    # in quotation marks also where a program would not need them
    return '"' + subprocess.list2cmdline([f' {word}'])[2:]


def command_for(tool: str) -> str:
    """Return how to call another tool as this one was called.

    Args:
        tool: Its name, such as 'test'.

    Returns:
        'python tools/test.py' with the folder as it was given, quoted for a
        shell; 'mmseg-ext test' where no file of that folder was called.
    """
    folder = Path(sys.argv[0]).parent
    path = folder / f'{tool}.py'
    # '.mim': the package's own copy, started by dist_train.sh
    ours = folder.name == 'tools' and '.mim' not in folder.parts
    if ours and path.is_file():
        return f'python {quote_command([str(path)])}'
    return f'{COMMAND} {tool}'


def called_again(tool: str, *more: str) -> Optional[str]:
    """Return this process's own command with more arguments.

    Args:
        tool: Its name, such as 'train'.
        *more: Arguments to add where they are missing.

    Returns:
        The command, quoted for a shell; None if another program than the
        tool runs.
    """
    called, *rest = sys.argv
    if called != f'{COMMAND} {tool}' and Path(called).name != f'{tool}.py':
        return None
    added = [word for word in more if word not in rest]
    return f'{command_for(tool)} {quote_command([*rest, *added])}'
