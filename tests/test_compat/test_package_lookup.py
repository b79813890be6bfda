import importlib.util
import os
from importlib.metadata import PackageNotFoundError, packages_distributions

import mmengine.utils
import mmseg
import pytest
from mmengine.config import Config
from mmengine.utils import package_utils

from mmseg_ext.compat import package_lookup

HAS_PKG_RESOURCES = importlib.util.find_spec('pkg_resources') is not None
MMSEG_PATH = os.path.dirname(mmseg.__file__)
# mmsegmentation, or OneDL's onedl-mmsegmentation
DISTRIBUTION, = packages_distributions()['mmseg']
NAMES = ('get_installed_path', 'is_installed', 'package2module')


@pytest.mark.skipif(
    not HAS_PKG_RESOURCES, reason='pkg_resources is gone: patched')
def test_nothing_is_replaced_where_pkg_resources_exists():
    for name in NAMES:
        function = getattr(package_utils, name)
        assert function is not getattr(package_lookup, name)


@pytest.mark.skipif(
    HAS_PKG_RESOURCES, reason='pkg_resources exists: nothing to patch')
def test_mmengine_asks_the_replacements():
    for name in NAMES:
        replacement = getattr(package_lookup, name)
        assert getattr(package_utils, name) is replacement
        assert getattr(mmengine.utils, name, replacement) is replacement


def test_a_config_inherits_from_mmseg(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text("_base_ = ['mmseg::segformer/"
                    "segformer_mit-b0_8xb2-160k_ade20k-512x512.py']\n"
                    'model = dict(decode_head=dict(num_classes=5))\n')
    config = Config.fromfile(path)
    assert config.model.backbone.type == 'MixVisionTransformer'
    assert config.model.decode_head.num_classes == 5


# As mmengine calls them, and by themselves: the latter run everywhere.
@pytest.mark.parametrize('utils', [mmengine.utils, package_lookup])
class TestLookup:

    @pytest.mark.parametrize('name', [DISTRIBUTION, 'mmseg'])
    def test_the_path_is_where_mmseg_was_imported_from(self, utils, name):
        path = utils.get_installed_path(name)
        assert os.path.basename(path) == 'mmseg'
        assert os.path.samefile(path, MMSEG_PATH)

    def test_a_clone_in_the_current_folder_does_not_hide_the_package(
            self, utils, tmp_path, monkeypatch):
        (tmp_path / DISTRIBUTION / 'mmseg').mkdir(parents=True)
        monkeypatch.syspath_prepend(tmp_path)
        path = utils.get_installed_path(DISTRIBUTION)
        assert os.path.samefile(path, MMSEG_PATH)

    def test_a_namespace_package_has_no_path(self, utils, tmp_path,
                                             monkeypatch):
        (tmp_path / 'only_a_folder').mkdir()
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(RuntimeError, match='only_a_folder'):
            utils.get_installed_path('only_a_folder')
        assert not utils.is_installed('only_a_folder')

    def test_a_module_on_the_path_needs_no_distribution(
            self, utils, tmp_path, monkeypatch):
        (tmp_path / 'mine').mkdir()
        (tmp_path / 'mine/__init__.py').touch()
        monkeypatch.syspath_prepend(tmp_path)
        assert utils.is_installed('mine')
        assert os.path.samefile(
            utils.get_installed_path('mine'), tmp_path / 'mine')

    def test_installed_by_distribution_and_by_module(self, utils):
        assert utils.is_installed(DISTRIBUTION)
        assert utils.is_installed('mmseg')
        assert not utils.is_installed('no_such_package')

    def test_an_unknown_package_raises(self, utils):
        if HAS_PKG_RESOURCES and utils is mmengine.utils:
            pytest.skip('pkg_resources raises an error of its own')
        with pytest.raises(PackageNotFoundError, match='no_such_package'):
            utils.get_installed_path('no_such_package')


def test_the_module_of_a_distribution():
    assert package_lookup.package2module(DISTRIBUTION) == 'mmseg'


def test_a_distribution_that_does_not_say_what_it_installs(
        tmp_path, monkeypatch):
    info = tmp_path / 'silent-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Name: silent\nVersion: 1.0\n')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match='silent'):
        package_lookup.package2module('silent')
