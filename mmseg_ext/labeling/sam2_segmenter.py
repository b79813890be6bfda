"""SAM 2 as a segmenter, by the transformers library."""
from collections.abc import Sequence
from typing import Optional

import numpy as np
import torch

from mmseg_ext.engine import require_extra

from .quality import stability
from .segmenter import Candidate, PromptSegmenter

OFFSET = 1.0  # of the logits' threshold: SAM's own for its stability score


class Sam2Segmenter(PromptSegmenter):
    """Segment Anything 2 with points as prompts.

    The image is squeezed into SAM's square (1024 x 1024) and all points go
    into one prompt. Its three masks (whole, part, part of a part) become
    the candidates, its prediction of their IoU their scores. The CAM is not
    used.

    Args:
        weights: Folder with the model and its processor as transformers
            saves them (``config.json``, ``model.safetensors``, those of the
            processor), or a name on the Hugging Face hub, such as
            'facebook/sam2.1-hiera-tiny' (Apache-2.0).
        threshold: Logit above which a pixel belongs to the mask. The paper's
            threshold; 0 is a probability of a half.
        device: Such as 'cpu' or 'cuda:0'. None: CUDA where there is one.

    Raises:
        ImportError: If transformers is missing.
        OSError: If the weights can be neither found nor downloaded.
        ValueError: If the weights are not SAM 2's.

    Reference:
        Ravi et al., *SAM 2: Segment Anything in Images and Videos*, 2024.
    """

    def __init__(self,
                 weights: str,
                 threshold: float = 0.0,
                 device: Optional[str] = None) -> None:
        require_extra('transformers', 'sam2')
        # Its processor resizes by torchvision.
        require_extra('torchvision', 'sam2')
        from transformers import Sam2Model, Sam2Processor

        try:
            model, info = Sam2Model.from_pretrained(
                weights, output_loading_info=True)
            self.processor = Sam2Processor.from_pretrained(weights)
        except (OSError, ValueError) as error:  # 4.56: no valid hub name
            reason = str(error).splitlines()[0]
            raise OSError(
                f'There is no SAM 2 in the folder {weights}, and none of that '
                f'name could be downloaded ({reason}). Name a folder that '
                'holds all files of '
                'https://huggingface.co/facebook/sam2.1-hiera-tiny or another '
                'SAM 2 there.') from error
        missing = sorted(info['missing_keys'])
        if missing:
            # transformers goes on with random values in their place.
            raise ValueError(
                f'{weights} is no complete SAM 2: {len(missing)} of its '
                f'parameters are missing, such as {missing[0]}.')
        self.threshold = threshold
        self.device = torch.device(
            device or ('cuda' if torch.cuda.is_available() else 'cpu'))
        self.model = model.to(self.device).eval()

    @torch.no_grad()
    def _segment(self, image: np.ndarray, points: Sequence[tuple[int, int]],
                 cam: Optional[np.ndarray]) -> list[Candidate]:
        # SAM's points are (x, y): column, then row.
        prompt = [[col, row] for row, col in points]
        inputs = self.processor(
            images=np.ascontiguousarray(image),  # as of image[..., ::-1]
            input_points=[[prompt]],  # images, objects, points
            input_labels=[[[1] * len(prompt)]],
            return_tensors='pt')
        sizes = inputs.pop('original_sizes')
        output = self.model(
            **inputs.to(self.device), multimask_output=True)
        logits = self.processor.post_process_masks(
            output.pred_masks.float().cpu(), sizes, binarize=False)
        found = []
        # (images, objects, masks, ...) -> (masks, ...)
        for logit, score in zip(logits[0][0].numpy(), output.iou_scores[0, 0]):
            mask = logit > self.threshold
            varied = (logit > self.threshold + offset
                      for offset in (-OFFSET, OFFSET))
            found.append(Candidate(mask, score.clip(0, 1).item(),
                                   stability(mask, varied)))
        return found
