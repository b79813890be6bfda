"""What importing the package costs, and what it registers."""
import json
import subprocess
import sys

import pytest
from mmengine.config import Config
from mmengine.hub import get_config

HEAVY = ('torch', 'mmengine', 'mmcv', 'mmseg', 'mmpretrain', 'mmdet')


def test_importing_the_package_imports_no_framework(environment, tmp_path):
    # an interpreter that has not even torch
    done = subprocess.run([sys.executable, '-c', f"""
import json, sys
import mmseg_ext
import mmseg_ext.checking, mmseg_ext.conversion, mmseg_ext.samples
import mmseg_ext.inference
heavy = [name for name in {HEAVY} if name in sys.modules]
print(json.dumps(heavy))
"""], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found in ([], ['mmengine'])  # whose utilities are light


# What a user may have imported before.
@pytest.mark.parametrize('first', [
    'from mmseg_ext.models import ResUNet',
    "from mmseg.registry import HOOKS; HOOKS.get('SegVisualizationHook'); "
    'import mmseg_ext'
])
def test_modules_are_registered_when_one_is_built(run_python, tmp_path, first):
    found = run_python(
        f"""
import json
{first}
from mmseg.registry import (
    DATA_SAMPLERS, DATASETS, HOOKS, METRICS, MODELS, OPTIM_WRAPPERS,
    TRANSFORMS)
print(json.dumps([kind.get(name) is not None for kind, name in (
    (MODELS, 'FusedSegformerHead'), (MODELS, 'PluginBackbone'),
    (DATASETS, 'SEMDataset'), (TRANSFORMS, 'LoadSEMAnnotations'),
    (DATA_SAMPLERS, 'DefectBalancedSampler'), (HOOKS, 'PanelHook'),
    (HOOKS, 'ClassPriorHook'), (METRICS, 'ClassRatioMetric'),
    (OPTIM_WRAPPERS, 'CpuAmpOptimWrapper'))]))
""", cwd=tmp_path)
    assert found == [True] * 9


def test_configs_inherit_from_ours(tmp_path, repository):
    name = 'super1/segformer_mit-b0_super1.py'
    (tmp_path / 'own.py').write_text(
        f"_base_ = 'mmseg_ext::{name}'\n"
        'model = dict(decode_head=dict(num_classes=7))\n')
    own = Config.fromfile(tmp_path / 'own.py')
    shipped = Config.fromfile(repository / 'configs' / name)
    assert own.model.decode_head.num_classes == 7
    shipped.model.decode_head.num_classes = 7
    assert own.to_dict() == shipped.to_dict()
    found = get_config(f'mmseg_ext::{name}')
    found.model.decode_head.num_classes = 7
    assert found.to_dict() == shipped.to_dict()


def test_rooms_are_attributes(run_python, tmp_path):
    found = run_python(
        """
import json
import mmseg_ext
try:
    mmseg_ext.attic
    message = ''
except AttributeError as error:
    message = str(error)
print(json.dumps([mmseg_ext.samples.render_sem.__name__, message]))
""", cwd=tmp_path)
    assert found == [
        'render_sem', "module 'mmseg_ext' has no attribute 'attic'"]
