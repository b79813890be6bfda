"""Tools refuse what is out of its range before they import torch."""
import subprocess
import sys

import pytest
from run_tool import run_tool

CONFIG = 'configs/super1/unet_c16_super1.py'
PROGRAM = """
import runpy, sys
tool, *sys.argv = sys.argv[1:]
sys.argv.insert(0, tool)
try:
    runpy.run_path(tool, run_name='__main__')
finally:
    assert 'torch' not in sys.modules
"""


def lines(*lines):
    return [(*line.split(), sentence) for line, sentence in lines]


@pytest.mark.parametrize('words', lines(
    ('train CONFIG --distill a b --alpha 2', 'from 0 to 1'),
    ('train CONFIG --distill a b --temperature 0', 'above 0'),
    ('train CONFIG --patience 0', 'at least 1'),
    ('prune CONFIG w.pth out --ratio 1', 'above 0 and 0.95 at most'),
    ('prune CONFIG w.pth out --steps 0', 'at least 1'),
    ('prune CONFIG w.pth out --ignore (', 'no regular expression'),
    ('prune CONFIG w.pth out --after-norm --importance random',
     '--after-norm is of --importance activation, not of random'),
    ('cross_validate CONFIG --folds 1', 'at least 2'),
    ('quantize a.onnx b.onnx --images x --count 0', 'at least 1'),
    ('quantize a.onnx b.onnx --config CONFIG --max-drop -1', 'at least 0'),
    ('quantize a.onnx b.onnx --images x --min-agreement 101',
     'from 0 to 100'),
    ('predict x --onnx m.onnx --out o --batch 0', 'at least 1'),
    ('predict x --onnx m.onnx --out o --crop-bottom -1', 'at least 0'),
    ('predict x --onnx m.onnx --out o --bit-depth 7', 'from 8 to 16'),
    ('predict x --onnx m.onnx --out o --um-per-pixel 0', 'above 0'),
    ('pseudo_label CONFIG w.pth s o --threshold 1', 'must be below 1'),
    ('pseudo_label CONFIG w.pth s o --threshold 0', 'above 0'),
    ('pseudo_label CONFIG w.pth s o --per-class 1.5', 'from 0 to 1'),
    ('few_shot s x --out o --scale 9', 'above 0 and 8 at most'),
    ('few_shot s x --out o --stride 0', 'at least 1'),
    ('benchmark_few_shot d --out o --shots 1 0', 'at least 1'),
))
def test_out_of_range(repository, tmp_path, words):
    tool, *rest, sentence = words
    arguments = [str(repository / CONFIG) if word == 'CONFIG' else word
                 for word in rest]
    text, code = run_tool(repository / f'tools/{tool}.py', *arguments,
                          cwd=tmp_path)
    assert code == 2 and sentence in text
    assert not any(tmp_path.iterdir())


def test_a_phase_that_the_config_does_not_name(repository, tmp_path):
    (tmp_path / 'scan.png').touch()
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM, repository / 'tools/predict.py',
         'scan.png', '--config', repository / CONFIG, '--checkpoint', 'w.pth',
         '--out', 'out', '--grain-size', 'ferrite'],
        cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 1
    assert "grain_size='ferrite': the phases are matrix, secondary, ter" in (
        done.stderr)
    assert 'AssertionError' not in done.stderr
    assert not (tmp_path / 'out').exists()
