"""Shown a few images, it finds the same in others, and says how well."""
import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from colour_encoder import BLUE, RED, colour_encoder, mask_of, picture
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_ext.inference import Tiling
from mmseg_ext.inference.few_shot import (
    MATCHERS,
    TRAINED,
    FewShotSegmenter,
    Labelled,
    Matching,
    leave_one_out,
)
from mmseg_ext.ops import area_mask

ONE = picture((RED, 8, 16, 16))
TWO = picture((RED, 24, 32, 16), seed=1)
THREE = picture((RED, 16, 40, 8), size=(40, 72), seed=2)  # another size
GOOD = [picture(seed=3), picture(seed=4, size=(64, 64))]
QUERY = picture((RED, 8, 40, 16), (BLUE, 32, 8, 8), seed=5)
CLASSES = ('background', 'red', 'blue')


def segmenter(matcher='dense+normal', scale=1, **options):
    return FewShotSegmenter(colour_encoder(), matcher, scale, **options)


def iou(found, truth) -> float:
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize('matcher', MATCHERS)
def test_finds_the_same(matcher):
    model = segmenter(matcher).fit(
        [ONE, TWO, THREE], [mask_of(x) == 1 for x in (ONE, TWO, THREE)], GOOD)
    assert model.classes == ('background', 'defect')
    assert model.calibration.iou > 0.6
    assert model.warning == ''
    image = picture((RED, 8, 40, 16), seed=6)
    found = model.predict(image)
    assert iou(found.mask == 1, mask_of(image) == 1) > 0.6
    good = model.predict(picture(seed=7))
    assert found.score > 0 >= good.score
    assert not good.mask.any()


def test_three_images_choose_the_matcher():
    """That of the highest IoU of what is left out; each is looked at once."""
    encoder, seen = colour_encoder(), []
    features = encoder.features
    encoder.features = lambda image, scale=1.0: (
        seen.append(image.shape) or features(image, scale))
    # at odd places, so that cells are covered in part
    shown = [picture((RED, top, left, side), seed=top) for top, left, side in (
        (9, 18, 13), (27, 31, 11), (40, 12, 6))]
    masks = [mask_of(x) == 1 for x in shown]
    model = FewShotSegmenter(encoder, scale=1).fit(shown, masks, GOOD)
    assert len(seen) == len(shown) + len(GOOD)
    found = {name: segmenter(name).fit(shown, masks, GOOD).calibration.iou
             for name in MATCHERS if name != 'normal'}
    best = max(found.values())
    assert model.calibration.iou == best > min(found.values())
    assert model.matching.matcher == next(
        name for name in found if found[name] == best)
    assert model.details['matcher'] == model.matching.matcher
    # two are too few
    model.fit(shown[:2], masks[:2], GOOD)
    assert model.matching.matcher == 'dense+normal'


