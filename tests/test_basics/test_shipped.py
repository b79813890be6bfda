from mmseg_ext.basics import shipped


def test_configs_come_with_the_package(repository):
    assert shipped('configs').samefile(repository / 'configs')
    assert (shipped('configs') / 'segformer_xattn_sem.py').is_file()
