"""Say what was seen, what was decided and why, and what to do next."""
import os.path as osp
import textwrap

from mmseg_ext.basics.command_line import command_for, quote_command
from mmseg_ext.basics.listing import name_some
from mmseg_ext.basics.printable import counted
from mmseg_ext.engine.pretrain_command import pretrain_command

from .choices import value_of
from .plan import Plan

WIDTH = 79
INDENT = 13


def describe_plan(plan: Plan) -> str:
    """Word a plan: a line for each choice, and the next commands."""
    lines = []
    for choice in plan.choices:
        text = f'{_word(choice.value)}: {choice.reason}'
        lines += textwrap.wrap(
            text, WIDTH, initial_indent=f'{choice.name:{INDENT}}',
            subsequent_indent=' ' * INDENT, break_long_words=False,
            break_on_hyphens=False)
    return '\n'.join([*lines, *_left_out(plan), '', *_next(plan)])


def _word(value) -> str:
    if isinstance(value, dict):
        return ', '.join(f'{key} {item}' for key, item in value.items())
    if isinstance(value, tuple):
        return ', '.join(map(str, value))
    return str(value)


def _left_out(plan: Plan) -> list[str]:
    """Name what is in the folder and has no part in the plan."""
    source, lines = plan.source, []
    if source.without_mask:
        lines.append('Left out, without a mask: '
                     f'{counted(len(source.without_mask), "image")} '
                     f'({name_some(source.without_mask)})')
    if source.unlisted:
        lines.append('Left out, in no list: '
                     f'{counted(len(source.unlisted), "image")} '
                     f'({name_some(source.unlisted)})')
    return lines


def _next(plan: Plan) -> list[str]:
    config = str(plan.config)
    work_dir = osp.splitext(config)[0]
    # which step is best shows in training; the shell fills the * in
    best = quote_command([work_dir]) + '/best_mIoU_iter_*.pth'
    predicted = osp.join(work_dir, 'predictions')
    part = 'test' if plan.test else 'val'
    # of what lies below a mask a prediction knows nothing
    cut = '--crop-bottom auto ' * (
        value_of(plan.choices, 'info_band') == 'mask')
    before = [f'  {pretrain_command(config, plan.pretraining)}'] if (
        plan.pretraining) else []
    return [
        f'Wrote {config}, with the reasons. '
        f'{"Pretrain its encoder, train" if before else "Train"} by it, judge '
        f'it on the {part} part, use it:',
        *before,
        f'  {command_for("train")} {quote_command([config])}',
        f'  {command_for("test")} {quote_command([config])} {best}',
        f'  {command_for("predict")} {quote_command([plan.images])} --config '
        f'{quote_command([config])} --checkpoint {best} {cut}--out '
        f'{quote_command([predicted])}',
    ]
