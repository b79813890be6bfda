"""Genotypes as configs, and at random."""
import pytest
from mmengine.config import Config

from mmseg_ext.models.decode_heads import Genotype
from mmseg_ext.search.gradient.genotype import (
    differences,
    genotype_config,
    random_genotypes,
)

GENOTYPE = Genotype(('skip', 'attention'), 'add')


def search(base) -> Config:
    return Config(dict(
        derive_base=base, model=dict(decode_head=dict(
            type='SearchableHead', ops=['conv3x3', 'skip', 'attention'],
            skip_dropout=0.1, channels=32, in_channels=[4, 8]))))


def base_of(folder, kind='GenotypeHead') -> str:
    path = folder / 'base.py'
    Config(dict(model=dict(type='EncoderDecoder', decode_head=dict(
        type=kind, ops=['conv3x3'] * 2, channels=64, in_channels=[4, 8],
        integration='concat')), train_cfg=dict(max_iters=7))).dump(path)
    return str(path)


def test_its_config_is_a_short_delta(tmp_path):
    text = genotype_config(search(base_of(tmp_path)), GENOTYPE, 'at random')
    assert text.count('\n') < 15 and max(map(len, text.splitlines())) < 200
    (tmp_path / 'out.py').write_text(text)
    cfg = Config.fromfile(tmp_path / 'out.py')
    assert cfg.model.decode_head.to_dict() == dict(
        type='GenotypeHead', ops=['skip', 'attention'], integration='add',
        channels=32, in_channels=[4, 8])
    assert cfg.model.type == 'EncoderDecoder' and cfg.train_cfg.max_iters == 7


def test_refuses_a_base_that_is_none(tmp_path):
    with pytest.raises(ValueError, match='has no derive_base'):
        genotype_config(search(None), GENOTYPE, '')
    with pytest.raises(ValueError, match='FCNHead: it must be a Genotype'):
        genotype_config(search(base_of(tmp_path, 'FCNHead')), GENOTYPE, '')


def test_random_ones_are_different_and_of_a_seed():
    ops = [('a', 'b', 'c')] * 2
    found = random_genotypes(ops, ('concat', 'add'), 18, 3)
    assert len({*found}) == 18  # all that there are
    assert random_genotypes(ops, ('concat', 'add'), 5, 3) == found[:5]
    assert random_genotypes(ops, ('concat', 'add'), 5, 4) != found[:5]
    with pytest.raises(ValueError, match='there are 18'):
        random_genotypes(ops, ('concat', 'add'), 19)


def test_says_in_what_two_differ():
    other = Genotype(('skip', 'conv3x3'), 'concat')
    assert differences(GENOTYPE, GENOTYPE) is None
    assert differences(GENOTYPE, other) == (
        'map_1: attention, not conv3x3; integration: add, not concat')
