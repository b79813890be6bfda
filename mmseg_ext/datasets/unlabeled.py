"""Images alone: whatever lies in a folder."""
import os.path as osp
import re
from collections.abc import Sequence
from typing import Optional

from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS

from mmseg_ext.basics.arguments import check_choice
from mmseg_ext.basics.files import walk_files
from mmseg_ext.basics.image_files import IMAGE_SUFFIXES
from mmseg_ext.basics.listing import check_links, list_folders, name_some
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.text_files import read_lines

PARTS = (None, 'train', 'val')
LIST = '.txt'
HELD_OUT = 10  # of so many images one is for validation
# how names of folders and files end whose pictures are masks
MASK = re.compile(
    r'(^|[_\-. ])(masks?|labels?|annot(ation)?s?|gt|ground[_-]?truth|'
    r'segmentations?)$', re.IGNORECASE)


@DATASETS.register_module()
class UnlabeledDataset(BaseDataset):
    """Images without masks, to learn from without labels.

    * Images: PNG, JPEG, BMP or TIFF, 8 or 16 bits, grey or colour, of any
      size, in folders and in all folders in these; single files; or those
      that a text file lists, a path a line.
    * What is named as masks are is left out, folders in them and files:
      ``masks``, ``labels``, ``gt``, ``train_annot``, ``a_mask.png``. So is
      what is hidden.

    Args:
        sources: Folders, files, and lists of files (.txt).
        part: 'train' or 'val'; None: all images. Of ten images of a folder,
            or of the files, one is for validation; of fewer than ten all
            are for training.
        bit_depth: Significant bits of 16-bit images, see
            :func:`~mmseg_ext.basics.image_files.to_8_bit`.
        most: Take so many, evenly among those that there are; None: all.
        **kwargs: Of mmengine's BaseDataset.

    Raises:
        FileNotFoundError: If there are no images, or none for validation.
        ValueError: If an argument is not allowed.
    """

    METAINFO: dict = {}

    def __init__(self,
                 sources: Sequence[str],
                 part: Optional[str] = None,
                 bit_depth: Optional[int] = None,
                 most: Optional[int] = None,
                 **kwargs) -> None:
        check_choice('part', part, PARTS)
        self.sources = list(sources)
        self.part = part
        self.bit_depth = bit_depth
        self.most = most
        # names the place in what is told of a run
        place = (sources[0] if len(sources) == 1 else
                 osp.commonpath([osp.abspath(path) for path in sources]))
        super().__init__(data_root='', data_prefix=dict(img_path=place),
                         **kwargs)

    def load_data_list(self) -> list[dict]:
        """List the images of the part."""
        files = []
        for group in group_images(self.sources):
            held_out = group[HELD_OUT - 1::HELD_OUT]
            files += (group if self.part is None else held_out
                      if self.part == 'val' else
                      sorted({*group} - {*held_out}))
        if not files:
            raise FileNotFoundError(
                f'None of {HELD_OUT} images is for validation, for there '
                f'are fewer in {name_some(self.sources)}')
        if self.most is not None and len(files) > self.most:
            step = len(files) / self.most
            files = [files[int(i * step)] for i in range(self.most)]
        return [dict(img_path=file, bit_depth=self.bit_depth)
                for file in files]


def group_images(sources: Sequence[str]) -> list[list[str]]:
    """Return the images of each folder, and those that are files, as one.

    Args:
        sources: Folders, and files, which are taken whatever their suffix,
            but for lists of files (.txt).

    Raises:
        FileNotFoundError: If one does not exist, or holds no image.
    """
    files = sorted({file for path in sources if osp.isfile(path)
                    for file in _listed(path)})
    groups = [_list_folder(path) for path in sources
              if not osp.isfile(path)]
    return [*groups, *([files] if files else [])]


def _listed(path: str) -> list[str]:
    """Return the files that a list names, or the file that is none."""
    if not path.lower().endswith(LIST):
        return [path]
    # from the list's folder on, unless they begin with the root
    files = [osp.join(osp.dirname(path), line) for line in read_lines(path)]
    absent = [file for file in files if not osp.isfile(file)]
    if absent or not files:
        raise FileNotFoundError(
            f'{path} lists {counted(len(files), "file")}, a path a line, of '
            f'which {len(absent)} cannot be found: '
            f'{name_some(absent) or "none"}')
    return files


def _list_folder(source: str) -> list[str]:
    if not osp.isdir(source):
        near = list_folders(osp.dirname(osp.abspath(source)))
        raise FileNotFoundError(
            f'There is no {source}: name images, or folders of images. '
            f'Folders beside it: {name_some(near) or "none"}')
    names = sorted(walk_files(source))
    found = [osp.join(source, name) for name in names
             if name.lower().endswith(IMAGE_SUFFIXES) and not any(
                 map(MASK.search, osp.splitext(name)[0].split(osp.sep)))]
    if not found:
        raise FileNotFoundError(
            f'No image in {source}: of {len(names)} files there, none ends '
            f'in {", ".join(IMAGE_SUFFIXES)}, but for those that are named '
            'as masks are (masks, labels, gt, a_mask.png, ...)')
    check_links(found)
    return found
