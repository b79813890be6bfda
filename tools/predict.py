#!/usr/bin/env python
"""Segment images without masks, and measure their phases.

    python tools/predict.py SCANS --config CONFIG --checkpoint FILE --out OUT
    python tools/predict.py 'scans/*.tif' --onnx model.onnx --out OUT

OUT gets class ids (masks), colours (colour_masks, overlays), phases.csv,
phases_summary.csv (ASTM E562, E1245), phases.png, features.csv and run.json;
where the size of a pixel is known, by headers, side files or --um-per-pixel,
also areas and features_summary.csv. Interrupted or run again, it goes on where
it was. --onnx needs no MMSegmentation.
"""
import argparse
from pathlib import Path

from mmseg_ext.basics.argument_types import number
from mmseg_ext.basics.command_line import (
    add_machine_options,
    add_measuring_options,
    add_reading_options,
    config_name,
    new_parser,
    run,
)
from mmseg_ext.basics.console import Console
from mmseg_ext.basics.executors import add_scheduler_option, open_executor
from mmseg_ext.basics.printable import counted
from mmseg_ext.basics.processor import own_cores


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument(
        'input', nargs='+', help='images, folders (with all in them) or '
        "patterns in quotation marks, such as 'scans/**/*.tif'")
    parser.add_argument('--config', help='config file of the model')
    parser.add_argument('--checkpoint', help='its weights')
    parser.add_argument(
        '--onnx', help='file of tools/export.py, in place of these two')
    parser.add_argument(
        '--folds', type=Path, metavar='DIR', help='folder of '
        'tools/cross_validate.py, in place of these two: the mean of the '
        'probabilities of all its models')
    parser.add_argument(
        '--tta', choices=('none', 'flips'), default='none', help='flips: '
        'average over mirror images, four times the work')
    parser.add_argument(
        '--out', type=Path, required=True, help='folder of the results')
    add_machine_options(parser)
    add_reading_options(parser)
    add_measuring_options(parser)
    parser.add_argument(
        '--grain-size', metavar='PHASE', help='grain size of a phase after '
        'ASTM E112, by planimetric count and by intercepts')
    parser.add_argument(
        '--split-touching', action='store_true', help='separate grains and '
        'particles that touch, by watershed: those of the phase of '
        '--grain-size, or of all phases; needs scikit-image')
    parser.add_argument(
        '--tile', type=number(int, low=0), metavar='PIXELS', help='cut '
        'images into tiles of this side, 0: never; default: the windows of '
        'the config or 1024, for images of more than 2**21 pixels that the '
        'config does not scale')
    parser.add_argument(
        '--overlap', type=number(int, low=0), metavar='PIXELS',
        help='how far neighbouring tiles overlap; default: an eighth of '
        '--tile')
    parser.add_argument(
        '--batch', type=number(int, low=1), default=1,
        help='tiles that are predicted at once (default: %(default)s)')
    parser.add_argument(
        '--report', action='store_true', help='also write report.html: all '
        'in one file, to mail')
    parser.add_argument(
        '--validation', type=Path, metavar='DIR', help='with --report: '
        'folder of tools/cross_validate.py of this model; its errors are '
        'part of the uncertainty, and its bias is shown')
    correct = parser.add_mutually_exclusive_group()
    for kind, what in (
            ('bias', 'take the bias off the fractions'),
            ('confusion', 'correct fractions by the confusion matrix')):
        correct.add_argument(
            f'--correct-{kind}', dest='correct', action='store_const',
            const=kind, default='none', help=f'with --validation: {what}')
    parser.add_argument(
        '--base-phase', metavar='PHASE', help='phase that overlays leave '
        'uncoloured; default: the background, or else the largest phase of '
        'the first image')
    parser.add_argument(
        '--probabilities', action='store_true', help='also write the '
        'probability of every class as TIFF stacks for ImageJ, and the '
        'entropy, how unsure the model is, as pictures')
    parser.add_argument(
        '--annotate-masks', action='store_true', help='legend and scale bar '
        'below colour masks, as below overlays')
    several = parser.add_mutually_exclusive_group()
    several.add_argument(
        '--processes', type=number(int, low=1), default=1, metavar='N',
        help='so many of this machine predict parts of the images at once; '
        'each loads the model, on a GPU too, and has --threads, or its '
        'share of the cores (default: %(default)s)')
    add_scheduler_option(several, 'parts of the images at once')
    parser.add_argument(
        '--overwrite', action='store_true', help='predict all anew')
    args = parser.parse_args()
    if sum(given is not None for given in (
            args.onnx, args.config, args.folds)) != 1 or (
                args.config is None) != (args.checkpoint is None):
        parser.error('give --config and --checkpoint, or --onnx, or --folds')
    if args.overlap is not None and not args.tile:
        parser.error('--overlap goes with --tile')
    if args.validation is not None and not args.report:
        parser.error('--validation goes with --report')
    if args.correct != 'none' and args.validation is None:
        parser.error(f'--correct-{args.correct} goes with --validation')
    if args.config is not None:
        config_name(args.config)
    return args


def model_files(args: argparse.Namespace):
    from mmseg_ext.inference import ModelFiles

    folds = None if args.folds is None else str(args.folds)
    threads = args.threads
    if args.processes > 1:
        threads = threads or max(1, len(own_cores()) // args.processes)
    return ModelFiles(args.config, args.checkpoint, args.onnx, folds,
                      args.tta, args.device, threads, args.batch)


def main() -> int:
    args = parse_args()
    from mmseg_ext.inference import Parts, PredictionJob, Tiling, list_inputs
    from mmseg_ext.inference.phases import check_phase, named_phases

    inputs = list_inputs(args.input, args.out)
    named = {option: getattr(args, option)
             for option in ('grain_size', 'base_phase')
             if getattr(args, option) is not None}
    if named and args.config:  # what is known before the model
        phases = named_phases(args.config)
        for option, phase in named.items() if phases else ():
            check_phase(phase, phases, option)
    tiling = None
    if args.tile:
        overlap = args.tile // 8 if args.overlap is None else args.overlap
        tiling = Tiling((args.tile, ) * 2, (overlap, ) * 2, args.batch)
    files = model_files(args)
    model = files.load()
    validation = None
    if args.validation is not None:
        from mmseg_ext.inference import Validation
        validation = Validation.read(
            args.validation, model.classes, args.correct)
    console = Console()
    try:
        with open_executor(args.scheduler, console.print,
                           args.processes) as executor:
            job = PredictionJob(
                model, inputs, args.out, tiling=tiling, whole=args.tile == 0,
                bit_depth=args.bit_depth, crop_bottom=args.crop_bottom,
                um_per_pixel=args.um_per_pixel, min_area=args.min_area,
                grain_size=args.grain_size,
                split_touching=args.split_touching, validation=validation,
                base_phase=args.base_phase, probabilities=args.probabilities,
                annotate_masks=args.annotate_masks,
                parts=Parts(executor, files, console.print) if (
                    args.scheduler or args.processes > 1) else None)
            outcome = job.run(args.overwrite, console.tell, args.report)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            'Interrupted; the same command goes on from here.') from None
    console.clear()
    print(f'{counted(len(inputs.images), "image")}, {outcome.before} of them '
          f'predicted before.\n{outcome.describe()}')
    print(f'Wrote all to {args.out}')
    return int(bool(outcome.record.failures))


if __name__ == '__main__':
    run(main)
