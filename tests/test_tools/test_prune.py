"""tools/prune.py, and tools on what it writes."""
import json

import pytest
import torch
from run_tool import run_tool
from tiny import tiny_quickstart

from mmseg_ext.basics.command_line import quote_command
from mmseg_ext.basics.csv_files import read_rows
from mmseg_ext.compression.pruning.config import pruned_config
from mmseg_ext.engine import load_config, load_trained, train

pytest.importorskip('torch_pruning', reason='needs the extra prune')


@pytest.fixture(scope='module')
def here(tmp_path_factory, config_path, sem_root):
    """A folder with a config, weights, and what was pruned of them."""
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS
    here = tmp_path_factory.mktemp('pruned')
    cfg = tiny_quickstart(config_path('segformer_xattn_quickstart'),
                          here / 'work', sem_root)
    cfg.model.backbone.init_cfg = dict(type='Pretrained',
                                       checkpoint='none.pth')
    cfg.dump(here / 'original.py')
    init_default_scope('mmseg')
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(),
                    meta=dict(dataset_meta=dict(classes=('a', 'b', 'c')))),
               here / 'weights.pth')
    return here


@pytest.fixture(scope='module')
def printed(here, repository):
    text, reason = run_tool(
        repository / 'tools/prune.py', 'original.py', 'weights.pth', 'out',
        '--calibration', '4', '--round-to', '4', '--steps', '2', cwd=here)
    assert reason is None, (text, reason)
    return text


def test_writes_what_trains(here, repository, printed, monkeypatch):
    assert '-> ' in printed and 'latency' in printed
    train_py = str(repository / 'tools/train.py')
    assert quote_command([train_py, 'out/config.py']) in printed
    assert {path.name for path in (here / 'out').iterdir()} == {
        'config.py', 'weights.pth', 'widths.json', 'report.md', 'report.csv'}
    widths = json.loads((here / 'out/widths.json').read_text())
    state = torch.load(here / 'out/weights.pth')['state_dict']
    assert {name: list(value.shape) for name, value in state.items()
            if value.ndim} == widths
    rows = list(read_rows((here / 'out/report.csv').open(), None, 'report'))
    totals = {row['layer']: row for row in rows}
    old, new = (int(totals['total parameters'][key])
                for key in ('channels', 'kept'))
    assert new < old
    original = load_config(str(here / 'original.py'))
    cfg = load_config(str(here / 'out/config.py'),
                      work_dir=str(here / 'tuned'))
    assert cfg.model.type == 'PrunedEncoderDecoder'
    assert cfg.model.backbone.init_cfg is None
    assert cfg.optim_wrapper == original.optim_wrapper
    monkeypatch.chdir(here)
    train(cfg)
    tuned = next((here / 'tuned').glob('*.pth'))
    model = load_trained(cfg, str(tuned))
    assert sum(p.numel() for p in model.parameters()) == new


def test_prunes_again_and_overwrites_nothing(here, printed, repository):
    tool = repository / 'tools/prune.py'
    arguments = ('out/config.py', 'out/weights.pth', 'again',
                 '--importance', 'taylor', '--calibration', '2',
                 '--round-to', '1', '--cfg-options',
                 'train_dataloader.batch_size=1')
    text, reason = run_tool(tool, *arguments, cwd=here)
    assert reason is None, (text, reason)
    assert (here / 'again/original.py').exists()
    once, twice = (load_config(str(here / name / 'config.py'))
                   for name in ('out', 'again'))
    assert once.optim_wrapper == twice.optim_wrapper
    first, second = (json.loads((here / name / 'widths.json').read_text())
                     for name in ('out', 'again'))
    name = 'decode_head.fusion_conv.conv.weight'
    assert second[name][0] < first[name][0]
    _, reason = run_tool(tool, *arguments, cwd=here)
    assert 'exist already' in str(reason)


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (('--ignore', 'xyz'), '--ignore xyz: in none of'),
    (('--data-root', 'nowhere'), 'nowhere'),
    (('--ratio', '0.01', '--calibration', '2'), 'No layer loses a channel'),
    (('--cfg-options', 'model.type=CascadeEncoderDecoder'),
     'that can be pruned are'),
])
def test_refuses(here, repository, arguments, sentence):
    text, reason = run_tool(repository / 'tools/prune.py', 'original.py',
                            'weights.pth', 'refused', *arguments, cwd=here)
    assert sentence in str(reason), (text, reason)
    assert not (here / 'refused').exists()


def test_the_original_may_teach(here):
    cfg = load_config(str(here / 'original.py'))
    text = pruned_config(cfg, '../original.py', here / 'out',
                         (str(here / 'original.py'),
                          str(here / 'weights.pth')))
    (here / 'out').mkdir(exist_ok=True)
    (here / 'out/taught.py').write_text(text)
    model = load_config(str(here / 'out/taught.py')).model
    (here / 'out/taught.py').unlink()
    assert model.type == 'DistillEncoderDecoder'
    assert model.teacher.checkpoint == f'{here}/out/../weights.pth'
    assert model.widths == f'{here}/out/widths.json'
    assert model.distill.alpha == 0.5
