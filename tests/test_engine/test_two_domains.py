"""A loader of two domains, made of one of the source alone."""
from mmseg_ext.engine import two_domains


def test_the_source_is_a_copy_of_the_loaders():
    loader = dict(batch_size=4, dataset=dict(type='SEMDataset', data_root='a'))
    found = two_domains(loader, target='scans')
    assert found == dict(
        batch_sampler=dict(type='DomainBatchSampler'),
        dataset=dict(_delete_=True, type='SourceTargetDataset',
                     source=loader['dataset'], target='scans'))
    found['dataset']['source']['data_root'] = 'b'
    assert loader['dataset']['data_root'] == 'a'
    assert two_domains(loader)['dataset']['target'] is None
