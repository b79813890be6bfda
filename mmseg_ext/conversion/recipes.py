"""How published sets are converted."""
from collections.abc import Mapping
from typing import Any, Optional

from .convert import AUTO
from .pairs import PLACE

# Set -> options of tools/convert_masks.py. Each stands where it is not said
# otherwise.
RECIPES = dict(
    # NASA's MicroNet benchmark, Super1: micrographs of a nickel superalloy,
    # precipitates painted over. The colour lists in its code are blue, green,
    # red: in the files, secondary precipitates are blue, tertiary ones red.
    nasa_super1=dict(
        images=PLACE,
        masks=f'{PLACE}_annot',
        mask_suffix='_mask',
        map=['matrix=unpainted', 'secondary=0,0,255', 'tertiary=255,0,0']),
    # MetalDAM: class ids that end above the information band, one file of
    # them with three channels.
    metaldam=dict(
        images='images',
        masks='labels',
        split_lists='.',
        crop_bottom=AUTO,
        map=['matrix=0', 'austenite=1', 'martensite_austenite=2',
             'precipitate=3', 'defect=4']))
# Of sets without a recipe.
DEFAULTS = dict(images='images', masks='masks', mask_suffix='', map=None,
                split_lists=None, crop_bottom=None)


def complete_options(options: Mapping[str, Any],
                     recipe: Optional[str] = None) -> dict[str, Any]:
    """Return options of tools/convert_masks.py, with those of a recipe.

    Args:
        options: As they were given, None where they were not. A ``split``
            takes the place of a recipe's lists; of one fraction, the rest is
            for validation.
        recipe: One of ``RECIPES``; None: the options are ``DEFAULTS``.
    """
    known = {**DEFAULTS, **RECIPES.get(recipe, {})}
    split = options.get('split')
    if split:
        known['split_lists'] = None
    completed = dict(options)
    for name, value in known.items():
        if completed.get(name) is None:
            completed[name] = value
    if split and len(split) == 1:
        completed['split'] = [*split, 1 - split[0]]
    return completed
