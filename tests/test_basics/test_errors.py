"""What is told of an exception, each raised where it really comes from."""
import json
import resource
import signal

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import Registry
from mmseg.registry import DATASETS, MODELS, TRANSFORMS
from mmseg.utils import register_all_modules
from tiff_writer import grey, tiff
from torch.utils.data import DataLoader, Dataset

from mmseg_ext.basics import read_image, user_sentence, write_atomically
from mmseg_ext.basics.png_files import write_png
from mmseg_ext.conversion import LabelMap
from mmseg_ext.inference import RunRecord


def sentence(call, *args, **kwargs):
    """Return what is told of the error that a call ends with."""
    try:
        call(*args, **kwargs)
    except Exception as error:
        return user_sentence(error)
    raise AssertionError('nothing was raised')


class Spoilt(Dataset):

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise self.error


@pytest.mark.parametrize('workers', [0, 1])
def test_an_error_of_a_loading_process(workers):
    text = 'masks/a.png holds 7.\nSet label_map: there are 3 classes'
    loader = DataLoader(Spoilt(ValueError(text)), num_workers=workers)
    assert sentence(next, iter(loader)) == text


def test_a_missing_file():
    assert sentence(open, 'no/such.csv') == (
        'no/such.csv: No such file or directory')
    assert 'no.png' in sentence(read_image, 'no.png')


def test_an_unknown_name_in_a_config():
    register_all_modules()
    text = sentence(MODELS.build, dict(type='SegFormerHead'))
    assert text.startswith("The config asks for the model 'SegFormerHead'")
    assert 'Did you mean SegformerHead' in text
    text = sentence(MODELS.build, dict(type='Qqqqqq'))
    assert 'custom_imports' in text
    assert 'readthedocs' not in text


def test_an_unknown_argument_in_a_config():
    registry = Registry('thing')

    @registry.register_module()
    class Thing:

        def __init__(self, size=1):
            pass

    @registry.register_module()
    class Whole:

        def __init__(self, **kwargs):
            Thing(**kwargs)  # as heads hand theirs on

    for kind in ('Thing', 'Whole'):
        assert "argument 'sise'" in sentence(
            registry.build, dict(type=kind, sise=2))
    assert sentence(Thing, sise=2) is None  # in code


@pytest.mark.parametrize(('registry', 'section', 'advice'), [
    (DATASETS, dict(type='MVTecADDataset', data_root='x', categoriess='nut'),
     'Did you mean categories?'),
    # one of mmseg's class below it
    (DATASETS, dict(type='SEMDataset', data_prefixx='x'),
     'Did you mean data_prefix?'),
    (MODELS, dict(type='EncoderDecoder', decode_head=None, backbone=dict(
        type='MixVisionTransformer', embed_dim=8)),
     'Did you mean embed_dims?'),
    (MODELS, dict(type='SegformerHead', in_channels=[8], in_index=[0],
                  channels=8, num_clases=3), 'Did you mean num_classes?'),
    (TRANSFORMS, dict(type='LoadBinaryAnnotations', zebra=1),
     'It takes '),
])
def test_the_argument_that_was_meant(registry, section, advice):
    register_all_modules()
    text = sentence(registry.build, section)
    inner = section.get('backbone') or section
    assert text.startswith(
        f"{inner['type']} takes no argument {list(inner)[-1]!r}. {advice}")


def test_a_value_that_does_not_fit_its_base(tmp_path):
    (tmp_path / 'base.py').write_text('a = [1]')
    (tmp_path / 'child.py').write_text("_base_ = 'base.py'\na = dict(b=1)")
    text = sentence(Config.fromfile, str(tmp_path / 'child.py'))
    assert '_delete_=True' in text


def test_what_wraps_a_message_is_taken_off():

    def wrap():
        try:
            raise ValueError('info_band must be one of three')
        except ValueError as error:
            raise TypeError(f'class `SEMDataset`: {error}') from error

    assert sentence(wrap) == 'info_band must be one of three'


def test_a_message_of_its_own_stays():

    def explain():
        try:
            raise OSError('disk')
        except OSError as error:
            raise ValueError('cannot write (disk). Free some space') from error

    assert sentence(explain) == 'cannot write (disk). Free some space'


def test_a_batch_of_one_meets_batch_normalisation():
    said = sentence(torch.nn.BatchNorm2d(2), torch.zeros(1, 2, 1, 1))
    assert 'train_dataloader.batch_size=2' in said
    assert 'train_dataloader.drop_last=True' in said


def test_mistakes_in_code_keep_their_traceback():
    assert sentence(lambda: {}['a']) is None
    assert sentence(lambda: None + 1) is None
    assert sentence(torch.zeros(2).view, 3) is None


def test_too_little_memory():
    assert 'Smaller batches' in user_sentence(MemoryError())
    # where there is no GPU its error can be made, and not met
    text = user_sentence(torch.OutOfMemoryError(
        'CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has'))
    assert '(CUDA out of memory)' in text
    assert 'Smaller batches' in text
    text = sentence(torch.empty, 2**50)  # a petabyte and more, on a CPU
    assert 'not enough memory' in text


def test_what_we_put_before_a_message_stays(tmp_path):
    (tmp_path / 'run.json').write_text('')
    text = sentence(RunRecord.read, tmp_path)
    assert text.startswith(f'{tmp_path}/run.json is no record of predictions')


def test_what_a_library_says_has_its_place():
    text = sentence(json.loads, '{')
    assert text.startswith('Expecting property name')
    assert 'decoder.py:' in text and '--traceback' in text


def test_the_file_stays_before_what_is_said_of_it(tmp_path):
    """Of one error of this package behind another, too."""
    path = tmp_path / 'two.tif'
    page = grey(np.zeros((2, 3), np.uint8))
    path.write_bytes(tiff([page, page]))
    assert sentence(read_image, str(path)).startswith(
        f'{path} holds 2 pages')
    path = tmp_path / 'a.json'
    path.write_text('{"shapes": [{"label": "pore", "points": 3}]}')
    labels = LabelMap(['matrix=unpainted', 'pore=pore'])
    assert sentence(labels.draw, str(path), (9, 9)).startswith(
        f'{path}: shape 0 is')


def test_a_disk_that_is_full(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    write_png(tmp_path / 'seen.png', np.zeros((2, 2), np.uint8))
    noise = np.random.default_rng(0).integers(0, 255, (99, 99), np.uint8)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        for write, content in ((write_atomically, bytes(2000)),
                               (write_png, noise)):
            text = sentence(write, tmp_path / 'a.png', content)
            assert text.startswith(f'{tmp_path / "a.png"}: File too large. ')
            assert 'make room' in text
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / 'a').touch()
    text = sentence((tmp_path / 'a').mkdir, parents=True, exist_ok=True)
    assert text == f'{tmp_path / "a"} is a file; name a folder.'
