"""What mmengine parses and formats again is kept, and the same."""
import os
from types import SimpleNamespace

import pytest
from mmengine.config import utils
from yapf.yapflib.errors import YapfError
from yapf.yapflib.yapf_api import FormatCode

from mmseg_ext.compat.config_reading import keep_formatted

INDEX = 'Import:\n- a.yml\n'
MODELS = 'Models:\n- Name: {name}\n  Config: configs/{name}\n'


@pytest.fixture
def package(tmp_path):
    (tmp_path / '.mim').mkdir()
    (tmp_path / '.mim/model-index.yml').write_text(INDEX)
    (tmp_path / '.mim/a.yml').write_text(MODELS.format(name='small.py'))
    return tmp_path


def test_an_index_is_parsed_once_unless_it_changes(package):
    first = utils._get_cfg_metainfo(str(package), 'small.py')
    assert first == dict(Name='small.py', Config='configs/small.py')
    assert utils._get_cfg_metainfo(str(package), 'small.py') is first
    file = package / '.mim/a.yml'
    file.write_text(MODELS.format(name='other.py'))
    os.utime(file, ns=(1, 1))  # another time, however coarse the clock
    found = utils._get_cfg_metainfo(str(package), 'other.py')
    assert found['Name'] == 'other.py'
    with pytest.raises(ValueError, match='Expected configs'):
        utils._get_cfg_metainfo(str(package), 'small.py')


def test_texts_are_as_yapf_formats_them():
    style = dict(based_on_style='pep8')
    calls = []

    def format_code(text, **options):
        calls.append(text)
        return FormatCode(text, **options)

    # not mmengine's own, whose texts conftest.py leaves as they are
    config = SimpleNamespace(FormatCode=format_code)
    keep_formatted(config)
    for text in ('a=[1,2]\n', 'a = 3\n', 'a=[1,2]\n'):
        assert config.FormatCode(text, style_config=style) == FormatCode(
            text, style_config=style)
    assert calls == ['a=[1,2]\n', 'a = 3\n']
    with pytest.raises(YapfError):
        config.FormatCode('a=[', style_config=style)
