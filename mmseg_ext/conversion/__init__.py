"""Turn masks of any encoding into the layout that SEMDataset reads."""
from mmseg_ext.basics.information_band import find_information_band

from .class_map import ClassMap
from .class_rules import IGNORE
from .convert import AUTO, RECORD, convert_masks, read_rules
from .domains import write_domains
from .label_map import LabelMap
from .pairs import Pair, find_pairs
from .recipes import RECIPES, complete_options
from .summary import describe_conversion
from .survey import Survey, propose_rules, survey_masks

__all__ = [
    'AUTO', 'IGNORE', 'RECIPES', 'RECORD', 'ClassMap', 'LabelMap', 'Pair',
    'Survey', 'complete_options', 'convert_masks',
    'describe_conversion', 'find_information_band', 'find_pairs',
    'propose_rules', 'read_rules', 'survey_masks', 'write_domains'
]
