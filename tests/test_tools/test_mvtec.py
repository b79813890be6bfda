"""From split files to a figure, on MVTec AD's layout, as a user goes."""
import json
import re
import subprocess

import cv2
import pytest
from run_tool import run_tool

TINY = [
    'model.backbone.base_channels=4', 'model.decode_head.in_channels=4',
    'model.decode_head.channels=4', 'train_cfg.max_iters=2',
    'train_cfg.val_interval=2', 'default_hooks.checkpoint.interval=2',
    'train_dataloader.batch_size=2',
    *(f'{name}_dataloader.{key}' for name in ('train', 'val', 'test')
      for key in ('num_workers=0', 'persistent_workers=False'))
]


@pytest.fixture(scope='module')
def run(repository, tmp_path_factory):
    """Return a function that runs a tool in a folder of its own."""
    here = tmp_path_factory.mktemp('elsewhere')

    def run(tool, *arguments, check=True) -> str:
        printed, reason = run_tool(
            repository / 'tools' / tool, *arguments, cwd=here)
        if check:
            assert reason is None, (printed, reason)
        return f'{printed}{reason}'
    run.here = here
    return run


@pytest.fixture(scope='module')
def run_apart(repository, run, warm_python):
    """The same in a process of its own, as a user goes."""

    def run_apart(tool, *arguments) -> None:
        done = subprocess.run(
            [warm_python, repository / 'tools' / tool, *map(str, arguments)],
            cwd=run.here, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
    return run_apart


@pytest.fixture(scope='module')
def split(run, mvtec_like):
    out = run('split_mvtec.py', mvtec_like, 'split', '--seed', 3)
    assert '|    all    |   20  |  6  |  6   |' in out
    return run.here / 'split'


@pytest.fixture(scope='module')
def tested(run, run_apart, repository, mvtec_like, split):
    """A folder of predictions that tools/test.py wrote."""
    options = ['--data-root', mvtec_like, '--dataset-options',
               f'split_dir={split.name}']
    config = repository / 'configs/mvtec_ad/unet_c16_mvtec.py'
    run_apart('train.py', config, *options, '--work-dir', 'work',
              '--cfg-options', *TINY)
    out = run('test.py', config, 'work/iter_2.pth', *options, '--work-dir',
              'work', '--out', 'masks', '--show-dir', 'panels',
              '--cfg-options', *TINY)
    assert 'category_mean.IoU.anomaly' in out
    numbers, = re.findall(r'All numbers: (.+\.json)', out)
    assert 'wire_mesh.imageAUROC' in json.loads(
        (run.here / numbers).read_text())
    return run.here


def test_split_files(run, mvtec_like, split):
    lines = (split / 'test.txt').read_text().splitlines()
    assert lines[0] == '# pooled, 6:2:2, seed 3'
    assert all((mvtec_like / line).is_file() for line in lines[1:])
    assert '--overwrite' in run(
        'split_mvtec.py', mvtec_like, 'split', check=False)
    assert 'no category nut' in run(
        'split_mvtec.py', mvtec_like, 'other', '--categories', 'nut',
        check=False)


def test_no_two_outputs_share_a_name(tested, split):
    names = {line[:-len('.png')] for line in
             (split / 'test.txt').read_text().splitlines()[1:]}
    for folder in ('masks', 'panels'):
        written = {path.relative_to(tested / folder).with_suffix('').as_posix()
                   for path in (tested / folder).rglob('*.png')}
        assert written == names


def test_figure(run, run_apart, repository, mvtec_like, tested, split):
    options = ['--data-root', mvtec_like, '--dataset-options',
               f'split_dir={split.name}', '--predictions', 'U-Net=masks',
               'again=masks']
    config = repository / 'configs/mvtec_ad/unet_c16_mvtec.py'
    names = (split / 'test.txt').read_text().splitlines()[1:3]
    run_apart('compare_figures.py', config, 'figure.png', *options,
              '--width', 80, '--images', *names)
    figure = cv2.imread(str(tested / 'figure.png'))
    # four columns, two rows, titles and legend
    assert figure.shape == (22 + 2 * (80 + 6) + 22, 4 * 80 + 3 * 6, 3)
    # a model and its own predictions: nothing but the truth to disagree with
    trained = ['work/unet_c16_mvtec.py', 'work/iter_2.pth']
    run('compare_figures.py', config, 'figure.svg', *options[:-2],
        'masks=masks', '--model', 'U-Net', *trained, '--rows', 1,
        '--box', 1, 2, 3, 20, 10, '--closeups', '--errors', '--width', 80)
    assert '>U-Net</text>' in (tested / 'figure.svg').read_text()
    out = run('compare_figures.py', config, 'figure.png', *options,
              '--images', names[0], check=False)
    assert 'figure.png exists already' in out
    out = run('compare_figures.py', config, 'other.png', *options,
              '--images', names[0], '--box', 2, 0, 0, 9, 9, check=False)
    assert 'the figure has 1 rows' in out
    out = run('compare_figures.py', config, 'other.png', *options,
              '--images', 'good/nowhere.png', check=False)
    assert 'of 0; the first of its 6 images' in out
    options[-1] = 'again=nowhere'
    out = run('compare_figures.py', config, 'other.png', *options,
              '--images', names[0], check=False)
    assert 'nowhere' in out
    assert '--out nowhere' in out
