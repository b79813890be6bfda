"""A segmentor of few-shot episodes, over a frozen backbone."""
import torch
import torch.nn.functional as F
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import OptSampleList, SampleList, add_prefix
from torch import Tensor

from mmseg_ext.basics.command_line import command_for
from mmseg_ext.ops import area_mask

from ..decode_heads import MatchHead


@MODELS.register_module()
class FewShotEncoderDecoder(EncoderDecoder):
    """Learns to find what labelled images show, episode by episode.

    ::

        supports (with masks) --> frozen backbone --+
                                                    +--> MatchHead --> logits
        queries ----------------> frozen backbone --+

    A batch is a list of images, the supports and then the queries of one
    episode after the other, as EpisodicDataset and ``collate_episodes`` make
    them; what it returns is of the queries alone. The backbone has no
    gradients, and its batch normalisation stays in evaluation mode.

    Alone, without samples, an image is matched with itself as a good one:
    that is for shapes and costs. tools/few_shot.py finds defects with it.

    Args:
        *args: See mmseg's EncoderDecoder.
        **kwargs: See mmseg's EncoderDecoder; ``decode_head`` is a MatchHead.

    Raises:
        ValueError: If the decode head is none; in use, if images are not of
            episodes.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not isinstance(self.decode_head, MatchHead):
            raise ValueError(
                f'decode_head is a {type(self.decode_head).__name__}: must '
                'be a MatchHead')
        if self.with_auxiliary_head:
            raise ValueError('auxiliary_head: must be None, episodes have '
                             'no labels that it could learn')
        self.backbone.requires_grad_(False)
        self.backbone.eval()

    def train(self, mode: bool = True) -> 'FewShotEncoderDecoder':
        """Set the mode of all but the backbone."""
        super().train(mode)
        self.backbone.eval()
        return self

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """Return the losses of the queries.

        Args:
            inputs: Images (N, 3, H, W).
            data_samples: With masks and ``episode``, (supports, queries).
        """
        queries, maps = self._episodes(inputs, data_samples)
        losses = self.decode_head.loss(maps, queries, self.train_cfg)
        return add_prefix(losses, 'decode')

    def predict(self, inputs: Tensor,
                data_samples: OptSampleList = None) -> SampleList:
        """Return the samples of the queries, with predictions."""
        queries, maps = self._episodes(inputs, data_samples)
        logits = self.decode_head.predict(
            maps, [sample.metainfo for sample in queries], self.test_cfg)
        # to all of the padded image, of which postprocessing cuts
        logits = resize(logits, inputs.shape[2:], mode='bilinear',
                        align_corners=self.align_corners)
        return self.postprocess_result(logits, queries)

    def encode_decode(self, inputs: Tensor, batch_img_metas) -> Tensor:
        """Refuse: an image alone tells not what to find."""
        raise ValueError(_needs('images alone'))

    def _forward(self, inputs: Tensor,
                 data_samples: OptSampleList = None) -> Tensor:
        if data_samples is not None:
            return self.decode_head(self._episodes(inputs, data_samples)[1])
        x = self._map(inputs)[:, None]  # each an episode
        covered = torch.zeros_like(x[:, :, :2])
        covered[:, :, 1] = 1
        return self.decode_head((x, x, covered))

    def _map(self, inputs: Tensor) -> Tensor:
        return self.decode_head._transform_inputs(self.extract_feat(inputs))

    def _episodes(self, inputs: Tensor, data_samples: OptSampleList
                  ) -> tuple[SampleList, tuple[Tensor, Tensor, Tensor]]:
        """Return the queries' samples, and what the head takes."""
        shapes = {tuple(sample.get('episode', ()))
                  for sample in data_samples or ()}
        if len(shapes) != 1 or () in shapes:
            raise ValueError(_needs(
                'images alone' if not shapes or () in shapes else
                f'episodes of {len(shapes)} sizes in one batch'))
        (supports, queries), = shapes
        size = supports + queries
        starts = range(0, len(data_samples), size)
        shown = [data_samples[i + j] for i in starts for j in range(supports)]
        asked = [data_samples[i + j] for i in starts
                 for j in range(supports, size)]
        x = self._map(inputs).unflatten(0, (-1, size))
        covered = torch.stack([
            self._covered(sample, inputs, x.shape[-2:]) for sample in shown])
        covered = covered.unflatten(0, (-1, supports)).to(x.dtype)
        return asked, (x[:, supports:], x[:, :supports], covered)

    def _covered(self, sample, inputs: Tensor,
                 grid: tuple[int, int]) -> Tensor:
        """Return what class and background cover of cells, (2, h, w)."""
        labels = sample.gt_sem_seg.data
        masks = torch.cat([labels == 1, labels == 0]).to(inputs.device)
        # in a test, masks have the file's size, and images are padded after
        seen = tuple(sample.get('img_shape', inputs.shape[2:])[:2])
        if masks.shape[1:] not in (inputs.shape[2:], seen):
            masks = area_mask(masks, seen)
        height, width = (whole - part for whole, part in zip(
            inputs.shape[2:], masks.shape[1:]))
        masks = F.pad(masks.float(), (0, width, 0, height))
        return area_mask(masks, grid)


def _needs(found: str) -> str:
    return (f'FewShotEncoderDecoder was given {found}: it needs episodes of '
            'labelled images and queries. Wrap the data set, '
            "dict(type='EpisodicDataset', dataset=...), with "
            "collate_fn=dict(type='collate_episodes') in its loader; to find "
            f'defects, use {command_for("few_shot")}')
