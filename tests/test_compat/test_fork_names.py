"""Modules of distributions with other names are named by themselves."""
from types import SimpleNamespace

from mmengine.config import utils

from mmseg_ext.compat.fork_names import name_modules


def test_where_the_distribution_is_missing():
    found = dict(mmseg='no-such-distribution', nobody='no-such-distribution',
                 torch='torch')
    name_modules(SimpleNamespace(MODULE2PACKAGE=found))
    assert found == dict(mmseg='mmseg', nobody='no-such-distribution',
                         torch='torch')


def test_mmengine_finds_what_is_installed():
    assert utils.MODULE2PACKAGE['mmseg'] in ('mmsegmentation', 'mmseg')
