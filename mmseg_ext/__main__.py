"""mmseg-ext NAME ... is python tools/NAME.py ..., from any folder."""
import ast
import difflib
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from mmseg_ext.basics.command_line import COMMAND, run
from mmseg_ext.basics.shipped import shipped
from mmseg_ext.version import __version__

# As people work, and as tools/README.md groups them.
GROUPS = dict(
    prepare=('make_sample', 'convert_masks', 'plan', 'check_dataset',
             'split_mvtec', 'split_domains'),
    train=('pretrain', 'train', 'dist_train', 'pseudo_label', 'derive'),
    judge=('test', 'dist_test', 'cross_validate', 'compare_models',
           'compare_figures', 'set_threshold', 'show_attention',
           'inspect_attention'),
    use=('predict', 'adapt', 'few_shot', 'label_images'),
    compress=('prune', 'export', 'quantize'),
    study=('benchmark', 'search', 'benchmark_speed', 'benchmark_scaling',
           'benchmark_attention', 'benchmark_deform_conv',
           'benchmark_tiling', 'benchmark_prediction', 'benchmark_files',
           'benchmark_few_shot'))


def _path(name: str) -> Path:
    folder = shipped('tools')
    script = folder / f'{name}.sh'
    return script if script.exists() else folder / f'{name}.py'


def _summary(path: Path) -> str:
    """Return the first line of a tool's own description."""
    text = path.read_text(encoding='utf-8')
    if path.suffix == '.sh':
        return text.splitlines()[1].removeprefix('# ')
    return ast.get_docstring(ast.parse(text)).splitlines()[0]


def _usage() -> str:
    lines = [f'usage: {COMMAND} NAME [options]; {COMMAND} NAME --help']
    for group, names in GROUPS.items():
        lines += ['', group]
        lines += [f'  {name:22}{_summary(_path(name))}' for name in names]
    return '\n'.join(lines)


def main() -> None:
    """Run the tool that the first argument names."""
    name, *rest = sys.argv[1:] or ['--help']
    if name in ('-h', '--help'):
        print(_usage())
        return
    if name == '--version':
        print(f'{COMMAND} {__version__}')
        return
    known = [name for names in GROUPS.values() for name in names]
    if name not in known:
        near = difflib.get_close_matches(name, known)
        hint = f' Did you mean {", ".join(near)}?' if near else ''
        sys.exit(f'{COMMAND}: there is no tool {name!r}.{hint} {COMMAND} '
                 '--help lists all')
    path = _path(name)
    if path.suffix == '.sh':
        # the scripts look for an environment; it is this interpreter's
        environment = dict(os.environ, MMSEG_EXT_PYTHON=sys.executable)
        os.execvpe('bash', ['bash', str(path), *rest], environment)
    sys.argv = [f'{COMMAND} {name}', *rest]  # for its usage line
    spec = spec_from_file_location(f'{__package__}_tool', path)
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    run(tool.main)


if __name__ == '__main__':
    main()
