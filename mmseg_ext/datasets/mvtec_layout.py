"""The layout of MVTec AD, as published."""
import os.path as osp
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Optional, Union

from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import (
    list_files,
    list_folders,
    name_some,
    same_name,
)
from mmseg_ext.basics.mask_files import MASK_SUFFIXES
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.splits import stratified_split

from .published import PUBLISHED

GOOD = 'good'
# Images as published: train/good, test/good, test/<defect>
PUBLISHED_COUNTS = dict(
    carpet=(280, 28, 89), grid=(264, 21, 57), leather=(245, 32, 92),
    tile=(230, 33, 84), wood=(247, 19, 60), bottle=(209, 20, 63),
    cable=(224, 58, 92), capsule=(219, 23, 109), hazelnut=(391, 40, 70),
    metal_nut=(220, 22, 93), pill=(267, 26, 141), screw=(320, 41, 119),
    toothbrush=(60, 12, 30), transistor=(213, 60, 40), zipper=(240, 32, 119))


def list_categories(data_root: str,
                    categories: Union[str, Sequence[str]] = 'all',
                    backend_args: Optional[dict] = None) -> list[str]:
    """Return the categories in a folder of MVTec's layout, sorted.

    Args:
        data_root: Folder of the categories' folders.
        categories: Names to look for; 'all': every folder that holds a
            ``train`` or a ``test``.
        backend_args: mmengine's file backend.

    Raises:
        FileNotFoundError: If there are none, or a named one does not exist.
        ValueError: If ``data_root`` is the folder of one category, or
            ``categories`` names none, or one of them twice.
    """
    folders = list_folders(data_root, backend_args)
    if {'train', 'test', 'ground_truth'} & set(folders):
        root = osp.abspath(data_root)
        raise ValueError(
            f'{data_root} is the folder of one category. Name the one above '
            f'it, data_root={osp.dirname(root)!r}, and '
            f'categories=[{osp.basename(root)!r}].')
    present = [name for name in folders if {'train', 'test'} & set(
        list_folders(osp.join(data_root, name), backend_args))]
    if not present:
        raise FileNotFoundError(
            f'No categories in {data_root}. Expected is MVTec AD as '
            'published, such as transistor/train/good/000.png there. '
            + PUBLISHED['mvtec_ad'].how_to_get(data_root))
    if categories == 'all':
        return present
    wanted = [categories] if isinstance(categories, str) else [*categories]
    if not wanted or len(set(wanted)) < len(wanted):
        raise ValueError(f"categories={categories!r}: must be 'all' or names "
                         'of categories, each once')
    absent = [name for name in wanted if name not in present]
    if absent:
        raise FileNotFoundError(
            f'{data_root} has no category {", ".join(absent)}; it has '
            f'{", ".join(present)}.')
    return sorted(wanted)


def list_category(data_root: str,
                  category: str,
                  backend_args: Optional[dict] = None) -> dict[str, dict]:
    """List one category's images with their masks.

    Returns:
        Name of the image (its path in ``data_root``, with '/') ->
        ``img_path``, ``seg_map_path`` (None for good ones), ``category``
        and ``defect_type``; those of train/ first.

    Raises:
        FileNotFoundError: If there are no images, or a mask is missing.
        ValueError: If a mask has no image, or a file is where MVTec's
            layout has none.
    """
    home = osp.join(data_root, category)
    masks = list_files(
        osp.join(home, 'ground_truth'), MASK_SUFFIXES, backend_args)
    listed, missing = {}, []
    for part in ('train', 'test'):
        folder = osp.join(home, part)
        images = list_files(folder, IMAGE_SUFFIXES, backend_args)
        for stem, path in images.items():
            places = stem.replace('\\', '/').split('/')
            if len(places) != 2 or (part == 'train' and places[0] != GOOD):
                raise ValueError(
                    f'{path} is not where MVTec AD has images: train/good/, '
                    'test/good/ and test/<defect type>/.')
            defect_type = places[0]
            mask = None
            if defect_type != GOOD:
                mask = masks.pop(f'{stem}_mask', None)
                if mask is None:
                    missing.append(path)
            name = f'{category}/{part}/{osp.relpath(path, folder)}'
            listed[same_name(name)] = dict(
                img_path=path,
                seg_map_path=mask,
                category=category,
                defect_type=defect_type)
    if not listed:
        raise FileNotFoundError(f'No images in {home}/train and {home}/test.')
    if missing:
        raise FileNotFoundError(
            counted(len(missing), f'defective image of {category} has',
                    f'defective images of {category} have')
            + f' no mask: {name_some(missing)}. The mask of '
            'test/scratch/000.png is ground_truth/scratch/000_mask.png. Add '
            'the masks, or move the images elsewhere.')
    if masks:
        raise ValueError(
            counted(len(masks), f'mask of {category} has',
                    f'masks of {category} have')
            + f' no defective image: {name_some(list(masks.values()))}. '
            'The mask ground_truth/scratch/000_mask.png belongs to '
            'test/scratch/000.png, and good images have none. Remove the '
            'masks, or add the images.')
    return listed


def list_images(data_root: str,
                categories: Union[str, Sequence[str]] = 'all',
                backend_args: Optional[dict] = None) -> dict[str, dict]:
    """List several categories' images, see :func:`list_category`.

    Raises:
        FileNotFoundError, ValueError: As :func:`list_categories` and
            :func:`list_category`.
    """
    images = {}
    for category in list_categories(data_root, categories, backend_args):
        images.update(list_category(data_root, category, backend_args))
    return images


def pooled_split(images: Mapping[str, dict],
                 ratios: tuple[float, float, float] = (6, 2, 2),
                 seed: int = 0) -> dict[str, list[str]]:
    """Split by category and defect type, good being one of these.

    Args and Raises: See :func:`~mmseg_ext.basics.splits.stratified_split`.
    """
    strata = {name: f'{image["category"]}/{image["defect_type"]}'
              for name, image in images.items()}
    return stratified_split(strata, ratios, seed)


def incomplete_categories(images: Mapping[str, dict]) -> list[str]:
    """Say, a line each, which categories are not as large as published.

    Categories of other names than MVTec AD's are passed over.
    """
    counts = Counter(
        (image['category'], name.split('/')[1], image['defect_type'] == GOOD)
        for name, image in images.items())
    lines = []
    for category in sorted({image['category'] for image in images.values()}):
        published = PUBLISHED_COUNTS.get(category)
        found = tuple(counts[category, part, good] for part, good in (
            ('train', True), ('test', True), ('test', False)))
        if published not in (None, found):
            lines.append(f'{category}: train/good, test/good and defective '
                         f'are {found}, as published {published}')
    return lines
