"""tools/inspect_attention.py on a checkpoint, as a user goes."""
import pytest
import torch
from mmseg.registry import MODELS
from run_tool import run_tool

from mmseg_ext.basics.csv_files import read_table
from mmseg_ext.engine import load_config

CONFIG = '''
_base_ = ['{configs}/datasets/sem.py', '{configs}/schedules/iters_cpu.py',
          '{configs}/default_runtime.py']
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[110.0] * 3, std=[50.0] * 3,
        bgr_to_rgb=True, size=(64, 64), pad_val=0, seg_pad_val=255,
        test_cfg=dict(size_divisor=32)),
    backbone=dict(
        type='MixVisionTransformer', embed_dims=8, num_layers=[1] * 4,
        num_heads=[1, 2, 5, 8], patch_sizes=[7, 3, 3, 3],
        sr_ratios=[8, 4, 2, 1]),
    neck=dict(type='MultiScaleCrossAttentionNeck',
              in_channels=[8, 16, 40, 64]),
    decode_head=dict(
        type='FusedSegformerHead', in_channels=[16, 32, 80, 64],
        in_index=[0, 1, 2, 3], channels=16, num_classes=3,
        norm_cfg=dict(type='BN'), align_corners=False),
    test_cfg=dict(mode='whole'))
'''


@pytest.fixture(scope='module')
def tool(repository, sem_root, tmp_path_factory):
    """Run it on a model that has learnt nothing."""
    here = tmp_path_factory.mktemp('attention')
    path = here / 'small.py'
    path.write_text(CONFIG.format(configs=repository / 'configs/_base_'))
    torch.manual_seed(0)
    model = MODELS.build(load_config(str(path)).model)
    torch.save(dict(state_dict=model.state_dict()), here / 'small.pth')

    def run(*options):
        printed, reason = run_tool(
            repository / 'tools/inspect_attention.py', path,
            here / 'small.pth', '--data-root', sem_root, *options, cwd=here)
        return printed, reason, here
    return run


def test_masks_judge_each_pair(tool):
    printed, reason, here = tool('--max-images', 1, '--out', 'found')
    assert reason is None, printed
    assert '1 image, 1 of them with masks' in printed
    out = here / 'found'
    assert [row['pair'] for row in read_table(out / 'pairs.csv')] == [
        'F4<-F8', 'F8<-F16', 'F16<-F32']
    changes = read_table(out / 'changes.csv')
    assert len(changes) == 13 and all(row['mIoU'] for row in changes)
    assert (out / 'attention.png').stat().st_size > 5000
    _, reason, _ = tool('--out', 'found')
    assert 'holds such a result already' in str(reason)


def test_images_without_masks(tool, sem_root):
    printed, reason, here = tool('--images', sem_root / 'images/val',
                                 '--max-images', 1, '--out', 'unlabelled')
    assert reason is None, printed
    changes = read_table(here / 'unlabelled/changes.csv')
    assert {row['mIoU'] for row in changes} == {''}
    assert all(row['changed'] for row in changes)
