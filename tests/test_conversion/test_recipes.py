"""Options of a conversion: as given, of a recipe, or the usual ones."""
from mmseg_ext.conversion import RECIPES, complete_options

GIVEN = dict(source='raw', images=None, masks=None, mask_suffix=None, map=None,
             split_lists=None, crop_bottom=None, split=None, seed=0)


def test_the_usual_ones():
    assert complete_options(GIVEN) == dict(
        GIVEN, images='images', masks='masks', mask_suffix='')


def test_a_recipes_but_for_those_that_are_given():
    found = complete_options(dict(GIVEN, masks='own'), 'metaldam')
    assert found == dict(GIVEN, **dict(
        RECIPES['metaldam'], masks='own', mask_suffix=''))


def test_a_split_takes_the_place_of_lists():
    found = complete_options(dict(GIVEN, split=[0.75]), 'metaldam')
    assert (found['split_lists'], found['split']) == (None, [0.75, 0.25])
    given = dict(GIVEN, split=[6, 2, 2])
    assert complete_options(given)['split'] == [6, 2, 2]
    assert given == dict(GIVEN, split=[6, 2, 2])  # nothing changes it
