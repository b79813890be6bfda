"""Masks without drawing: where a classifier looks, and what lies there.

A class activation map (``grad_cam``) gives points (``find_points``), a
segmenter candidate masks at the points, ``select_mask`` one of them, and
``mask_quality`` how far it is to be trusted. Every piece stands alone;
``ImageLabeler`` joins them for an image, ``LabelingJob`` for a folder.

``PhaseLabelingJob`` does the like with a segmentor of phases: it writes what
is predicted as polygons, those of the most undecided images first, and reads
back what a person has made of them.

``PseudoLabelJob`` asks no person: it writes what a segmentor is sure of as
masks, and a config that trains on them, too.
"""
from .contrast_segmenter import ContrastSegmenter
from .grabcut_segmenter import GrabCutSegmenter
from .grad_cam import grad_cam, upsample_cam
from .job import SEGMENTERS, LabelingJob
from .labeler import ImageLabeler, Proposal
from .phase_job import PhaseLabelingJob, predicts_phases
from .phase_shapes import shapes_to_ids
from .points import Point, find_points, snap_points
from .pseudo_label_job import PseudoLabelJob
from .quality import cam_agreement, mask_quality, stability
from .random_walker_segmenter import RandomWalkerSegmenter
from .sam2_segmenter import Sam2Segmenter, Sam3Segmenter
from .segmenter import Candidate, PromptSegmenter
from .selection import Selection, keep_near, select_mask

__all__ = [
    'SEGMENTERS', 'Candidate', 'ContrastSegmenter', 'GrabCutSegmenter',
    'ImageLabeler', 'LabelingJob', 'PhaseLabelingJob', 'Point',
    'PromptSegmenter', 'Proposal', 'PseudoLabelJob', 'RandomWalkerSegmenter',
    'Sam2Segmenter', 'Sam3Segmenter', 'Selection', 'cam_agreement',
    'find_points', 'grad_cam', 'keep_near', 'mask_quality', 'predicts_phases',
    'select_mask', 'shapes_to_ids', 'snap_points', 'stability',
    'upsample_cam'
]