def trained_head(images):
    """Return a head that has learned to match red squares by each other."""
    torch.manual_seed(0)
    init_default_scope('mmseg')
    head = MODELS.build(dict(type='MatchHead', in_channels=3, in_index=0,
                             channels=8, dropout_ratio=0))
    maps = torch.stack([colour_encoder().features(one) for one in images])
    masks = torch.stack([torch.from_numpy(mask_of(one) == 1)
                         for one in images])
    covered = area_mask(masks, maps.shape[2:])
    covered = torch.stack([covered, 1 - covered], 1)
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    for i in range(30):
        query = i % len(images)
        rest = [k for k in range(len(images)) if k != query]
        logits = head((maps[None, [query]], maps[None, rest],
                       covered[None, rest]))
        loss = F.cross_entropy(logits, covered[[query], 0].round().long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return head


def test_a_trained_head_matches():
    head = trained_head([ONE, TWO, *GOOD[:1]])
    encoder = colour_encoder(head=head)
    model = FewShotSegmenter(encoder, scale=1)
    assert model.matcher == TRAINED
    model.fit([ONE, TWO, THREE],
              [mask_of(x) == 1 for x in (ONE, TWO, THREE)], GOOD)
    assert model.calibration.iou > 0.6
    image = picture((RED, 8, 40, 16), seed=6)
    found = model.predict(image)
    assert iou(found.mask == 1, mask_of(image) == 1) > 0.6
    # good images alone are matched by their distance, as without a head
    model.fit([], [], GOOD)
    assert model.matching.matcher == 'normal'
    # and what an encoder does with its head is part of what it is
    assert encoder.digest() != colour_encoder().digest()
    plain = FewShotSegmenter(colour_encoder(), scale=1)
    assert plain.matcher is None


def test_heads_that_do_not_fit():
    with pytest.raises(ValueError, match='has no head that matches'):
        segmenter('trained')
    init_default_scope('mmseg')
    wide, raw = (MODELS.build(dict(dict(
        type='MatchHead', in_channels=3, channels=8), **options))
        for options in (dict(in_channels=5),
                        dict(matcher='attention', normalize=False)))
    with pytest.raises(ValueError, match='3 channels, and its head'):
        colour_encoder(head=wide)
    with pytest.raises(ValueError, match='normalize=False'):
        colour_encoder(head=raw)


@pytest.mark.parametrize('matcher', ['dense', 'attention'])
def test_a_support_finds_itself(matcher, monkeypatch):
    mask = mask_of(ONE)
    monkeypatch.setattr('mmseg_ext.inference.few_shot.matchers.TAU', 1e-3)
    matching = Matching(colour_encoder(), matcher, 1)
    cells = matching.look(ONE, mask)
    scores = matching.score(cells, matching.bank([cells]))[0]
    middle = 0 if matcher == 'dense' else 0.5
    expected = torch.tensor(mask[4::8, 4::8] > 0)
    assert torch.equal(scores > middle, expected)


def test_order_of_supports_changes_nothing():
    images = [ONE, TWO, THREE]
    models = [segmenter().fit(one, [mask_of(x) for x in one], good)
              for one, good in ((images, GOOD), (images[::-1], GOOD[:]))]
    first, second = (model.logits(QUERY[None]) for model in models)
    # good images go with other supports: thresholds may differ slightly
    np.testing.assert_allclose(first, second, atol=0.05)
    matching = Matching(colour_encoder(), 'dense+normal', 1)
    scores = [matching.score(matching.look(QUERY), matching.bank(
        [matching.look(x, mask_of(x)) for x in one]))
        for one in (images, images[::-1])]
    torch.testing.assert_close(*scores)


def test_classes():
    images = [picture((RED, 8, 16, 16), (BLUE, 24, 40, 16)), TWO,
              picture((BLUE, 8, 8, 16), seed=3)]
    model = segmenter(classes=CLASSES).fit(
        images, [mask_of(x) for x in images], GOOD)
    assert model.predict(QUERY).classes == CLASSES
    found = model.predict(QUERY).mask
    for value in (1, 2):
        assert iou(found == value, mask_of(QUERY) == value) > 0.5
    assert segmenter().fit(images, [mask_of(x) for x in images]).classes == (
        'background', 'class 1', 'class 2')


def test_one_support_is_matched_with_copies_of_itself():
    model = segmenter().fit([ONE], [mask_of(ONE)], GOOD)
    copies = [one for one in model.calibration.left_out
              if one.labelled.mask is not None]
    assert len(copies) == 4
    assert all(one.copied for one in copies)
    shapes = {one.labelled.image.shape[:2] for one in copies}
    assert shapes == {(48, 64), (43, 58), (53, 70)}
    assert iou(model.predict(TWO).mask > 0, mask_of(TWO) > 0) > 0.5


def test_what_is_left_out_is_not_known():
    """Images of two defects that have nothing in common."""
    blue = picture((BLUE, 24, 32, 16), seed=1)
    model = segmenter('dense').fit(
        [ONE, blue], [mask_of(x) > 0 for x in (ONE, blue)])
    assert model.calibration.iou < 0.1
    assert 'label more images and train' in model.warning.lower()


def test_left_out_by_hand():
    """The score of a left-out image is the one by the others alone."""
    shown = [Labelled(str(i), x, mask_of(x))
             for i, x in enumerate((ONE, TWO, THREE))]
    matching = Matching(colour_encoder(), 'dense', 1)
    found = leave_one_out(matching, shown, [])
    assert [one.labelled.name for one in found.left_out] == ['0', '1', '2']
    both = either = 0
    for i, one in enumerate(shown):
        bank = matching.bank([matching.look(other.image, other.mask)
                              for other in (*shown[:i], *shown[i + 1:])])
        pixels = matching.at_pixels(matching.score(
            matching.look(one.image), bank), one.mask.shape)[0]
        mask = (pixels > found.thresholds[0]).numpy()
        np.testing.assert_array_equal(found.left_out[i].found > 0, mask)
        assert found.left_out[i].iou == pytest.approx(iou(mask, one.mask > 0))
        both += (mask & (one.mask > 0)).sum()
        either += (mask | (one.mask > 0)).sum()
    assert found.iou == pytest.approx(both / either)


@pytest.mark.parametrize('number', [1, 3])
def test_good_images_alone(number):
    good = [picture(seed=i) for i in range(number)]
    model = segmenter().fit([], [], good)
    assert model.classes == ('background', 'anomaly')
    assert model.matching.matcher == 'normal'
    assert all(one.score <= 1e-6 for one in model.calibration.left_out)
    found = model.predict(QUERY)
    assert found.score > 0
    truth = mask_of(QUERY) > 0
    assert found.mask[truth].all()
    # between a cell and its neighbours the distance fades away
    assert not found.mask[~cv2.dilate(
        truth.astype(np.uint8), np.ones((17, 17))).astype(bool)].any()
    assert np.isnan(model.calibration.iou)
    assert model.warning == ''


def test_scale_is_the_best_of_three():
    # boxes of 4 pixels: a cell of 8 sees half of each at most
    images = [picture((RED, 6, 14, 4), (RED, 30, 42, 4), seed=i)
              for i in range(2)]
    masks = [mask_of(x) for x in images]
    every = {scale: segmenter(scale=scale).fit(images, masks).calibration.iou
             for scale in (0.5, 1, 2)}
    chosen = segmenter(scale='auto').fit(images, masks)
    assert chosen.calibration.iou == max(every.values())
    assert every[chosen.matching.scale] == max(every.values())
    assert chosen.details['scale'] == f'{chosen.matching.scale:g}'


@pytest.mark.parametrize('scale', [0.5, 1, 2])
def test_scores_lie_where_they_belong(scale):
    images = [picture((RED, 16, 32, 16), seed=i) for i in range(2)]
    model = segmenter(scale=scale).fit(images, [mask_of(x) for x in images])
    assert iou(model.predict(images[0]).mask > 0, mask_of(images[0]) > 0) > 0.6


def test_tiles_agree_with_the_whole():
    model = segmenter().fit([ONE, TWO], [mask_of(x) for x in (ONE, TWO)], GOOD)
    image = picture((RED, 40, 80, 24), size=(120, 168))
    whole = model.predict(image, whole=True)
    tiled = model.predict(image, Tiling((64, 64), (32, 32), align=8))
    assert (whole.tiles, tiled.tiles) == (1, 15)
    np.testing.assert_array_equal(tiled.mask, whole.mask)
    assert tiled.score == pytest.approx(whole.score, abs=1e-5)


def test_few_cells_of_many():
    model = segmenter(cap=100).fit(
        [ONE, TWO], [mask_of(x) for x in (ONE, TWO)],
        [picture(size=(200, 200))])
    bank = model.calibration.bank
    assert sum(map(len, bank.foreground)) + len(bank.background) == 100
    assert iou(model.predict(ONE).mask > 0, mask_of(ONE) > 0) > 0.5


def test_what_nobody_knows_is_no_background():
    mask = mask_of(ONE)
    mask[mask == 0] = 255
    mask[40:] = 0
    model = segmenter().fit([ONE, TWO], [mask, mask_of(TWO)])
    cells = model.matching.look(ONE, mask)
    assert cells.background.view(6, 8).sum(1).tolist() == [0] * 5 + [8]


def test_attention_sees_edges():
    """Cells that a mask covers by a part count by that part."""
    mask = np.zeros((48, 64), np.uint8)
    mask[8:16, 16:25] = 1  # a cell, and an eighth of the next one
    mask[40:, :8] = 255
    matching = Matching(colour_encoder(), 'attention', 1)
    cells = matching.look(ONE, mask)
    bank = matching.bank([cells])
    assert len(bank.foreground[0]) == 1
    assert bank.parts.flatten().tolist() == [1, 0.125]
    known = torch.ones(6, 8, dtype=torch.bool)
    known[5, 0] = False
    assert len(bank.keys) == known.sum()
    part = torch.zeros(6, 8)
    part[1, 2:4] = torch.tensor([1, 0.125])
    weights = (20 * cells.features @ cells.features.T)[
        :, known.flatten()].softmax(1)
    torch.testing.assert_close(
        matching.score(cells, bank)[0].flatten(),
        weights @ part.flatten()[known.flatten()])


@pytest.mark.parametrize('change, message', [
    (lambda x: x.update(images=[], masks=[], good=[]), 'nothing to go by'),
    (lambda x: x.update(masks=[]), '1 images have 0 masks'),
    (lambda x: x.update(masks=[np.zeros((48, 64), bool)]),
     'a.png: its mask is empty. Outline'),
    (lambda x: x.update(masks=[255 * mask_of(ONE)]), 'give mask > 0'),
    (lambda x: x.update(masks=[np.zeros((4, 4), bool)]),
     'a.png: its mask has 4 x 4 pixels, the image 48 x 64'),
    (lambda x: x.update(masks=[np.ones((48, 64), bool)], good=[]),
     'a.png: its mask covers all .* Add good images'),
    (lambda x: x.update(images=[ONE.astype(float)]), 'a.png is .* float64'),
])
def test_bad_supports(change, message):
    given = dict(images=[ONE], masks=[mask_of(ONE)], good=GOOD,
                 names=['a.png', 'b.png', 'c.png'])
    change(given)
    with pytest.raises(ValueError, match=message):
        segmenter().fit(**given)


def test_bad_classes():
    with pytest.raises(ValueError, match='the id 2; the classes are 0 to 1'):
        segmenter(classes=CLASSES[:2]).fit([ONE], [2 * mask_of(ONE)])
    with pytest.raises(ValueError, match='No image shows blue'):
        segmenter(classes=CLASSES).fit([ONE], [mask_of(ONE)])
    with pytest.raises(ValueError, match='tells no classes apart'):
        segmenter('normal', classes=CLASSES).fit(
            [QUERY], [mask_of(QUERY)], GOOD)
    with pytest.raises(ValueError, match='two or more'):
        segmenter(classes=('a', 'a'))


@pytest.mark.parametrize('options, message', [
    (dict(matcher='nearest'), 'matcher='), (dict(scale=0), 'scale=0'),
    (dict(scale='large'), 'scale='), (dict(cap=3), 'cap=3')])
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        segmenter(**options)


def test_not_shown_anything():
    with pytest.raises(ValueError, match='call fit first'):
        segmenter().logits(ONE[None])
