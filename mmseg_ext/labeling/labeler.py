"""From one image and a classifier to one mask, or the reason for none."""
from dataclasses import dataclass
from typing import Optional

import numpy as np
import torch
from torch import nn

from mmseg_ext.datasets.picture import load_picture

from .grad_cam import grad_cam, upsample_cam
from .points import Point, find_points, snap_points
from .quality import mask_quality
from .segmenter import PromptSegmenter
from .selection import select_mask

DEFECTIVE = 1  # index of the classifier's logit


@dataclass(frozen=True)
class Proposal:
    """What came of one image.

    Attributes:
        image: (H, W, 3) uint8, channels blue, green, red.
        probability: Of a defect, by the classifier, 0 to 1.
        points: Prompt; none if the classifier saw nothing.
        mask: (H, W) bool; None: no plausible mask.
        quality: Of the mask, 0 to 1, see :func:`mask_quality`; 0 without
            one.
        reason: Why there is no mask; empty if there is one.
    """
    image: np.ndarray
    probability: float
    points: list[Point]
    mask: Optional[np.ndarray]
    quality: float
    reason: str


class ImageLabeler:
    """Classifier, Grad-CAM, prompt points, segmenter, choice of a mask.

    Args:
        model: mmpretrain's ImageClassifier of two classes, clean and
            defective, in evaluation mode.
        dataset: Config of the data set whose pipeline loads an image and
            prepares it for the classifier, without cropping or padding.
        segmenter: What makes masks of points.
        layer: Of Grad-CAM, see :func:`grad_cam`.
        mirror: See :func:`grad_cam`.
        max_points: Most points of one prompt.
        snap: Move the points to what contrasts with its surroundings, for
            a segmenter that takes them at their word, as SAM does.
        min_area: Least area of a mask as a fraction of the image.
        max_area: Greatest area of a mask as a fraction of the image.
    """

    def __init__(self,
                 model: nn.Module,
                 dataset: dict,
                 segmenter: PromptSegmenter,
                 layer: str = 'backbone',
                 mirror: bool = True,
                 max_points: int = 1,
                 snap: bool = False,
                 min_area: float = 1e-4,
                 max_area: float = 0.3) -> None:
        self.model = model
        self.dataset = dataset
        self.segmenter = segmenter
        self.layer = layer
        self.mirror = mirror
        self.max_points = max_points
        self.snap = snap
        self.min_area = min_area
        self.max_area = max_area

    def __call__(self, path: str) -> Proposal:
        """Label an image file.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file cannot be read as an image.
        """
        image, sample = load_picture(self.dataset, path)
        data = self.model.data_preprocessor(
            dict(inputs=[sample['inputs']],
                 data_samples=[sample['data_samples']]))
        with torch.no_grad():
            probability = self.model(
                data['inputs']).softmax(dim=1)[0, DEFECTIVE].item()
        grid = grad_cam(self.model, data['inputs'], DEFECTIVE, self.layer,
                        self.mirror)[0]
        size = image.shape[:2]
        cam = upsample_cam(grid, size)
        # a cell of the map, in pixels of the image
        cell = max(pixels / cells for pixels, cells in zip(size, grid.shape))
        rgb = np.ascontiguousarray(image[..., ::-1])
        points = find_points(cam, self.max_points, min_distance=cell)
        if points and self.snap:
            points = snap_points(rgb, points, cell)
        candidate, reason = select_mask(
            self.segmenter.segment(rgb, points, cam), points, self.min_area,
            self.max_area)
        if not points:
            reason = 'the classifier sees nothing: its map is 0 everywhere'
        return Proposal(
            image=image,
            probability=probability,
            points=points,
            mask=candidate and candidate.mask,
            quality=mask_quality(candidate, cam) if candidate else 0.0,
            reason=reason)
