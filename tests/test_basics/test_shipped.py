from mmseg_ext.basics import shipped
from mmseg_ext.basics.shipped import name_shipped


def test_configs_come_with_the_package(repository):
    assert shipped('configs').samefile(repository / 'configs')
    assert (shipped('configs') / 'segformer_xattn_sem.py').is_file()


def test_the_name_of_a_shipped_file(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(repository)
    assert name_shipped('configs/README.md') == 'configs/README.md'
    monkeypatch.chdir(tmp_path)
    assert (tmp_path / name_shipped('configs/README.md')).is_file()
