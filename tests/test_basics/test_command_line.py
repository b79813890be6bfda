"""What all commands have in common."""
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.registry import Registry

from mmseg_ext.basics.command_line import (
    NamedKeyValues,
    add_budget_options,
    add_config_options,
    called_again,
    command_for,
    new_parser,
    parse_dict,
    quote_command,
    run,
)


@pytest.fixture
def argv(monkeypatch):
    return lambda *words: monkeypatch.setattr(sys, 'argv', list(words))


def fail(error: BaseException):
    def main():
        raise error
    return main


def built(error: Exception) -> Exception:
    """Return what mmengine makes of an error of a class that it builds."""
    registry = Registry('thing')

    @registry.register_module()
    class Thing:

        def __init__(self) -> None:
            raise error

    with pytest.raises(type(error)) as found:
        registry.build(dict(type='Thing'))
    return found.value


@pytest.mark.parametrize('error', [
    ValueError('The mask is damaged.'), OSError('There is no disk.'),
    ImportError('Install it.'), FileNotFoundError('No images in x.')])
def test_what_users_mend_is_a_sentence(argv, error):
    argv('tool')
    for raised in (error, built(error)):
        with pytest.raises(SystemExit) as end:
            run(fail(raised))
        assert str(end.value).strip() == str(error)


def test_traceback_lets_errors_through(argv):
    argv('tool', '--traceback')
    with pytest.raises(ValueError, match='damaged'):
        run(fail(ValueError('damaged')))
    assert vars(new_parser('A tool.').parse_args()) == {}


def test_named_options():
    parser = new_parser('A tool.')
    parser.add_argument('--variant', nargs='+', action=NamedKeyValues)
    args = parser.parse_args([
        '--variant', 'wide', 'a.b=[1,2]', 'c={"d": "x y"}',
        '--variant', 'deep', 'a.b=None'])
    assert args.variant == dict(
        wide={'a.b': [1, 2], 'c': {'d': 'x y'}}, deep={'a.b': None})


@pytest.mark.parametrize(('words', 'message'), [
    (['a=1'], 'wants a name of its own'), (['wide'], 'one KEY=VALUE or more'),
    (['wide', 'a=1', '--variant', 'wide', 'b=1'], 'a name of its own'),
    (['wide', 'a'], "'a' is not KEY=VALUE"),
    (['wide', 'a={b'], 'brackets belong together')])
def test_wrong_named_options(words, message, capsys):
    parser = new_parser('A tool.')
    parser.add_argument('--variant', nargs='+', action=NamedKeyValues)
    with pytest.raises(SystemExit):
        parser.parse_args(['--variant', *words])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('option', ['--traceback', '--trace'])
def test_traceback_of_sub_commands_and_abbreviated(argv, option):
    def main():
        parser = new_parser('A tool.')
        parser.add_subparsers().add_parser('kind')
        parser.parse_args(['kind'] if option == '--traceback' else [option])
        raise ValueError('damaged')

    argv('tool', 'kind', option)
    with pytest.raises(ValueError, match='damaged'):
        run(main)


def test_errors_of_the_program_keep_their_traceback(argv):
    argv('tool')
    for error in (TypeError('x'), KeyError('x'), ZeroDivisionError('x')):
        with pytest.raises(type(error)):
            run(fail(error))


@pytest.mark.parametrize(('text', 'printed'), [
    ('', 'Interrupted.'), ('The same command goes on.', 'same command')])
def test_interrupts(argv, capsys, text, printed):
    argv('tool')
    with pytest.raises(SystemExit) as end:
        run(fail(KeyboardInterrupt(*[text] * bool(text))))
    assert end.value.code == 130
    assert printed in capsys.readouterr().err


def test_exit_status(argv):
    argv('tool')
    with pytest.raises(SystemExit) as end:
        run(lambda: 1)
    assert end.value.code == 1
    for status in (None, 0):
        run(lambda status=status: status)


@pytest.mark.parametrize(('called', 'expected'), [
    ('tools/train.py', 'python tools/test.py'),
    ('a b/tools/train.py', "python 'a b/tools/test.py'"),
    ('mmseg-ext train', 'mmseg-ext test'),
    ('/env/mmseg_ext/.mim/tools/train.py', 'mmseg-ext test'),
    ('/usr/bin/pytest', 'mmseg-ext test'),
    ('/another/tools/train.py', 'mmseg-ext test')])
