"""Tests of tools/make_sample.py, run in this process: torch loads slowly."""
import pytest
from run_tool import run_tool


@pytest.fixture
def make(repository, tmp_path, monkeypatch):
    """Return a function that runs the tool in a directory of its own.

    What it returns is all that was printed, and None or the exit's reason.
    """
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return run_tool(repository / 'tools/make_sample.py', *arguments,
                        cwd=tmp_path)
    return run


def test_sem(make, tmp_path):
    text, reason = make('sem', 'a b', '--num-train', 2, '--num-val', 1,
                        '--size', 64, 80)
    assert reason is None
    assert '3 of 3 images' in text
    assert len(list(tmp_path.glob('a b/masks/train/*.png'))) == 2
    assert len(list(tmp_path.glob('a b/masks/val/*.png'))) == 1


def test_mvtec(make, tmp_path):
    options = ('mvtec', 'set', '--num-good', 1, '--num-defective', 2,
               '--size', 64, '--seed', 3)
    assert make(*options)[1] is None
    assert len(list(tmp_path.glob('set/*/test/*/*.png'))) == 2 * (1 + 4)
    assert len(list(tmp_path.glob('set/*/ground_truth/*/001_mask.png'))) == 4
    assert 'already holds' in make(*options)[1]


def test_cityscapes(make, tmp_path):
    text, reason = make('cityscapes', 'set', '--num-train', 3, '--num-val', 1,
                        '--size', 64, 128)
    assert reason is None
    assert '4 of 4 images' in text
    assert len(list(tmp_path.glob('set/leftImg8bit/train/*/*.png'))) == 3
    assert len(list(tmp_path.glob('set/gtFine/val/*/*TrainIds.png'))) == 1


@pytest.mark.parametrize('options, sentence', [
    (('cityscapes', 'set', '--size', 64, 63), '(64, 63): must be'),
    (('mvtec', 'set', '--size', 63), 'size=63: must be'),
    (('sem', 'set', '--num-val', -1), 'num_val=-1: must be'),
    (('mvtec', 'file/set'), 'file'),
])
def test_errors_are_sentences(make, tmp_path, options, sentence):
    (tmp_path / 'file').write_text('not a directory')
    _, reason = make(*options)
    assert sentence in reason


@pytest.mark.parametrize('options', [(), ('no_such_kind', 'set'),
                                     ('mvtec', 'set', '--num-train', 1)])
def test_wrong_usage_is_explained(make, options):
    text, reason = make(*options)
    assert reason == 2
    assert 'usage' in text
