import numpy as np
import pytest

from mmseg_ext.planning.choices import choose, choose_model, value_of
from mmseg_ext.planning.config_text import reason_lines
from mmseg_ext.planning.fingerprint import ImageFacts, SetFacts
from mmseg_ext.planning.parts import Parts
from mmseg_ext.planning.source import Source
from mmseg_ext.planning.surfaces import SurfaceFacts, choose_surface_model


def facts_of(images, thinness=(0.99, 0.99), reading=None):
    """Return a set of images by (height, width, mean, std, pixels)."""
    names = tuple('abcd'[:len(images[0][4])])
    noted = [ImageFacts(f'i{i}', height, width, True, 8, mean, std, 0,
                        tuple(pixels), 0)
             for i, (height, width, mean, std, pixels) in enumerate(images)]
    return SetFacts(names, reading or {}, noted,
                    {2: list(thinness), 4: list(thinness)}, [])


def choices_of(images, device='cpu', parts=None, **options):
    facts = facts_of(images, **options)
    source = Source('micrographs', 'root', [], facts.classes)
    parts = Parts(parts or ['train'] * len(images), 'so')
    return choose(source, facts, parts, device)


PIXELS = (500, 500)


@pytest.mark.parametrize('sizes, device, side, padded', [
    ([(960, 1280)] * 2, 'cpu', 256, 0),
    ([(960, 1280)] * 2, 'cuda', 512, 0),
    ([(200, 200)] * 2, 'cpu', 192, 0),
    ([(960, 1280), (100, 900)], 'cpu', 256, 1),
    ([(20, 30)] * 2, 'cpu', 32, 2)])
def test_crops_are_squares_of_whole_strides(sizes, device, side, padded):
    choices = choices_of([(*size, 90, 30, PIXELS) for size in sizes], device)
    assert value_of(choices, 'crop') == side
    reason = next(c.reason for c in choices if c.name == 'crop')
    assert (f'{padded} smaller' in reason) == bool(padded)


def test_a_rare_class_of_training_is_looked_for():
    even = [(64, 64, 90, 30, (50, 50))] * 3
    rare = (64, 64, 90, 30, (97, 3))
    assert value_of(choices_of(even), 'crops') == 'random'
    assert value_of(choices_of([rare] * 3), 'crops') == 'rare'
    # 3 % in the validation part say nothing of training
    choices = choices_of([*even, rare], parts=['train'] * 3 + ['val'])
    assert value_of(choices, 'crops') == 'random'


def test_too_few_images_are_told():
    even = (64, 64, 90, 30, (50, 50, 0))
    once = (64, 64, 90, 30, (50, 40, 10))

    def said(*images):
        return next(choice.reason for choice in choices_of(
            images, thinness=(0.99, ) * 3) if choice.name == 'parts')

    assert said(even, even) == ('so; 2 images say little about others: 10 '
                                'are a beginning')
    assert said(*[even] * 10) == 'so'
    assert said(*[even] * 10, once).startswith('so; c in one image alone')
    assert said(*[even] * 10, once, once) == 'so'


def test_brightness_follows_the_images():
    same = choices_of([(64, 64, 90, 30, PIXELS)] * 4)
    assert value_of(same, 'photometric') == dict(brightness=0.04,
                                                 contrast=1.1)
    means = [60, 100, 140, 180]
    spread = choices_of([(64, 64, mean, 30, PIXELS) for mean in means])
    found = value_of(spread, 'photometric')['brightness']
    assert found == pytest.approx(min(2 * np.std(means) / 255, 0.2), abs=0.01)


def test_huge_images_are_predicted_in_tiles():
    assert value_of(choices_of([(1000, 1000, 90, 30, PIXELS)]),
                    'prediction') == 'whole'
    assert value_of(choices_of([(3000, 4000, 90, 30, PIXELS)]),
                    'prediction') == 'slide'


def test_reading_is_told():
    choices = choices_of([(64, 64, 90, 30, PIXELS)],
                         reading=dict(info_band='mask', bit_depth=12))
    assert value_of(choices, 'info_band') == 'mask'
    assert value_of(choices, 'bit_depth') == 12


def test_the_model_follows_the_thinness():
    image = [(64, 64, 90, 30, PIXELS)]
    assert choose_model(facts_of(image)).value == 'segformer'
    thin = choose_model(facts_of(image, thinness=(0.95, 0.4)))
    assert thin.value == 'unet'
    assert '68 % mIoU' in thin.reason
    assert '40 % of b' in thin.reason
    absent = choose_model(facts_of(image, thinness=(0.95, float('nan'))))
    assert absent.value == 'segformer'


@pytest.mark.parametrize('largest, model, word', [
    (0.49, 'segformer', '49 % of its image'), (0.08, 'unet', '8 %')])
def test_the_model_follows_the_largest_defect(largest, model, word):
    choice = choose_surface_model(SurfaceFacts(
        ('good', 'defect'), {}, {}, {}, (0.001, 0.02, largest)))
    assert choice.value == model
    assert word in choice.reason


def test_reasons_are_comments_of_79_columns():
    choices = choices_of([(64, 64, 90, 30, (97, 3))])
    lines = reason_lines(choices, 'photometric', indent='    ')
    assert len(lines) > 1
    assert all(line.startswith('    # ') and len(line) <= 79
               for line in lines)
    words = ' '.join(line.removeprefix('    # ') for line in lines)
    assert words == next(c.reason for c in choices
                         if c.name == 'photometric')
    assert reason_lines(choices, 'nothing') == []