def test_other_commands_as_this_one(
        argv, tmp_path, monkeypatch, called, expected):
    for folder in ('tools', 'a b/tools'):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / 'test.py').touch()
    monkeypatch.chdir(tmp_path)
    argv(called)
    assert command_for('test') == expected


def test_an_option_without_a_value(capsys):
    parser = new_parser('A tool.')
    add_config_options(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(['--cfg-options', 'a.b=1', 'c.d'])
    assert "'c.d' is not KEY=VALUE" in capsys.readouterr().err
    assert parser.parse_args(['--cfg-options', 'a.b=1']).cfg_options == {
        'a.b': 1}


def test_options_of_a_runner_are_of_tools_that_have_one(repository):
    for path in sorted((repository / 'tools').glob('*.py')):
        text = path.read_text()
        assert ('add_runner_options(parser)' in text) == (
            path.stem in ('train', 'test')), path
    parser = new_parser('A tool.')
    add_config_options(parser)
    assert not {'launcher', 'work_dir'} & {*vars(parser.parse_args([]))}


@pytest.mark.parametrize(('text', 'value'), [
    ('my models/a b.pth', 'my models/a b.pth'), ('[1, 2.5, x]', [1, 2.5, 'x']),
    ('["grain boundary", pore]', ['grain boundary', 'pore']),
    ('[(a b, 1), [c , d]]', [('a b', 1), ['c', 'd']]), (' 3 ', 3),
    ('True', True), ('a, b', ['a', 'b'])])
def test_white_space_within_values(text, value):
    parser = new_parser('A tool.')
    add_config_options(parser)
    found = parser.parse_args(['--cfg-options', f'a.b={text}']).cfg_options
    assert found == {'a.b': value}


@pytest.mark.parametrize('words', [['--map', '-a=0'],
                                   ['--map', 'b=1', '-a=0']])
def test_a_name_that_looks_like_an_option(capsys, words):
    parser = new_parser('A tool.')
    parser.add_argument('--map', nargs='+')
    with pytest.raises(SystemExit):
        parser.parse_args(words)
    assert "begins with '-' is an option" in capsys.readouterr().err


@pytest.mark.parametrize('encoding', ['cp1252', 'ascii', 'utf-8', 'gbk'])
def test_no_report_is_lost_for_a_letter(tmp_path, encoding):
    """Nor for a file's name that is no text."""
    program = (
        'from mmseg_ext.basics.command_line import run\n'
        'def main():\n'
        "    print('\\u03b3-Fe, \\u88c2, Gef\\udcfcge')\n"
        "    print('the rest')\n"
        "    raise ValueError('\\u03b1 is damaged')\n"
        'run(main)\n')
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True,
        env=dict(os.environ, PYTHONIOENCODING=encoding), cwd=Path(__file__)
        .parents[2])
    printed = done.stdout.decode(encoding)
    assert printed.splitlines()[1] == 'the rest'
    for letter in 'γ裂':
        try:
            letter.encode(encoding)
        except UnicodeEncodeError:
            assert ascii(letter)[1:-1] in printed
        else:
            assert letter in printed
    assert 'Gef\\udcfcge' in printed
    assert 'is damaged' in done.stderr.decode(encoding)
    assert 'Traceback' not in done.stderr.decode(encoding)


def test_arguments_survive_a_shell():
    words = ['a b', "it's", '$HOME', '', 'Riß=裂', '\\', '*']
    assert shlex.split(quote_command(words, windows=False)) == words


