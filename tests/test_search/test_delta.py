"""A config as what differs from its base, read again."""
from mmengine.config import Config

from mmseg_ext.search.delta import difference, write_delta

BASE = dict(a=1, b=dict(c=[1, 2], d=dict(e=1, f=2)), steps=[dict(x=1)])


def test_merged_it_is_what_was_wanted(tmp_path):
    wanted = dict(a=1, b=dict(c=(1, 2), d=dict(e=3), g=None),
                  steps=[dict(x=2)], new=dict(y=1))
    path = tmp_path / 'base.py'
    Config(BASE).dump(path)
    folder = tmp_path / 'a b'
    folder.mkdir()
    write_delta(folder / 'best.py', str(path), Config(wanted), ['The best.'])
    assert Config.fromfile(folder / 'best.py').to_dict() == {
        **wanted, 'b': dict(wanted['b'], c=[1, 2])}


def test_only_what_differs():
    assert difference(BASE, {**BASE, 'b': dict(c=(1, 2), d=dict(e=1, f=4))}
                      ) == dict(b=dict(d=dict(f=4)))
    assert difference(BASE, BASE) == {}
