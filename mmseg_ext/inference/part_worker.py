"""A part of many images: python -m mmseg_ext.inference.part_worker FOLDER.

Started by an executor, at whose end it ends too; see :mod:`.parts`.
"""
import argparse
import json
from pathlib import Path

from mmseg_ext.basics import write_atomically
from mmseg_ext.basics.executors import end_with_parent

from .inputs import Inputs
from .job import PredictionJob
from .model_files import ModelFiles
from .parts import BEGUN, DONE, OUT
from .tiling import Tiling


def predict_part(folder: Path) -> None:
    """Predict the images of a part, and write which failed and why."""
    work = json.loads((folder / BEGUN).read_text(encoding='utf-8'))
    images = {name: Path(path) for name, path in work['images'].items()}
    tiling = work['tiling'] and Tiling(
        **{name: tuple(value) if isinstance(value, list) else value
           for name, value in work['tiling'].items()})
    job = PredictionJob(
        ModelFiles(**work['model']).load(),
        Inputs(tuple(work['sources']), images), folder / OUT, tiling=tiling,
        **work['options'])
    failures = job.run_part(
        work['base_phase'], lambda line: print(line, flush=True))
    write_atomically(folder / DONE, json.dumps(failures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path)
    args = parser.parse_args()
    end_with_parent()
    predict_part(args.folder)


if __name__ == '__main__':
    main()
