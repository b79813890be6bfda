"""SAM 2 and 3 run for real, with random weights as transformers saves them."""
import numpy as np
import pytest
import torch
from tiny_sam2 import SIDE
from tiny_sam3 import SIDE as SIDE_3

from mmseg_ext.labeling import Sam2Segmenter, Sam3Segmenter, select_mask

KINDS = dict(sam2=(Sam2Segmenter, SIDE), sam3=(Sam3Segmenter, SIDE_3))


@pytest.fixture(scope='module', params=KINDS)
def kind(request) -> tuple:
    """A segmenter's class, the side of its square, a folder of weights."""
    return *KINDS[request.param], request.getfixturevalue(
        f'tiny_{request.param}')


@pytest.fixture(scope='module')
def segmenter(kind) -> Sam2Segmenter:
    return kind[0](str(kind[2]), device='cpu')


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(
        0, 255, (64, 24, 3), np.uint8)


def inputs_of(segmenter, image, points) -> dict:
    """What reaches the model in its forward pass."""
    seen = {}
    hook = segmenter.model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.update(kwargs), with_kwargs=True)
    try:
        segmenter.segment(image, points)
    finally:
        hook.remove()
    return seen


def test_points_reach_sam_as_x_y(segmenter, kind, image):
    # (row, column) of 64 x 24 pixels -> (x, y) of SAM's square.
    points = [(16, 6), (40, 21)]
    seen = inputs_of(segmenter, image, points)
    side = kind[1]
    expected = [[col / 24 * side, row / 64 * side] for row, col in points]
    assert seen['input_points'].shape == (1, 1, 2, 2)
    np.testing.assert_allclose(seen['input_points'][0, 0], expected)
    assert seen['input_labels'].tolist() == [[[1, 1]]]
    assert seen['pixel_values'].shape == (1, 3, side, side)


def test_red_is_first(segmenter, image):
    image[...] = (255, 0, 0)
    pixels = inputs_of(segmenter, image, [(3, 4)])['pixel_values']
    red, green, blue = pixels.mean(dim=(0, 2, 3)).tolist()
    assert red > 0 > max(green, blue)


def test_three_candidates_by_score(segmenter, image):
    found = segmenter.segment(image, [(16, 6)])
    assert 1 <= len(found) <= 3
    for candidate in found:
        assert candidate.mask.shape == (64, 24)
        assert candidate.mask.dtype == bool
        assert 0 <= candidate.score <= 1 and 0 <= candidate.stability <= 1
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_masks_are_those_of_the_model(segmenter, image):
    # The same by hand: low-resolution logits, enlarged, above 0.
    seen = inputs_of(segmenter, image, [(16, 6)])
    with torch.no_grad():
        output = segmenter.model(**seen)
    logits = torch.nn.functional.interpolate(
        output.pred_masks[0], (64, 24), mode='bilinear',
        align_corners=False)[0].numpy()
    scores = output.iou_scores[0, 0].numpy()
    order = [i for i in np.argsort(-scores) if (logits[i] > 0).any()]
    found = segmenter.segment(image, [(16, 6)])
    assert len(found) == len(order) > 0
    for candidate, i in zip(found, order):
        np.testing.assert_array_equal(candidate.mask, logits[i] > 0)
        assert candidate.score == pytest.approx(scores[i])
        union = (logits[i] > -1).sum()
        mask = (logits[i] > 0).sum()
        assert candidate.stability == pytest.approx(
            (mask / union + (logits[i] > 1).sum() / mask) / 2)


def test_threshold_is_the_logits(kind, image):
    low, high = (kind[0](str(kind[2]), threshold, 'cpu').segment(
        image, [(16, 6)]) for threshold in (-2.0, 0.0))
    assert sum(c.mask.sum() for c in low) > sum(c.mask.sum() for c in high)


def test_goes_on_to_the_selection(segmenter, image):
    found = segmenter.segment(image, [(16, 6)])
    chosen = select_mask(found, [(16, 6)], max_area=1)
    assert chosen.candidate is found[0]


def test_same_result_twice(segmenter, image):
    for one, other in zip(segmenter.segment(image, [(16, 6)]),
                          segmenter.segment(image, [(16, 6)])):
        np.testing.assert_array_equal(one.mask, other.mask)


def test_no_weights_there(kind, tmp_path):
    with pytest.raises(OSError, match=f'no {kind[0].title} in the folder '
                       '.*none'):
        kind[0](str(tmp_path / 'none'))


def test_incomplete_weights_are_refused(kind, tmp_path):
    from safetensors.torch import load_file, save_file

    for name in kind[2].iterdir():
        (tmp_path / name.name).write_bytes(name.read_bytes())
    path = tmp_path / 'model.safetensors'
    weights = load_file(path)
    name, = (name for name in weights if 'no_memory_embedding' in name)
    del weights[name]
    save_file(weights, path, metadata=dict(format='pt'))
    with pytest.raises(ValueError, match=r'1 of its .*no_memory_embedding'):
        kind[0](str(tmp_path))


def test_transformers_too_old(tiny_sam3, monkeypatch):
    monkeypatch.setattr(Sam3Segmenter, 'classes', ('Sam9Model', ))
    with pytest.raises(ImportError, match='knows no SAM 3: pip install'):
        Sam3Segmenter(str(tiny_sam3))
