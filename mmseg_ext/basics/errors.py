"""From an exception to the sentence that tells a user what to put right."""
import errno
import os
import re
import sys
from difflib import get_close_matches
from typing import Optional

from .arguments import arguments_of

# Of these the message is made for people, whoever raises them.
_MENDABLE = (OSError, ValueError, ImportError)
# What these say of a value is written for whoever gave it.
_OURS = ('mmseg_ext', 'mmengine', 'mmseg', 'mmcv', 'mmdet', 'mmpretrain')
# What these raise is about a config that somebody has written.
_READ_CONFIGS = ('mmengine.config', 'mmengine.registry')
# No room for what is written.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# In code of ours these are mistakes of ours, the traceback is what helps.
_MISTAKES = (ArithmeticError, AssertionError, AttributeError, LookupError,
             NameError, TypeError)
# What Python says of an argument that a class has not, or lacks.
_UNFIT_ARGUMENT = re.compile(
    r'\S+\(\) (got an unexpected keyword argument|missing \d+ required)')
_UNKNOWN_ARGUMENT = re.compile(
    r"(?:([\w.]+)\.)?\w+\(\) got an unexpected keyword argument '(\w+)'")
# What torch says where batch normalisation meets one value for each channel:
# a map that was pooled to 1 x 1, of a single image.
_SINGLE_VALUE = 'Expected more than 1 value per channel when training'
_UNKNOWN_NAME = re.compile(r'(\S+) is not in the (\S+) registry\. ')


def user_sentence(error: BaseException) -> Optional[str]:
    """Return what an exception tells a user, or None if nothing.

    What torch and mmengine put around a message is taken off it: the
    traceback of a loading process, a repeated cause, the quotation marks of
    a KeyError, the advice to read about registries.

    Args:
        error: As it was caught, with its traceback.

    Returns:
        One or more sentences without a traceback; None where the cause is
        likely in the code, and its traceback is needed.
    """
    chain = _same_message(error)
    if any(is_out_of_memory(link) for link in chain):
        return ('There is not enough memory'
                + (f' ({str(error).split(". ")[0]})' if str(error) else '')
                + '. Smaller batches, crops or tiles need less.')
    message = _without_worker(_message(chain[-1]))
    if message.startswith(_SINGLE_VALUE):
        return ('This network pools a map to one value for each channel, and '
                'cannot normalise that over a batch of a single image: train '
                'with train_dataloader.batch_size=2 or more, and with '
                'train_dataloader.drop_last=True where an epoch ends in a '
                'rest of one (--cfg-options sets both).')
    unknown = _UNKNOWN_NAME.match(message)
    if unknown:
        return _unknown_name(*unknown.groups())
    unknown = _UNKNOWN_ARGUMENT.match(message)
    if unknown and isinstance(chain[-1], TypeError):
        message = _unknown_argument(chain[-1], *unknown.groups()) or message
    if any(_is_mendable(link) for link in chain):
        text = message or type(error).__name__
        own = _message(chain[-1]) == message  # else of a loading process
        return text + _where(chain[-1]) * own
    return None


def _where(error: BaseException) -> str:
    """Say where a library has raised what it says of no file of the user."""
    trace, places = error.__traceback__, _places(error)
    if (not isinstance(error, ValueError) or trace is None
            or places[-1].split('.')[0] in (*_OURS, 'argparse')):
        return ''
    while trace.tb_next is not None:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename
    if not file.startswith((sys.prefix, sys.base_prefix)):
        return ''  # code of the user's own
    return (f' ({os.path.basename(file)}:{trace.tb_lineno}; --traceback '
            'shows more)')


def _is_mendable(error: BaseException) -> bool:
    places = _places(error)
    if isinstance(error, TypeError) and _UNFIT_ARGUMENT.match(str(error)):
        # a call that the config has caused, not one of the code's own
        return any(place.startswith('mmengine.registry') for place in places)
    place = places[-1] if places else ''
    return (isinstance(error, _MENDABLE) or place.startswith(_READ_CONFIGS)
            or (_is_ours(error) and isinstance(error, Exception)
                and not isinstance(error, _MISTAKES)))


def _message(error: BaseException) -> str:
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])  # str() would be its repr()
    if isinstance(error, OSError) and error.strerror:
        return _of_files(error)
    return str(error)


