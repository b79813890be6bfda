"""SAM 2 and SAM 3 as segmenters, by the transformers library."""
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
        ImportError: If transformers is missing, or too old for the model.
        OSError: If the weights can be neither found nor downloaded.
        ValueError: If the weights are not those of the model.

    Reference:
        Ravi et al., *SAM 2: Segment Anything in Images and Videos*, 2024.
    """
    title = 'SAM 2'
    classes = ('Sam2Model', 'Sam2Processor')  # of transformers
    published = 'facebook/sam2.1-hiera-tiny'

    def __init__(self,
                 weights: str,
                 threshold: float = 0.0,
                 device: Optional[str] = None) -> None:
        require_extra('transformers', 'sam2')
        # Its processor resizes by torchvision.
        require_extra('torchvision', 'sam2')
        model_type, processor_type = self._types()
        try:
            model, info = model_type.from_pretrained(
                weights, output_loading_info=True)
            self.processor = processor_type.from_pretrained(weights)
        except (OSError, ValueError) as error:  # 4.56: no valid hub name
            reason = str(error).splitlines()[0]
            raise OSError(
                f'There is no {self.title} in the folder {weights}, and none '
                f'of that name could be downloaded ({reason}). Name a folder '
                'that holds all files of '
                f'https://huggingface.co/{self.published} or another '
                f'{self.title} there.') from error
        missing = sorted(info['missing_keys'])
        if missing:
            # transformers goes on with random values in their place.
            raise ValueError(
                f'{weights} is no complete {self.title}: {len(missing)} of '
                f'its parameters are missing, such as {missing[0]}.')
        self.threshold = threshold
        self.device = torch.device(
            device or ('cuda' if torch.cuda.is_available() else 'cpu'))
        self.model = model.to(self.device).eval()

    @classmethod
    def _types(cls) -> list[type]:
        """Return the classes of the model and of its processor."""
        import transformers

        try:
            return [getattr(transformers, name) for name in cls.classes]
        except AttributeError as error:
            raise ImportError(
                f'transformers {transformers.__version__} knows no '
                f'{cls.title}: pip install "transformers>=5"') from error

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


class Sam3Segmenter(Sam2Segmenter):
    """Segment Anything 3 with points as prompts: its tracker, on one image.

    The tracker takes points and returns masks and scores as SAM 2 does; the
    square is one of 1008 x 1008. SAM 3's detector, which takes words, is not
    used. The published weights, 'facebook/sam3', are under the SAM licence,
    and Hugging Face gives them to those who have accepted it.

    Args:
        weights: As for :class:`Sam2Segmenter`; the whole of SAM 3, or its
            tracker alone.
        threshold: Likewise.
        device: Likewise.

    Raises:
        ImportError: If transformers is missing or older than 5.
        OSError: If the weights can be neither found nor downloaded.
        ValueError: If the weights are not those of the model.

    Reference:
        Carion et al., *SAM 3: Segment Anything with Concepts*, 2025.
    """
    title = 'SAM 3'
    classes = ('Sam3TrackerModel', 'Sam3TrackerProcessor')
    published = 'facebook/sam3'
