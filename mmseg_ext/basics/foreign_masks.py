"""Formats of masks that are not read, by name, and what to export."""
import os.path as osp
from collections.abc import Sequence

from .files import read_bytes

_IMAGE = 'export the labels as PNG or TIFF'
# Suffix -> what it is and what to do
FOREIGN_MASKS = {
    '.h5': 'HDF5, as of ilastik: Prediction Export, Source "Simple '
    'Segmentation", Format "png" or "tif"',
    '.ilp': 'an ilastik project: Prediction Export, Source "Simple '
    'Segmentation", Format "png" or "tif"',
    '.npy': f'arrays of NumPy: {_IMAGE}',
    '.mat': f'arrays of MATLAB: {_IMAGE} (imwrite)',
    '.xml': f'XML: export COCO, or {_IMAGE}',
    '.txt': 'text, as of YOLO: export COCO or labelme instead',
    '.ndjson': 'Labelbox: export COCO instead',
    '.geojson': f'GeoJSON, as of QuPath: {_IMAGE}',
    '.gif': f'GIF: {_IMAGE}',
    '.webp': f'WebP: {_IMAGE}',
    '.jp2': f'JPEG 2000: {_IMAGE}',
    '.svg': f'drawings: {_IMAGE}',
    '.xcf': f'GIMP: {_IMAGE}, without smoothing',
    '.psd': f'Photoshop: {_IMAGE}, without smoothing',
    '.roi': f'ImageJ: {_IMAGE} (Edit, Selection, Create Mask)',
    '.nii': f'NIfTI: {_IMAGE}',
    '.nrrd': f'NRRD, as of 3D Slicer: {_IMAGE}',
}
_SAME = {'.hdf5': '.h5', '.npz': '.npy', '.j2k': '.jp2', '.zip': '.roi',
         '.nii.gz': '.nii'}
FOREIGN_SUFFIXES = (*FOREIGN_MASKS, *_SAME)


def describe_foreign(paths: Sequence[str]) -> str:
    """Say of what formats files are, a sentence each; '' if not known."""
    found = {}
    for path in paths:
        suffix = osp.splitext(path)[1].lower()
        kind = FOREIGN_MASKS.get(_SAME.get(suffix, suffix))
        if kind and suffix not in found:
            found[suffix] = _of_xml(path) if suffix == '.xml' else kind
    return ' '.join(f'{suffix} files are {kind}.'
                    for suffix, kind in found.items())


def _of_xml(path: str) -> str:
    start = read_bytes(path)[:4096]
    if b'<annotations' in start:
        return 'XML of CVAT: export "COCO 1.0" or "Segmentation mask" there'
    if b'<annotation' in start:
        return ('XML of Pascal VOC, which has boxes and no outlines: draw '
                f'polygons, and export COCO, or {_IMAGE}')
    return FOREIGN_MASKS['.xml']
