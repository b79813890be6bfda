"""From a trained model to one for darker images, and what predicts it."""
import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, TRANSFORMS
from run_tool import run_tool
from tiny_segmentor import tiny_config, write_weights

from mmseg_ext.adaptation import AdaptationSettings, adapt_model
from mmseg_ext.adaptation.norms import check_norms
from mmseg_ext.basics import read_image
from mmseg_ext.basics.intensity_statistics import IntensityCollector
from mmseg_ext.engine import load_config
from mmseg_ext.engine.intensity_hook import training_intensities
from mmseg_ext.inference import OnnxModel, Tiling, TorchModel, predict
from mmseg_ext.inference.outliers import describe_outliers

TRAIN = dict(type='SEMDataset', data_prefix=dict(
    img_path='images', seg_map_path='masks'), pipeline=[
        dict(type='LoadSEMImageFromFile'), dict(type='LoadSEMAnnotations'),
        dict(type='RandomCrop', crop_size=(32, 32)),
        dict(type='PackSegInputs')])


def picture(i: int) -> np.ndarray:
    """Cloudy grey, such as a micrograph."""
    noise = np.random.default_rng(i).integers(80, 220, (12, 15), np.uint8)
    return cv2.resize(noise, (80, 64), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope='module')
def here(tmp_path_factory):
    """A config, weights, training images, and others that are darker."""
    here = tmp_path_factory.mktemp('adapt')
    for folder in ('images', 'masks', 'dark'):
        (here / folder).mkdir()
    for i in range(4):
        image = picture(i)
        cv2.imwrite(str(here / f'images/{i}.png'), image)
        cv2.imwrite(str(here / f'masks/{i}.png'), image // 86)
        cv2.imwrite(str(here / f'dark/{i}.png'), np.rint(0.5 * image))
    cfg = tiny_config()
    cfg.train_dataloader = dict(dataset=dict(TRAIN, data_root=str(here)))
    cfg.dump(here / 'config.py')
    write_weights(cfg, here / 'weights.pth')
    return here


@pytest.fixture(scope='module')
def adapt(here):
    def adapt(out='out', images=None, weights='weights.pth', **settings):
        images = images or sorted((here / 'dark').iterdir())
        return adapt_model(
            load_config(str(here / 'config.py')), str(here / weights),
            {path.stem: path for path in images}, here / out,
            AdaptationSettings(**settings), overwrite=True)
    return adapt


def masks(model, paths, **options) -> np.ndarray:
    return np.stack([predict(model, read_image(str(path)), **options).mask
                     for path in paths])


def test_intensity_brings_the_predictions_back(here, adapt):
    report = adapt()
    known, after = report.known, report.after
    assert known.means[0] - 1 < after.means[0] <= after.means[1] < (
        known.means[1] + 1)
    assert known.stds[0] - 1 < after.stds[0] < known.stds[1]
    bright, dark = (sorted((here / folder).iterdir())
                    for folder in ('images', 'dark'))
    plain = TorchModel(str(here / 'config.py'), str(here / 'weights.pth'))
    wanted = masks(plain, bright)
    found = masks(TorchModel(str(report.config), str(report.checkpoint)),
                  dark)
    lost, left = ((masks(plain, dark) != wanted).mean(),
                  (found != wanted).mean())
    assert left < 0.3 * lost
    assert f'mean {report.before.mean:.0f} -> ' in report.describe()


@pytest.mark.parametrize('method', ['intensity', 'histogram'])
def test_tiles_and_testing_get_the_map_of_the_whole(here, adapt, method):
    report = adapt(method, method=method)
    model = TorchModel(str(report.config), str(report.checkpoint))
    path = here / 'dark/0.png'
    image = read_image(str(path))
    shown = []
    model.logits = lambda batch: shown.append(batch) or np.zeros(
        (len(batch), 3, *batch.shape[1:3]), np.float32)
    predict(model, image, Tiling((32, 32), (0, 0)))
    predict(model, image)
    *tiles, whole = (batch[0] for batch in shown)
    np.testing.assert_array_equal(tiles[0][:32, :32], whole[:32, :32])
    # what mmseg's own tests are shown
    cfg = load_config(str(report.config))
    step = TRANSFORMS.build(next(
        step for step in cfg.test_dataloader.dataset.pipeline
        if step['type'] == 'MatchIntensity'))
    np.testing.assert_array_equal(step(dict(img=image))['img'], whole)
    assert (whole != image).any()


def test_batch_norm_takes_new_statistics(here, adapt):
    whole, half = (adapt('norms', method='batch-norm', crops=8, alpha=alpha)
                   for alpha in (1.0, 0.5))
    assert half.norms.moved == pytest.approx(whole.norms.moved / 2, rel=0.01)
    report = adapt('norms', method='batch-norm', crops=8)
    old, new = (torch.load(path)['state_dict']
                for path in (here / 'weights.pth', report.checkpoint))
    first = 'backbone.bn1.running_mean'
    assert not torch.equal(old[first], new[first])
    assert torch.equal(old['backbone.conv1.weight'],
                       new['backbone.conv1.weight'])
    model = TorchModel(str(report.config), str(report.checkpoint))
    assert model.match is None
    # these are the usual images now
    assert model.intensities.mean == report.before.mean
    one = adapt('norms', sorted((here / 'dark').iterdir())[:1],
                method='batch-norm', crops=4)
    assert 'statistics of 1 image' in one.describe()


def test_batch_norm_after_intensity_sees_matched_images(here):
    dark = {path.stem: path for path in sorted((here / 'dark').iterdir())}
    before = here / 'weights.pth'
    config = here / 'config.py'
    for method in ('intensity', 'batch-norm'):
        report = adapt_model(
            load_config(str(config)), str(before), dark, here / f'2{method}',
            AdaptationSettings(method, crops=4 if method != 'intensity'
                               else 32))
        config, before = report.config, report.checkpoint
    model = TorchModel(str(config), str(before))
    assert model.match is not None
    assert model.intensities.mean == report.after.mean
    assert report.after.mean > report.before.mean + 30


def test_a_histogram_of_bright_and_dark_images_is_told(here, adapt):
    known = IntensityCollector()
    for mean in (60, 200):
        known.add(np.uint8([[[mean - 5] * 3, [mean + 5] * 3]]))
    told = here / 'two_groups.pth'
    torch.save(dict(torch.load(here / 'weights.pth'), meta=dict(
        intensity=known.statistics().record())), told)
    assert 'no training image has' in adapt(
        'told', weights=told.name, method='histogram').describe()
    assert 'no training image has' not in adapt(
        'told', weights=told.name).describe()


def test_a_model_without_batch_norms_is_refused():
    with pytest.raises(ValueError, match=r'1 layer or group.*intensity'):
        check_norms(torch.nn.Sequential(torch.nn.LayerNorm(3)))
    stays = check_norms(torch.nn.Sequential(
        torch.nn.LayerNorm(3), torch.nn.BatchNorm1d(3)))
    assert stays.startswith('1 layer or group norms')


@pytest.mark.parametrize('name, pixels, said', [
    ('grey.png', np.full((40, 40), 90, np.uint8), 'is one grey, 90'),
    ('colour.png', np.uint8([0, 60, 120]) + np.arange(
        40, dtype=np.uint8)[:, None, None].repeat(40, 1), 'is in colours'),
    ('deep.png', np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40,
     '--bit-depth'),
])
def test_images_of_another_kind_are_refused(here, adapt, name, pixels, said):
    cv2.imwrite(str(here / name), pixels)
    with pytest.raises(ValueError, match=f'{name} .*{said}'):
        adapt('bad', [here / name])
    assert not (here / 'bad/config.py').exists()


def test_all_bad_images_are_named_before_anything_is_written(here, adapt):
    many = [here / 'dark/0.png', here / 'gone.png']
    for i in range(6):
        path = here / f'grey_{i}.png'
        cv2.imwrite(str(path), np.full((40, 40), 90, np.uint8))
        many.append(path)
    (here / 'torn.png').write_bytes(many[0].read_bytes()[:60])
    with pytest.raises(ValueError) as raised:
        adapt('bad', [many[0], here / 'torn.png', *many[1:]])
    first, *lines = str(raised.value).split('\n')
    assert first.startswith('8 of 9 images cannot be adapted to')
    assert [name in line for name, line in zip(
        ('torn', 'gone', 'grey_0', 'grey_1', 'grey_2', 'and 3 more'),
        lines)] == [True] * 6
    assert not (here / 'bad').exists() or not [*(here / 'bad').iterdir()]


def test_a_command_is_named_only_where_it_works(here):
    weights = here / 'known.pth'
    torch.save(dict(torch.load(here / 'weights.pth'),
                    meta=dict(intensity=adapt_known(here))), weights)
    model = TorchModel(str(here / 'config.py'), str(weights))
    colour = here / 'colour_of.png'
    cv2.imwrite(str(colour), cv2.imread(str(here / 'dark/0.png'))
                // 2 + np.uint8([0, 60, 120]))
    dark = here / 'dark/1.png'

    def said(moments, *paths):
        return describe_outliers(
            model, {paths[0].stem: moments},
            {path.stem: path for path in paths}, ['images'])

    assert 'lie outside' in said((9, 9), dark)
    assert 'To adapt the model' in said((9, 9), dark)
    for moments, paths, why in (
            ((9, 9), (dark, colour), 'colour_of.png is in colours'),
            ((9, 0), (dark, ), '1.png is one grey, 9')):
        text = said(moments, *paths)
        assert 'lie outside' in text and f'takes no such images: {here}' in (
            text) and why in text
        assert '--out' not in text


def test_onnx_agrees_and_is_told(here, adapt):
    for package in ('onnx', 'onnxscript', 'onnxruntime'):
        pytest.importorskip(package, reason='needs the extra export')
    from mmseg_ext.inference.export import export_model
    report = adapt('exported')
    path = here / 'model.onnx'
    exported = export_model(str(report.config), str(report.checkpoint), path,
                            size=(64, 80), fixed_size=True, overwrite=True)
    assert 'intensities (intensity)' in exported.describe()
    one, two = TorchModel(str(report.config), str(report.checkpoint)), (
        OnnxModel(str(path), 1))
    dark = sorted((here / 'dark').iterdir())
    np.testing.assert_array_equal(masks(one, dark), masks(two, dark))
    assert two.match == one.match and two.intensities == one.intensities


def test_predict_warns_once_and_names_what_helps(here, repository):
    weights = torch.load(here / 'weights.pth')
    known = adapt_known(here)
    torch.save(dict(weights, meta=dict(intensity=known)),
               here / 'told.pth')
    tools = repository / 'tools'

    def predicted(config, checkpoint, out):
        text, reason = run_tool(
            tools / 'predict.py', 'images', 'dark', '--config', config,
            '--checkpoint', checkpoint, '--out', out, cwd=here)
        assert not reason, text
        return text

    text = predicted('config.py', 'told.pth', 'predicted')
    assert text.count('lie outside') == 1
    assert '4 of 8 images' in text
    command = next(line for line in text.splitlines() if 'adapt.py' in line)
    assert f'config.py told.pth {here / "images"} {here / "dark"}' in command
    assert '--crop-bottom' not in command
    again = predicted('config.py', 'told.pth', 'predicted')
    assert '4 of 8 images' in again  # nothing is left to predict
    adapted, reason = run_tool(
        tools / 'adapt.py', 'config.py', 'told.pth', 'dark', '--out',
        'adapted', cwd=here)
    assert not reason and 'Each image is matched' in adapted
    text = predicted('adapted/config.py', 'adapted/weights.pth', 'second')
    assert 'lie outside' not in text


def adapt_known(here) -> dict:
    init_default_scope('mmseg')
    known = training_intensities(DATASETS.build(
        load_config(str(here / 'config.py')).train_dataloader.dataset))
    return json.loads(json.dumps(known.record()))


def test_unknown_training_images(here, adapt):
    cfg = load_config(str(here / 'config.py'))
    cfg.train_dataloader.dataset.data_root = 'nowhere'
    with pytest.raises(ValueError, match=r'nowhere.*--data-root'):
        adapt_model(cfg, str(here / 'weights.pth'),
                    {'0': here / 'dark/0.png'}, here / 'unknown',
                    AdaptationSettings())


@pytest.mark.parametrize('settings, said', [
    (dict(method='gamma'), 'method='), (dict(alpha=0), 'alpha=0'),
    (dict(crops=1), 'crops=1')])
def test_bad_settings(settings, said):
    with pytest.raises(ValueError, match=said):
        AdaptationSettings(**settings)
