"""Find a config file by its path or ``package::name``, and read it."""
import difflib
import importlib.util
import os
import re
from pathlib import Path

from mmengine.config import Config
from mmengine.config.utils import ConfigParsingError

from .shipped import shipped

OWN = 'mmseg_ext'
HERE = '{{ fileDirname }}'  # mmengine puts a config's folder there
# names that have changed, for those who still have the old one
RENAMED = {'ksdd2_made_masks.py': 'ksdd2_pseudo_labels.py'}
SUFFIXES = ('.py', '.json', '.yaml', '.yml')
NEAR = 0.8  # how alike a slip and what is meant are
# what mmengine says of a package's config
MISSING = re.compile(r'file "(.+)" does not exist')


def find_config(name: str | os.PathLike,
                what: str = 'config',
                where: str = '') -> str:
    """Return the path of a config file.

    Args:
        name: Its path, or ``package::path`` of one that comes with a
            package: ``mmseg_ext::super1/segformer_mit-b0_super1.py``,
            ``mmseg::segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py``.
        what: What to call it in an error.
        where: What names it, put in front of an error.

    Raises:
        FileNotFoundError: If there is no such file. Says where a shipped
            config of this name is, else which names are near it; what is in
            a folder.
        ModuleNotFoundError: If the package is not installed.
    """
    name = os.fspath(name)
    package, separator, inner = name.partition('::')
    root = _configs_of(package) if separator else None
    path = Path(name if root is None else root / inner).expanduser()
    if path.is_file():
        if path.suffix not in SUFFIXES:
            raise FileNotFoundError(f'{name} is no {what}: those end in '
                                    f'{", ".join(SUFFIXES)}')
        return str(path)
    if path.is_dir():
        raise FileNotFoundError((where and f'{where}: ')
                                + _list_folder(name, path, what))
    start = f'{where}: there' if where else 'There'
    raise FileNotFoundError(f'{start} is no {what} {name}{_advice(path)}')


def _list_folder(name: str, path: Path, what: str) -> str:
    start = name if name.endswith(('::', '/')) else f'{name}/'
    listed = [f'  {start}{file.name}' for file in sorted(path.glob('*.py'))]
    listed += [f'  {start}{folder.name}/...' for folder in sorted(
        path.iterdir()) if folder.name != '_base_' and any(
            folder.glob('*.py'))]
    if not listed:
        return f'{name} is a folder without a {what}'
    return '\n'.join([f'{name} is a folder; name a {what} in it:', *listed])


def read_config(name: str | os.PathLike) -> Config:
    """Read a config file, see :func:`find_config`.

    Raises:
        FileNotFoundError: If it, or a config that it inherits from, does not
            exist.
    """
    path = find_config(name)
    try:
        return Config.fromfile(path)
    except RecursionError as error:
        raise ValueError(f'{name}, or a config that it inherits from, '
                         'inherits from itself.') from error
    except (SyntaxError, NameError, LookupError, TypeError, AttributeError,
            ArithmeticError, AssertionError, UnicodeDecodeError,
            ConfigParsingError) as error:  # it is a program
        place, what = _describe(error)
        place = place or f'{name}, or a config that it inherits from,'
        raise ValueError(f'{place} cannot be read: {what}.') from error
    except FileNotFoundError as error:
        # other configs it opens, to see of what kind they are
        missing = MISSING.fullmatch(str(error))
        found = missing[1] if missing else error.filename or ''
        base = Path(os.path.normpath(found))
        if base.suffix != '.py':  # a file that a config reads
            raise
        raise FileNotFoundError(
            f'There is no config {base}, which {name} inherits from'
            f'{_advice(base)}') from None


def _describe(error: Exception) -> tuple[str, str]:
    """Return where a config's own code failed, if that is known, and why."""
    if isinstance(error, SyntaxError):  # parsed without the file's name
        return '', f'{type(error).__name__}: {error.msg} (line {error.lineno})'
    trace, place = error.__traceback__, ''
    while trace is not None:
        # mmengine runs configs without a module's name
        if trace.tb_frame.f_globals.get('__name__') is None:
            file = trace.tb_frame.f_code.co_filename
            place = f'{file}, line {trace.tb_lineno},'
        trace = trace.tb_next
    return place, f'{type(error).__name__}: {error}'


def _configs_of(package: str) -> Path:
    """Return the folder of the configs that come with a package."""
    if package == OWN:
        return shipped('configs')
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f'{package} is not installed: its configs come with it')
    return Path(spec.origin).parent / '.mim' / 'configs'


def _advice(path: Path) -> str:
    """Say what to write in place of a file that does not exist."""
    package, root = _owner(path)
    others = sorted(
        other.relative_to(root).as_posix() for other in root.rglob('*.py'))
    name = RENAMED.get(path.name, path.name)
    same = [other for other in others if other.rsplit('/', 1)[-1] == name]
    if same:
        shown = ' or '.join(_shown(package, root, other) for other in same)
        # from before every data set had a folder, or never there
        moved = 'configs' in path.parts and not any(
            path.as_posix().endswith(f'configs/{other}') for other in same)
        return (f'; it is now {shown}' if moved else
                f'; the one that comes with {package} is {shown}')
    # a base's part, such as datasets, is seldom what is misspelt
    part = path.parts[path.parts.index('_base_'):-1] if (
        '_base_' in path.parts) else ()
    names = {Path(other).stem: _shown(package, root, other)
             for other in others if (
                 Path(other).parts[:-1] == part if part else
                 not other.startswith('_base_'))}
    if not path.parent.resolve().is_relative_to(root.resolve()):
        names.update((other.stem, other.as_posix())
                     for other in sorted(path.parent.glob('*.py')))
    near = difflib.get_close_matches(Path(name).stem, names, n=3, cutoff=NEAR)
    if near:
        return f'; names near it are {", ".join(names[one] for one in near)}'
    return ''


def _owner(path: Path) -> tuple[str, Path]:
    """Return the package whose configs these are, and their folder.

    Ours, too, if the path is of none.
    """
    for folder in path.parents:
        if folder.parts[-2:] == ('.mim', 'configs'):
            return folder.parent.parent.name, folder
    return OWN, shipped('configs')


def _shown(package: str, root: Path, inner: str) -> str:
    """Write a config so that it can be given to a tool from here."""
    path = root / inner
    if package == OWN and path.is_relative_to(os.getcwd()):
        return path.relative_to(os.getcwd()).as_posix()
    return f'{package}::{inner}'
