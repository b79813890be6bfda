"""Turn masks of any encoding into the layout that SEMDataset reads."""
from mmseg_ext.basics.information_band import find_information_band

from .class_map import IGNORE, ClassMap
from .convert import AUTO, RECORD, convert_masks
from .pairs import Pair, find_pairs
from .recipes import RECIPES
from .summary import describe_conversion
from .survey import Survey, propose_rules, survey_masks

__all__ = [
    'AUTO', 'IGNORE', 'RECIPES', 'RECORD', 'ClassMap', 'Pair', 'Survey',
    'convert_masks', 'describe_conversion', 'find_information_band',
    'find_pairs', 'propose_rules', 'survey_masks'
]
