"""How published sets are converted."""
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
