"""Suite files: what is read, what is refused, and those that are shipped."""
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import plain_teacher

from mmseg_ext import engine
from mmseg_ext.benchmark import measure_costs, read_suite, run_suite
from mmseg_ext.benchmark import runs as runs_module
from mmseg_ext.benchmark.runs import list_runs, row_config

SHIPPED = sorted((Path(__file__).parents[2] / 'configs/benchmarks').glob(
    '*.py'))
GOOD = """
title = 'Models'
budget = 'As long as it takes'
data_root = 'data'
data_help = 'Where from'
input_size = (64, 96)
seeds = [0, 1]
columns = dict(mIoU=dict(title='mIoU', unit='%'))
rows = dict(
    big=dict(
        title='Big', config='config.py', cfg_options={'a.b': 1},
        quick=dict(title='Small', cfg_options={'a.b': 2})),
    huge=dict(title='Huge', config='config.py', quick=False))
cfg_options = {'c': 1}
published = dict(
    source='them', comparable=True, note='Theirs.',
    values=dict(big=dict(mIoU='81.30')))
quick = dict(budget='Short', input_size=[32, 32], from_scratch=True)
"""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes GOOD with some text replaced."""
    (tmp_path / 'config.py').write_text('')

    def write(old='', new=''):
        assert old in GOOD
        path = tmp_path / 'suite.py'
        path.write_text(GOOD.replace(old, new))
        return path
    return write


def test_full(write, tmp_path):
    suite = read_suite(write())
    assert (suite.name, suite.runs) == ('suite', 'suite')
    assert suite.input_size == (64, 96)
    assert suite.seeds == (0, 1)
    assert not suite.from_scratch
    assert [row.title for row in suite.rows] == ['Big', 'Huge']
    assert suite.rows[0].config == str(tmp_path / 'config.py')
    assert suite.rows[0].cfg_options == {'a.b': 1}
    assert suite.columns[0].heading == 'mIoU (%)'
    assert suite.published.comparable
    assert suite.published.values == dict(big=dict(mIoU='81.30'))


def test_folds(write):
    suite = read_suite(write('seeds =', 'folds = 4\nseeds ='))
    assert (suite.folds.number, suite.folds.groups) == (4, None)
    assert suite.num_runs == 8
    assert [row.against for row in suite.rows] == [None, 'big']
    path = write('seeds =', "folds = dict(number=3, groups='keys.csv')\n"
                 "reference = 'huge'\nseeds =")
    (path.parent / 'keys.csv').write_text('image,group\n')
    suite = read_suite(path)
    assert suite.folds.groups == str(path.parent / 'keys.csv')
    assert [row.against for row in suite.rows] == ['huge', None]


def test_quick(write):
    suite = read_suite(write(), quick=True)
    assert (suite.name, suite.runs) == ('suite-quick', 'suite-quick')
    assert (suite.budget, suite.input_size) == ('Short', (32, 32))
    assert suite.from_scratch
    assert suite.seeds == (0, 1)  # not the quick budget's to change
    row, = suite.rows
    assert (row.title, row.cfg_options) == ('Small', {'a.b': 2})
    # a short run compares with nothing
    assert not suite.published.comparable
    assert suite.published.titles == dict(big='Big', huge='Huge')


def test_a_quick_row_may_be_planned(write):
    path = write("quick=dict(title='Small', cfg_options={'a.b': 2})",
                 "quick=dict(plan=dict(model='unet'))")
    row, = read_suite(path, quick=True).rows
    assert (row.config, row.plan) == ('', dict(model='unet'))
    assert read_suite(path).rows[0].plan is None


def test_options_win(write):
    suite = read_suite(write(), data_root='elsewhere', from_scratch=True)
    assert suite.data_root == 'elsewhere'
    assert suite.from_scratch


@pytest.mark.parametrize(('old', 'new', 'sentence'), [
    ("title = 'Models'", '', 'has no title'),
    ("title = 'Models'", 'title = (', r'cannot be read: .*never closed'),
    ("title = 'Models'", 'title = unknown',
     "line 2, cannot be read: NameError: name 'unknown'"),
    ("title = 'Models'", "titel = 'x'\ntitle = 'y'", 'has titel; what there'),
    ("title = 'Models'", 'title = 3', 'title is 3: must be a text'),
    ('[0, 1]', '[0, 0]', r'seeds is \[0, 0\]: must be different integers'),
    ('[0, 1]', '[]', r'seeds is \[\]'),
    ('[0, 1]', '[True]', r'seeds is \[True\]'),
    ('(64, 96)', '64', 'input_size is 64: must be .height, width'),
    ("dict(mIoU=dict(title='mIoU', unit='%'))\nrows", '{}\nrows',
     'columns is {}: must name at least one'),
    ("unit='%'", "better='up'", "columns.mIoU.better is 'up'"),
    ("unit='%'", 'digits=-1', 'columns.mIoU.digits is -1'),
    ("unit='%'", "units='%'", 'columns.mIoU has units'),
    ("title='Big', config", "title='Big', confg", 'rows.big has confg'),
    ("{'a.b': 1}", "'a.b=1'", "cfg_options is 'a.b=1': must be a dict"),
    ("'Huge'", "'Big'", 'several rows have the title Big'),
    ("'Huge', config='config.py'", "'Huge'",
     'rows.huge must have either config or plan'),
    ("'Huge', ", "'Huge', plan=dict(), ",
     'rows.huge must have either config or plan'),
    ("'Huge', config='config.py'", "'Huge', plan=dict(modl='unet')",
     'rows.huge.plan has modl; what there can be is model'),
    ("'Huge', config='config.py'", "'Huge', plan=dict(model=['unet'])",
     r"rows\.huge\.plan\.model is \['unet'\]: must be a text"),
    ('seeds =', "equal_time = dict(row='hug', steps=9)\nseeds =",
     "equal_time has 'hug'; there are big, huge"),
    ("'Big', ", "'Big', teacher='huge', ",
     "big.teacher is 'huge': must be a row that stands before it"),
    ("'Huge', ", "'Huge', pruned=dict(row='bog', ratio=0.5), ",
     "huge.pruned.row is 'bog': must be a row that stands before it"),
    ("'Huge', ", "'Huge', pruned=dict(row='big', ratio=2), ",
     'huge.pruned: ratio=2: must be above 0'),
    ("'Huge', ", "'Huge', pruned=dict(row='big'), ", 'pruned has no ratio'),
    ("'Huge', ", "'Huge', pruned=dict(row='big', ratio=0.5, steps=2), ",
     'huge.pruned has steps; what there can be is row, ratio, importance'),
    ('huge=', "b=dict(title='B', config='config.py', pruned=dict(row='big', "
     "ratio=0.5)), c=dict(title='C', config='config.py', teacher='b'), huge=",
     "rows.c.teacher is 'b', which is pruned"),
    ("'Huge', ", "'Huge', adapted=dict(row='bog'), ",
     "huge.adapted.row is 'bog': must be a row that stands before it"),
    ("'Huge', ", "'Huge', adapted=dict(row='big', method='magic'), ",
     "huge.adapted: method='magic'"),
    ("'Huge', ", "'Huge', adapted=dict(row='big', images=3), ",
     'huge.adapted.images is 3: must be a text'),
    ("'Huge', ", "'Huge', pseudo_labels=dict(row='big', threshold=2), ",
     'huge.pseudo_labels.threshold is 2: must be a fraction'),
    ("'Huge', ", "'Huge', adapted=dict(row='big'), "
     "pseudo_labels=dict(row='big'), ", 'has adapted and pseudo_labels'),
    ("'Huge', ", "'Huge', adapted=dict(row='big'), teacher='big', ",
     'has adapted and teacher'),
    ('seeds =', "gap = dict(source='big', oracle='small')\nseeds =",
     "gap has 'small'; there are big, huge"),
    ('seeds =', "equal_time = dict(row='big', steps=0.5)\nseeds =",
     'equal_time.steps is 0.5'),
    ('huge=', '**{"../x": dict(title="X", config="config.py")}, huge=',
     r"a row is '\.\./x': must be the name of a folder"),
    ("values=dict(big", "values=dict(bog", "values has 'bog'; there are big"),
    ("dict(mIoU='81.30')", "dict(IoU='81.30')", "big has 'IoU'; there are m"),
    ("dict(mIoU='81.30')", '81.3', 'values.big is 81.3: must be a dict'),
    ("'81.30'", '81.3', 'mIoU is 81.3: must be a number in quotation marks'),
    ("'81.30'", "'about 81'", "mIoU is 'about 81'"),
    ('comparable=True', "comparable='no'", "comparable is 'no'"),
    ('values=dict(big=dict(mIoU=', 'groups=dict(nut=dict(big=',
     'set comparable=False'),
    ('seeds =', 'folds = 1\nseeds =', 'folds is 1: must be the number'),
    ('seeds =', 'folds = dict(seed=1)\nseeds =', 'folds has no number'),
    ('seeds =', 'folds = dict(number=2, groups=3)\nseeds =',
     'folds.groups is 3: must be a text'),
    ('seeds =', "folds = 2\nreference = 'hug'\nseeds =",
     "reference has 'hug'; there are big, huge"),
    ('seeds =', "reference = 'big'\nseeds =", 'has reference, but no folds'),
    ("'Huge', ", "'Huge', against='big', ",
     'has rows.huge.against, but no folds'),
    ('seeds = [0, 1]\ncolumns = dict(mIoU=dict(title=\'mIoU\', '
     "unit='%'))\nrows = dict(\n    big=dict(\n        title='Big', ",
     'folds = 2\nseeds = [0, 1]\ncolumns = dict(mIoU=dict(title=\'mIoU\'))'
     "\nrows = dict(\n    big=dict(\n        title='Big', against='big', ",
     'rows.big.against is the row itself'),
    ("budget='Short', ", '', 'quick has no budget'),
    ('input_size=[32', 'rows={}, input_size=[32', 'quick has rows'),
])
def test_mistakes_are_named(old, new, sentence, write):
    path = write(old, new)
    with pytest.raises(ValueError, match=sentence):
        read_suite(path, quick='quick' in sentence)


def test_equal_time(write):
    suite = read_suite(write(
        'seeds =', "equal_time = dict(row='big', steps=9)\nseeds ="))
    assert (suite.equal_time.row, suite.equal_time.steps) == ('big', 9)
    assert read_suite(write()).equal_time is None
    path = write("title='Huge', ", "title='Huge', teacher='big', ")
    assert read_suite(path).rows[1].teacher == 'big'
    path.write_text(path.read_text()
                    + "equal_time = dict(row='big', steps=9)")
    with pytest.raises(ValueError, match=r'rows\.huge has a teacher, whose'):
        read_suite(path)


@pytest.mark.parametrize(('name', 'quick'), [
    ('ksdd2_distill', False), ('metaldam_distill', True)])
def test_a_row_learns_from_the_run_of_its_seed(name, quick, tmp_path,
                                                monkeypatch):
    suite = shipped(name, quick)
    runs, failures = list_runs(suite, tmp_path)
    assert not failures
    teachers = 0
    for run in runs:
        if run.row.teacher is None:
            assert 'teacher_run' not in run.job.cfg
            continue
        teachers += 1
        assert run.job.cfg.model.type == 'DistillEncoderDecoder'
        assert run.job.cfg.teacher_run == (
            f'../../{run.row.teacher}/seed_{run.seed}')
        assert 'teacher' not in run.job.cfg.model
    assert teachers == 3 * len(suite.seeds)
    # its teacher has not been trained
    monkeypatch.setattr(runs_module, '_measure', lambda *arguments: [])
    (tmp_path / 'data').mkdir()
    suite = replace(suite, data_root=str(tmp_path / 'data'))
    failures = run_suite(suite, tmp_path, rows=['pixel'], seeds=[0],
                         echo=lambda text: None)
    assert 'learns from the row' in failures[0].reason


def test_a_row_starts_from_the_run_of_its_seed(tmp_path):
    suite = shipped('super1_compression', quick=True)
    runs, failures = list_runs(suite, tmp_path)
    assert not failures
    cfg = {run.row.name: run.job.cfg for run in runs if run.seed == 1}
    both = cfg['unet_pruned50_distilled']
    assert both.pruned == dict(
        run='../../unet/seed_1', ratio=0.5, importance='magnitude',
        round_to=4)
    assert both.teacher_run == '../../unet/seed_1'
    starts = {run.row.name: run.job.starts for run in runs if run.seed == 1}
    assert starts['unet_pruned50_distilled'] == ('../../unet/seed_1', )
    assert starts['unet'] == ()
    assert both.model.type == 'DistillEncoderDecoder'
    assert cfg['unet_pruned30'].model.type == 'PrunedEncoderDecoder'
    assert cfg['unet_random50'].pruned.importance == 'random'
    # the control: the same steps without a loss
    assert cfg['unet_on'].pruned == dict(run='../../unet/seed_1')
    assert cfg['unet_on'].model.type == 'EncoderDecoder'
    for key in ('optim_wrapper', 'train_cfg', 'param_scheduler'):
        assert cfg['unet_on'][key] == cfg['unet_pruned50'][key]
    assert (cfg['unet'].train_cfg.max_iters
            + cfg['unet_on'].train_cfg.max_iters
            == cfg['unet_c8'].train_cfg.max_iters)


def test_rows_adapt_the_run_of_their_seed(tmp_path):
    suite = shipped('adaptation_super1_bright_dark', quick=True,
                    data_root='/data')
    assert (suite.gap.source, suite.gap.oracle) == ('source', 'oracle')
    runs, failures = list_runs(suite, tmp_path)
    assert not failures
    of_seed = [run for run in runs if run.seed == 2]
    cfg = {run.row.name: run.job.cfg for run in of_seed}
    starts = {run.row.name: run.job.starts for run in of_seed}
    assert cfg['batch_norm'].adapted == dict(
        run='../../source/seed_2', method='batch-norm',
        images='/data/images/target')
    assert cfg['batch_norm_transductive'].adapted.images == '/data/images/test'
    assert cfg['pseudo_intensity'].pseudo_labels == dict(
        run='../../intensity/seed_2', images='/data/images/target')
    assert starts['pseudo_intensity'] == ('../../intensity/seed_2', )
    both = cfg['self_training']
    assert both.model.type == 'SelfTrainingEncoderDecoder'
    assert both.train_dataloader.dataset.target == '/data/images/target'
    assert both.train_dataloader.dataset.source.data_root == '/data'
    # all that go on take the same steps
    going = {cfg[name].train_cfg.max_iters for name in (
        'source_on', 'pseudo_labels', 'self_training', 'adversarial')}
    assert going == {100}
    # what is adapted is the source's model, tested alike
    for name, each in cfg.items():
        assert each.test_dataloader.dataset == (
            cfg['source'].test_dataloader.dataset), name
    assert cfg['oracle'].train_dataloader.dataset.data_prefix == dict(
        img_path='images/target', seg_map_path='masks/target')
    light = cfg['augmented'].train_dataloader.dataset.pipeline[2]
    assert (light.brightness, light.contrast) == (0.05, 1.33)


def test_a_target_needs_a_data_set_that_takes_it(tmp_path):
    suite = shipped('adaptation_sem', quick=True)
    row = replace(suite.row('source'), target='images/target')
    with pytest.raises(ValueError, match='take a config with a SourceTarget'):
        row_config(suite, row, tmp_path)


def test_rows_are_shared_by_suites_of_other_data(write, tmp_path):
    (tmp_path / 'own_x.py').write_text('')
    path = write("title='Big', config='config.py'",
                 "title='Big', config='{kind}_x.py'")
    with pytest.raises(ValueError, match=r"big\.config .*: fill has no 'k"):
        read_suite(path)
    path.write_text(path.read_text() + "fill = dict(kind='own')")
    assert read_suite(path).rows[0].config == str(tmp_path / 'own_x.py')
    path.write_text(path.read_text() + "\nfill = dict(kind=3)")
    with pytest.raises(ValueError, match=r'fill\.kind is 3: must be a text'):
        read_suite(path)


def test_missing_files(write, tmp_path):
    with pytest.raises(FileNotFoundError, match='no suite file'):
        read_suite(tmp_path / 'nowhere.py')
    with pytest.raises(FileNotFoundError,
                       match=r'rows\.big: there is no config .*nowhere\.py'):
        read_suite(write("title='Big', config='config.py'",
                         "title='Big', config='nowhere.py'"))


def shipped(name, quick=False, **options):
    path = next(path for path in SHIPPED if path.stem == name)
    return read_suite(path, quick, **options)


def tried_rows(suite):
    """Return all rows, of suites of many alike one, and what is planned.

    Their others take the same changes, and their configs as they are
    shipped, each of which is trained in tests/test_configs.py.
    """
    if 'distill' in suite.name:  # the others are rows of other suites
        return [row for row in suite.rows
                if row.teacher is not None and row.cfg_options]
    if 'compression' in suite.name:
        return [row for row in suite.rows
                if row.name in ('unet_c8', 'segformer_small')]
    if suite.name.startswith('adaptation'):  # the others start from a run,
        # or take a plain config
        return [row for row in suite.rows if row.name == 'augmented_wide']
    if suite.name.startswith('paired'):
        return [row for row in suite.rows
                if row.name in ('lite0_backward', 'random_add')]
    if suite.name.startswith(('survey', 'few_images')):
        return [row for row in suite.rows
                if row.plan is not None or row is suite.rows[0]]
    return suite.rows


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_shipped_suites_follow_the_rules(path, tmp_path):
    """Three runs of a row or more, costs at the size of the training."""
    for quick in (False, True):
        suite = read_suite(path, quick)
        assert suite.num_runs >= 3
        assert suite.folds or len(suite.seeds) >= 3
        for row in tried_rows(suite):
            if row.name == 'mask2former':
                pytest.importorskip('mmdet', reason='needs the extra mmdet')
            if row.plan is not None:  # it depends on the data
                continue
            cfg = row_config(suite, row, tmp_path)
            sizes = [step.get('crop_size', step.get('scale'))
                     for step in cfg.train_dataloader.dataset.pipeline
                     if step.type in ('RandomCrop', 'DefectCrop', 'Resize')]
            if sizes:
                assert tuple(sizes[-1]) == suite.input_size
            else:  # whole images, padded
                divisor = cfg.model.data_preprocessor.size_divisor
                assert all(side % divisor == 0 for side in suite.input_size)
            assert cfg.test_dataloader.dataset.data_root == suite.data_root
            assert cfg.val_dataloader is None
            checkpoint = cfg.default_hooks.checkpoint
            assert checkpoint.save_best is None
            assert checkpoint.max_keep_ckpts == 2


# As printed in the papers' tables.
PAPER = dict(
    sem_table1=dict(
        mask2former=(0.328, 16.07), unet_mobilevit=(0.411, 16.87),
        segformer_b0=(0.430, 14.37), segformer_b5=(0.451, 10.39),
        proposed=(0.478, 9.97)),
    sem_directions=dict(backward=(0.476, 10.03), proposed=(0.478, 9.97)),
    sem_integration=dict(addition=(0.412, 10.28), proposed=(0.478, 9.97)))


@pytest.mark.parametrize('name', PAPER)
def test_published_numbers_on_micrographs(name):
    published = shipped(name).published
    assert not published.comparable
    found = {row: (float(numbers['mIoU']), float(numbers['ClassRatioError']))
             for row, numbers in published.values.items()}
    assert found == {row: (pytest.approx(100 * iou), error)
                     for row, (iou, error) in PAPER[name].items()}


def test_published_numbers_on_mvtec():
    published = shipped('mvtec_table1').published
    assert not published.comparable
    groups = {group: [float(row[name]) for name in ('unet', 'resunet', 'dpt')]
              for group, row in published.groups.items()}
    means = groups.pop('category_mean')
    assert means == [90.81, 91.01, 92.15]
    values = np.array([*groups.values()])
    assert values.shape == (15, 3)
    # a slip of one digit would show: 0.15 of a hundredth in the mean
    assert values.mean(axis=0) == pytest.approx([90.81, 91.01, 92.15],
                                                abs=0.005)
    assert groups['carpet'] == [89.73, 91.24, 89.63]
    assert groups['zipper'] == [91.16, 90.33, 94.56]
    # as the paper says: best in nine of fifteen
    assert (values.argmax(axis=1) == 2).sum() == 9


@pytest.mark.parametrize('quick', [False, True])
def test_the_proposed_model_is_trained_once(quick, tmp_path):
    suites = [shipped(name, quick) for name in PAPER]
    assert len({suite.runs for suite in suites}) == 1
    configs = [row_config(suite, suite.row('proposed'), tmp_path)
               for suite in suites]
    assert configs[0].to_dict() == configs[1].to_dict()
    assert configs[0].to_dict() == configs[2].to_dict()


QUICK_ROWS = [(path.stem, row.name) for path in SHIPPED
              for row in tried_rows(read_suite(path, quick=True))
              if not (path.stem in PAPER and row.name == 'proposed')]
QUICK_ROWS.append(('sem_table1', 'proposed'))  # the same in three suites


@pytest.fixture(scope='module')
def roots(sem_root, mvtec_like, cityscapes_like, ksdd2_like, metaldam_like,
          super1_like):
    return dict(sem=sem_root, mvtec=mvtec_like, cityscapes=cityscapes_like,
                ksdd2=ksdd2_like, metaldam=metaldam_like,
                super1=super1_like, neu=super1_like)


@pytest.mark.parametrize(('name', 'row'), QUICK_ROWS)
def test_quick_runs_train_and_give_every_column(name, row, roots, tmp_path):
    if row == 'mask2former':
        pytest.importorskip('mmdet', reason='needs the extra mmdet')
    root = next(roots[part] for part in name.split('_') if part in roots)
    suite = shipped(name, quick=True, data_root=str(root))
    cfg = row_config(suite, suite.row(row), tmp_path)
    if row == 'pseudo_labels':  # the ground truth, of the same names, will do
        assert cfg.train_dataloader.dataset.mask_dir is not None
        cfg.train_dataloader.dataset.mask_dir = str(root / 'train')
    if suite.row(row).teacher is not None:
        cfg.model.teacher = plain_teacher(cfg, tmp_path)
    cfg.work_dir = str(tmp_path)
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
        for step in loader.dataset.pipeline:
            if step.type == 'Resize':
                step.scale = (96, 96)
            if 'crop_size' in step:
                step.crop_size = (64, 64)
    cfg.train_dataloader.batch_size = 2
    cfg.train_cfg.max_iters = 1
    cfg.default_hooks.curves = dict(type='CurvesHook', picture=False)
    runner = engine.train(cfg)
    loss = runner.message_hub.get_scalar('train/loss').current()
    assert np.isfinite(loss)
    numbers = engine.test(cfg, f'{tmp_path}/iter_1.pth')
    assert {column.key for column in suite.columns} <= set(numbers)
    if suite.groups is not None:
        for column in suite.groups.columns:
            assert f'wire_mesh.{column.key}' in numbers
            assert f'{suite.groups.key}_mean.{column.key}' in numbers


@pytest.mark.parametrize('name', ['sem_table1', 'mvtec_table1',
                                  'cityscapes_dpsa'])
def test_quick_models_are_measured(name, tmp_path):
    if name == 'sem_table1':
        pytest.importorskip('mmdet', reason='needs the extra mmdet')
    suite = shipped(name, quick=True)
    costs = measure_costs(
        {row.name: row_config(suite, row, tmp_path).model
         for row in suite.rows},
        (64, 64), repeats=2)
    for cost in costs.values():
        assert 'error' not in cost
        assert cost['uncounted'] == {}
        assert cost['parameters'] > 1e4
        assert cost['flops'] > 1e6
