"""tools/few_shot.py: from outlined files to files, resumed and refused."""
import json
import runpy

import cv2
import numpy as np
import pytest
from colour_encoder import BLUE, RED, colour_encoder, mask_of, picture
from run_tool import run_tool

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.conversion import convert_masks, find_pairs, read_rules
from mmseg_ext.inference import few_shot


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(few_shot, 'load_encoder',
                        lambda name, stride, device: colour_encoder())
    for name, image in (('images/a', picture((RED, 8, 16, 16))),
                        ('images/b', picture((RED, 24, 32, 16), seed=1)),
                        ('good/c', picture(seed=2)),
                        ('good/d', picture(seed=3))):
        write(tmp_path / f'support/{name}.png', image)
        if name.startswith('images'):
            write(tmp_path / f'support/masks/{name[7:]}.png',
                  mask_of(image) * np.uint8(255))
    write(tmp_path / 'scans/defect.png', picture((RED, 16, 40, 16), seed=4))
    write(tmp_path / 'scans/clean.png', picture(seed=5))
    return tmp_path


def write(path, image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


@pytest.fixture
def run(repository, folder):
    def run(*options):
        return run_tool(
            repository / 'tools/few_shot.py', 'support', 'scans', '--out',
            'out', '--scale', '1', *options, cwd=folder)
    return run


def test_from_supports_to_masks_and_on_to_training(run, folder):
    printed, reason = run('--report')
    assert not reason, printed
    assert 'each found by the others: ' in printed
    out = folder / 'out'
    rows = {row['image']: row for row in read_table(out / 'images.csv')}
    assert float(rows['defect']['score']) > 0 >= float(rows['clean']['score'])
    mask = cv2.imread(str(out / 'masks/defect.png'), cv2.IMREAD_UNCHANGED)
    truth = mask_of(cv2.imread(str(folder / 'scans/defect.png')))
    assert (mask & truth).sum() / (mask | truth).sum() > 0.6
    assert not cv2.imread(str(out / 'masks/clean.png')).any()
    assert all((out / one).is_file() for one in (
        'overlays/defect.png', 'report.html', 'supports.png', 'phases.csv'))
    supports = read_table(out / 'supports.csv')
    assert [row['kind'] for row in supports] == ['outlined', 'good'] * 2
    record = json.loads((out / 'run.json').read_text())
    assert record['settings']['matcher'] == 'dense+normal'
    # again: nothing is left to do, corrections stay
    before = (out / 'labelme/defect.json').stat().st_mtime_ns
    assert '2 of them predicted before' in run()[0]
    assert (out / 'labelme/defect.json').stat().st_mtime_ns == before
    # the masks go back through labelme's files
    pairs, _ = find_pairs(
        folder, 'scans', str(out / 'labelme'), split=(0.5, 0.5))
    rules = read_rules(pairs, ['background=unpainted', 'defect=defect'])
    convert_masks(folder / 'data', pairs, rules, split=(0.5, 0.5))
    again = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
             for path in (folder / 'data').rglob('masks/**/defect.png')]
    assert len(again) == 1
    assert (again[0] != mask).mean() < 0.01


def test_other_supports_are_another_run(run, folder):
    run()
    (folder / 'support/good/d.png').unlink()
    _, reason = run()
    assert 'supports_sha256 was' in reason


def test_not_separable(run, folder):
    image = picture((BLUE, 24, 32, 16), seed=1)
    write(folder / 'support/images/b.png', image)
    write(folder / 'support/masks/b.png', (mask_of(image) > 0) * np.uint8(255))
    _, reason = run('--matcher', 'dense')
    assert 'not separable with this encoder' in reason
    assert '--anyway' in reason
    assert (folder / 'out/supports.png').is_file()
    assert not (folder / 'out/masks').exists()
    printed, reason = run('--matcher', 'dense', '--anyway')
    assert not reason
    assert 'WARNING: ' in printed
    assert (folder / 'out/masks/defect.png').is_file()
    _, reason = run('--matcher', 'dense', '--overwrite')
    assert 'earlier results in out are left as they are' in reason
    assert (folder / 'out/masks/defect.png').is_file()


def test_options_that_do_not_fit(run):
    printed, reason = run('--config', 'a.py')
    assert reason == 2
    assert '--config and --checkpoint go together' in printed


def test_names_every_matcher(repository):
    tool = runpy.run_path(str(repository / 'tools/few_shot.py'))
    assert tool['MATCHERS'] == (*few_shot.MATCHERS, few_shot.TRAINED)