def _of_files(error: OSError) -> str:
    """Say what the operating system says, and of which file."""
    file = error.filename
    place = '' if file is None else f'{os.fsdecode(file)}: '
    if error.errno in _FULL:
        return (f'{place}{error.strerror}. What was begun is not written; '
                'make room, or name another place.')
    if isinstance(error, FileExistsError) and place and os.path.isfile(file):
        return f'{os.fsdecode(file)} is a file; name a folder.'
    return f'{place}{error.strerror}' if place else str(error)


def _same_message(error: BaseException) -> list[BaseException]:
    """Return an exception and its causes while its message ends with theirs.

    So it is where a wrapper has put something before the message, or only
    changed the type. What this package puts before one is a file's name.
    """
    chain = [error]
    while not _is_ours(error):
        inner = error.__cause__ or error.__context__
        if (inner is None or not _message(inner) or inner in chain
                or not _message(error).endswith(_message(inner))):
            return chain
        chain.append(inner)
        error = inner
    return chain


def _is_ours(error: BaseException) -> bool:
    """Tell whether an exception was raised in this package."""
    return [place.split('.')[0] for place in _places(error)[-1:]] == [
        'mmseg_ext']


def _without_worker(message: str) -> str:
    """Return the message that torch has wrapped in a worker's traceback."""
    caught = re.match(r'Caught (\w+) in DataLoader worker process', message)
    if not caught:
        return message
    # After the last traceback: 'some.module.Error: the message'.
    *_, last = re.split(r'^Traceback \(most recent call last\):\n', message,
                        flags=re.MULTILINE)
    original = re.search(rf'^(?:\S+\.)?{caught[1]}: (.*)\Z', last,
                         re.MULTILINE | re.DOTALL)
    return original[1].strip() if original else message


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception says that memory is lacking."""
    # torch's own may not be imported here; on a CPU it has none
    return (isinstance(error, MemoryError)
            or 'DefaultCPUAllocator' in str(error)
            or (type(error).__name__ == 'OutOfMemoryError'
                and type(error).__module__.startswith('torch')))


def _places(error: BaseException) -> list[str]:
    """Return the modules that an exception came through, its own last."""
    trace, names = error.__traceback__, []
    while trace is not None:
        names.append(trace.tb_frame.f_globals.get('__name__', ''))
        trace = trace.tb_next
    return names


def _unknown_name(name: str, registry: str) -> str:
    kind = registry.split('::')[-1]
    close = get_close_matches(name, _registered(kind), n=3)
    advice = (f'Did you mean {" or ".join(close)}?' if close else
              'If it is a class of your own, name its module in the '
              "config's custom_imports.")
    return f'The config asks for the {kind} {name!r}; there is none. {advice}'


def _unknown_argument(error: BaseException, refusing: Optional[str],
                      name: str) -> Optional[str]:
    """Say which class of a config does not take an argument of its section.

    Args:
        error: What Python raised.
        refusing: Class that refused it: that of the section, one of its
            bases, or one to which it hands its arguments on.
        name: The argument.

    Returns:
        None if no config has it.
    """
    trace, built, last = error.__traceback__, None, None
    while trace is not None:
        last = trace.tb_frame
        if (last.f_globals.get('__name__', '').startswith('mmengine.registry')
                and name in (last.f_locals.get('args') or ())):
            built = last.f_locals.get('obj_cls') or built
        trace = trace.tb_next
    if built is None:
        return None
    other = {**last.f_globals, **last.f_locals}.get(refusing)
    taken = {*arguments_of(built),
             *(arguments_of(other) if isinstance(other, type) else ())}
    near = get_close_matches(name, taken, n=1)
    return f'{built.__name__} takes no argument {name!r}. ' + (
        f'Did you mean {near[0]}?' if near else
        f'It takes {", ".join(sorted(taken))}.')


def _registered(kind: str) -> set[str]:
    """Return the names in mmengine's registry of a kind, mmseg's included."""
    module = sys.modules.get('mmengine.registry')
    names: set[str] = set()
    for root in vars(module).values() if module else ():
        if getattr(root, 'name', None) == kind and hasattr(root, 'children'):
            for registry in (root, *root.children.values()):
                names.update(registry.module_dict)
    return names
