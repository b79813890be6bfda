"""Images of a target that judge as well are noted, and no error."""
from mmengine.config import Config

from mmseg_ext.checking import check_splits
from mmseg_ext.checking.config_splits import splits_of_config


def test_a_target_of_the_test_part(pairs, find):
    def part(name, **more):
        return dict(
            type='SEMDataset', data_root=str(pairs.root),
            data_prefix=dict(img_path=f'images/{name}',
                             seg_map_path=f'masks/{name}'),
            metainfo=dict(classes=('a', 'b', 'c')), pipeline=[
                dict(type='LoadSEMImageFromFile'),
                dict(type='LoadSEMAnnotations')], **more)

    def check(target):
        cfg = Config(dict(
            train_dataloader=dict(dataset=dict(
                type='SourceTargetDataset', source=part('train'),
                target=target)),
            test_dataloader=dict(dataset=part('val'))))
        return check_splits(splits_of_config(cfg), cfg)

    note = find(check(str(pairs.root / 'images/val')), 'transductive')
    assert note.severity == 'note' and note.count == 2
    assert note.what.startswith('2 of 2 images of the target are of the test')
    for target in (None, str(pairs.root / 'nowhere'),
                   str(pairs.root / 'images/train')):
        assert not [finding for finding in check(target).findings
                    if 'transductive' in finding.what]