def split_as_windows_does(line: str) -> list[str]:
    """Split a command by the rules of Microsoft's C runtime.

    learn.microsoft.com, "Parsing C command-line arguments". What stands
    outside quotation marks must mean nothing to a shell.
    """
    words, word, quoted = [], None, False
    for slashes, mark, other in re.findall(r'(\\*)(?:(")|(.)|$)', line):
        if mark:
            word = (word or '') + '\\' * (len(slashes) // 2)
            if len(slashes) % 2:
                word += '"'
            else:
                quoted = not quoted
            continue
        if slashes:
            word = (word or '') + slashes
        if other == ' ' and not quoted:
            words, word = [*words, word], None
        elif other:
            assert quoted or other not in '&|<>^();,`\'{}#$'
            word = (word or '') + other
    return [*words, word]


def test_arguments_survive_a_shell_of_windows():
    words = ['a b', "it's", 'red=255,0,0', '', 'Riß=裂', 'C:\\data set\\',
             'C:\\data\\', 'a&b', '"', 'x\\"y z\\\\', '{split}', '--split',
             'x;y', '(1)', '@list', '*']
    line = quote_command(words, windows=True)
    assert split_as_windows_does(line) == words
    assert line.endswith(' "@list" "*"') and ' --split ' in line


def test_names_of_others_do_not_move_the_cursor(argv):
    argv('tool')
    with pytest.raises(SystemExit) as end:
        run(fail(ValueError('a\rb.png\nis damaged')))
    assert end.value.code == '\na\\rb.png\nis damaged'


def test_what_the_console_lacks_is_printed_as_its_number(argv):
    argv('tool')
    code = ('from mmseg_ext.basics.command_line import run\n'
            "run(lambda: print('Gef\\udcfcge \u03b1'))")
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True,
        env=dict(os.environ, PYTHONIOENCODING='cp1252', PYTHONUTF8='0'))
    assert (done.returncode, done.stdout) == (0, 'Gef\\udcfcge \\u03b1\n')


@pytest.mark.parametrize(('text', 'value'), [
    ("dict(classes=('a b','c'),n=[1,-2.5])",
     dict(classes=('a b', 'c'), n=[1, -2.5])),
    ("{'a': dict(b=None)}", dict(a=dict(b=None)))])
def test_dicts_on_the_command_line(text, value):
    assert parse_dict(text) == value


@pytest.mark.parametrize('text', [
    "dict(a=open('x'))", 'dict(a=b)', 'dict(1)', '{', "{'a': exec('x')}",
    '{1}', 'dict(a=1), 3', '{[]: 1}', "dict(**{'a': 1})"])
def test_what_is_no_dict_of_values(text):
    with pytest.raises(ValueError, match='no dict of plain values'):
        parse_dict(text)


@pytest.mark.parametrize(('called', 'command'), [
    (['tools/train.py', 'a b.py'], "python tools/train.py 'a b.py' --resume"),
    (['mmseg-ext train', 'c.py', '--resume'],
     'mmseg-ext train c.py --resume'),
    (['/usr/bin/pytest', 'c.py'], None)])
def test_the_own_command_once_more(called, command, monkeypatch, repository):
    monkeypatch.chdir(repository)
    monkeypatch.setattr(sys, 'argv', called)
    assert called_again('train', '--resume') == command


@pytest.mark.parametrize(('words', 'after'), [
    (['', '--out', 'b'], ''), (['a', '--out', ''], ', after --out'),
    (['a', '--out', 'b', '--more', 'c', ''], ', after c')])
def test_words_that_a_shell_left_empty(capsys, words, after):
    parser = new_parser('A tool.')
    parser.add_argument('folder')
    parser.add_argument('--out', type=Path)
    parser.add_argument('--more', nargs='+', default=[])
    parser.add_argument('--suffix', default='')
    with pytest.raises(SystemExit):
        parser.parse_args(words)
    assert f'an argument is empty{after}; is' in capsys.readouterr().err
    found = parser.parse_args(['a', '--suffix', ''])
    assert (found.folder, found.suffix) == ('a', '')


@pytest.mark.parametrize('options, words', [
    (('--minutes', '0'), 'argument --minutes: 0: must be above 0'),
    (('--minutes', 'nan'), 'argument --minutes: nan: must be above 0'),
    (('--steps', '-3'), 'argument --steps: -3: must be above 0'),
    (('--steps', '2.5'), "argument --steps: invalid int value: '2.5'"),
    (('--steps', '5', '--minutes', '5'), 'not allowed with')])
def test_a_budget_that_is_none(capsys, options, words):
    parser = new_parser('')
    add_budget_options(parser, 30, 'for all')
    assert parser.parse_args([]).minutes == 30
    assert parser.parse_args(['--steps', '7']).steps == 7
    with pytest.raises(SystemExit):
        parser.parse_args(options)
    assert words in capsys.readouterr().err
