"""Folders as tools/cross_validate.py leaves them, without any training."""
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import numpy as np


def write_folds(root: Path, confusion: np.ndarray,
                classes: Sequence[str] = ('matrix', 'pore'),
                names: Optional[Sequence[str]] = None,
                groups: Optional[Sequence[str]] = None,
                config: str = 'unet.py') -> Path:
    """Write what is read of a cross-validation of two folds and one seed.

    Args:
        root: The folder.
        confusion: (num_images, num_classes, num_classes) pixels, true by
            predicted class.
        classes: Their names.
        names: Of the images; None: a0, a1, ...
        groups: Of the images; None: each its own.
        config: That was validated.
    """
    names = names or [f'a{i}' for i in range(len(confusion))]
    (root / 'folds').mkdir(parents=True)
    for fold in (0, 1):
        (root / f'folds/fold_{fold + 1}.txt').write_text(
            '\n'.join(names[fold::2]))
    (root / 'cross_validation.json').write_text(json.dumps(dict(
        config=config, classes=list(classes), seeds=[0], notes=[],
        palette=[[9 * i, 0, 0] for i in range(len(classes))])))
    with open(root / 'images.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['image', 'group', 'fold'])
        writer.writerows((name, (groups or names)[i], i % 2 + 1)
                         for i, name in enumerate(names))
    with open(root / 'confusions.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['image', 'seed', 'true', *classes])
        writer.writerows(
            (name, 0, true, *row) for name, matrix in zip(names, confusion)
            for true, row in zip(classes, matrix))
    return root
