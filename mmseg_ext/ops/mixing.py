"""Masks by which two batches of images become one, and the mixing."""
import torch
import torch.nn.functional as F
from torch import Tensor

LEAST_SIDE = 0.5  # of a rectangle, as a fraction of the image's


def class_mask(labels: Tensor, ignore_index: int = 255) -> Tensor:
    """Mark the pixels of half of the classes of each image, rounded up.

    The classes are drawn evenly among those that the image itself has, in
    contrast to the original, which draws among those of the batch and counts
    what has no label as a class.

    Args:
        labels: Class ids.
        ignore_index: Label of pixels without one, which are never marked.

    Shape:
        - labels: (B, H, W)
        - output: (B, H, W), bool

    Reference:
        Olsson et al., ClassMix, 2021; github.com/vikolss/DACS,
        utils/transformmasks.py, generate_class_mask.
    """
    masks = []
    for label in labels:
        present = label.unique()
        present = present[present != ignore_index]
        # on the CPU, whose generator a resumed training goes on with
        order = torch.randperm(len(present)).to(label.device)
        masks.append(torch.isin(label, present[order[:-(-len(order) // 2)]]))
    return torch.stack(masks)


def rectangle_mask(count: int, height: int, width: int) -> Tensor:
    """Mark a rectangle of half of the area in each image.

    Its height is from half of the image's to all of it, the logarithm drawn
    evenly, its place is drawn evenly.

    Args:
        count: B, how many.
        height: Of the images, in pixels.
        width: Likewise.

    Shape:
        - output: (B, H, W), bool, on the CPU

    Reference:
        French et al., Semi-supervised semantic segmentation needs strong,
        varied perturbations, 2020 (CutMix); github.com/Britefury/
        cutmix-semisup-seg, mask_gen.py, BoxMaskGenerator.
    """
    masks = torch.zeros(count, height, width, dtype=torch.bool)
    for mask, (size, top, left) in zip(masks, torch.rand(count, 3).tolist()):
        tall = LEAST_SIDE**size
        h, w = round(height * tall), round(width * LEAST_SIDE / tall)
        top, left = round((height - h) * top), round((width - w) * left)
        mask[top:top + h, left:left + w] = True
    return masks


def block_mask(count: int, height: int, width: int, block: int,
               ratio: float) -> Tensor:
    """Mark square blocks of a grid, each with the same probability.

    Args:
        count: B, how many.
        height: Of the images, in pixels.
        width: Likewise.
        block: Side of a block, in pixels; those at the right and lower edge
            are cut off.
        ratio: Probability of marking a block, 0 to 1.

    Shape:
        - output: (B, H, W), bool, on the CPU

    Reference:
        Hoyer et al., MIC: Masked Image Consistency for Context-Enhanced
        Domain Adaptation, 2023, equation 4.
    """
    cells = torch.rand(
        count, 1, -(-height // block), -(-width // block)) < ratio
    masks = F.interpolate(cells.float(), scale_factor=block, mode='nearest')
    return masks[:, 0, :height, :width] > 0


def mix(mask: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Paste what is marked of one batch onto the other.

    Args:
        mask: Where ``source`` is taken.
        source: Images, labels or weights.
        target: The same of the others.

    Shape:
        - mask: (B, H, W), bool
        - source, target: (B, H, W) or (B, C, H, W)
        - output: as these
    """
    return torch.where(mask if source.ndim == 3 else mask[:, None], source,
                       target)
