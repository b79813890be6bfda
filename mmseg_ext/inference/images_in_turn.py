"""Prediction of images one after the other, from files to files."""
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Optional

import cv2

from mmseg_ext.basics import find_information_band, printable, read_bytes
from mmseg_ext.basics.files import is_of_disk

from .calibration import Calibration
from .overlap import Overlap, ReadImage
from .predictor import LogitModel, Prediction, predict
from .preparation import Preparation
from .result_store import ResultStore
from .tiling import Tiling

# What networks raise at images that they were not made for.
OF_MODELS = (RuntimeError, cv2.error, ArithmeticError, LookupError)


@dataclass(frozen=True)
class ImagesInTurn:
    """Predicts images, while it reads the next and writes the last.

    Attributes:
        model: What predicts.
        images: Name -> file.
        preparation: How files are read.
        calibration: How the size of a pixel is found.
        tiling: Cut images so; None: see :func:`predict`.
        whole: Never cut them.
    """
    model: LogitModel
    images: Mapping[str, Path]
    preparation: Preparation
    calibration: Calibration
    tiling: Optional[Tiling] = None
    whole: bool = False

    def predict(self, store: ResultStore, names: Sequence[str],
                show: Callable[[str], None], before: int = 0,
                total: Optional[int] = None) -> None:
        """Predict images; note in the store's record why one cannot be.

        Args:
            store: Gets the results.
            names: Of the images.
            show: Called with a line that says how far it is.
            before: Number of images that were predicted before these.
            total: Of all images; None: there are no others.

        Raises:
            OSError: If the disk of the results is full or fails.
        """
        total = before + len(names) if total is None else total
        with Overlap(self._read) as overlap:
            for i, (name, following) in enumerate(
                    zip_longest(names, names[1:])):
                self._predict(store, overlap, name, following, show,
                              f'{before + i} of {total} images')
            overlap.finish()

    def _predict(self, store: ResultStore, overlap: Overlap, name: str,
                 following: Optional[str], show: Callable[[str], None],
                 so_far: str) -> None:
        path, failures = self.images[name], store.record.failures
        show(f'{so_far} ({name})')
        try:
            image = overlap.read(name, following)
            prediction = self._look(store, name, image, lambda done, total:
                                    show(f'{so_far} ({name}, {done} of '
                                         f'{total} tiles)'))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and store.writes(error.filename):
                raise
            failures[name] = printable(str(error))
        except MemoryError:
            failures[name] = printable(_too_large(path))
        except OF_MODELS as error:  # such as at an odd size
            failures[name] = printable(
                f'{path}: the model fails on it: '
                f'{" ".join(str(error).split()) or type(error).__name__}')
        else:
            # here, as the record may not be written while failures are noted
            store.choose_base_phase(prediction)
            overlap.write(image, lambda: self._write(
                store, name, image, prediction))
            return
        store.remove_pictures(name)

    def _write(self, store: ResultStore, name: str, image: ReadImage,
               prediction: Prediction) -> None:
        path, failures = self.images[name], store.record.failures
        try:
            store.add(name, path, image.image, prediction, image.cropped_rows,
                      image.band_rows, image.digest, image.scale)
            return
        except OSError as error:
            if is_of_disk(error):
                raise
            failures[name] = printable(
                f'{path}: its results cannot be written: {error}')
        except MemoryError:
            failures[name] = printable(_too_large(path))
        store.forget([name])

    def _read(self, name: str) -> ReadImage:
        path = self.images[name]
        data = read_bytes(path)
        image = self.preparation.decode(path, data)
        rows, scale = self.calibration.read(path, image.shape[:2], data)
        image, rows = self.preparation.crop(path, image, rows)
        band = find_information_band(image) if rows == 0 else 0
        return ReadImage(image, hashlib.sha256(data).hexdigest(), rows, band,
                         scale)

    def _look(self, store: ResultStore, name: str, image: ReadImage,
              show: Callable[[int, int], None]) -> Prediction:
        pixels = image.image
        with store.maps(name, pixels.shape[:2], image.scale.um) as maps:
            prediction = predict(self.model, pixels, self.tiling, self.whole,
                                 show, maps and maps.add)
            if maps is not None:
                prediction = replace(prediction, entropy=maps.entropy)
        return prediction


def _too_large(path: Path) -> str:
    return (f'{path}: there is not enough memory for it. Smaller tiles need '
            'less: --tile 512')
