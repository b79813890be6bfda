"""Write a picture of every tested image."""
import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_ext.basics.arguments import check_at_least
from mmseg_ext.basics.files import output_stem
from mmseg_ext.basics.image_files import read_image
from mmseg_ext.basics.pixel_size import known_um
from mmseg_ext.basics.png_files import write_png_atomically
from mmseg_ext.engine.image_folders import image_folders

from .panel import draw_panel


@HOOKS.register_module()
class PanelHook(Hook):
    """Write image | ground truth | prediction for each image of a test run.

    Pictures keep the images' place below the dataset's image folder, so
    that equal names in different folders do not overwrite each other.

    Args:
        out_dir: Folder of the pictures; ``<work_dir>/panels`` if None.
        interval: Every so many images.
        um_per_pixel: Side of a pixel in micrometres, for the scale bar;
            None: of each image what its header or side file says.
    """

    def __init__(self,
                 out_dir: Optional[str] = None,
                 interval: int = 1,
                 um_per_pixel: Optional[float] = None) -> None:
        check_at_least(1, interval=interval)
        self.out_dir = out_dir
        self.interval = interval
        self.um_per_pixel = um_per_pixel

    def after_test_iter(self,
                        runner,
                        batch_idx: int,
                        data_batch: Optional[dict] = None,
                        outputs: Optional[Sequence] = None) -> None:
        if not self.every_n_inner_iters(batch_idx, self.interval):
            return
        dataset = runner.test_dataloader.dataset
        out_dir = self.out_dir or osp.join(runner.work_dir, 'panels')
        for sample in outputs:
            height, width = sample.ori_shape
            # ori_shape is what the information band has left of the file
            image = read_image(sample.img_path,
                               getattr(dataset, 'bit_depth', None))
            um = known_um(Path(sample.img_path), image.shape[:2],
                          self.um_per_pixel)
            image = image[:height, :width]
            panel = draw_panel(
                image,
                sample.gt_sem_seg.data[0].cpu().numpy(),
                dict(prediction=sample.pred_sem_seg.data[0].cpu().numpy()),
                dataset.metainfo['classes'], dataset.metainfo['palette'], um)
            name = output_stem(sample.img_path, image_folders(dataset))
            write_png_atomically(Path(out_dir, f'{name}.png'), panel)
