"""All processes of a test write its metrics, at once, into one file.

``LoggerHook.after_test_epoch`` writes ``<timestamp>.json`` in every process,
where all else is written by the first alone. Two that open it at about the
same time leave the end of the longer text behind the shorter one: no JSON.
Only the first process writes it here.
"""
from functools import wraps
from types import ModuleType


def patch_logger_hook(module: ModuleType) -> None:
    """Let one process write.

    Args:
        module: ``mmengine.hooks.logger_hook``, which calls its ``dump`` for
            these metrics alone.
    """
    from mmengine.dist import is_main_process  # upstream's, there by now

    dump = module.dump

    @wraps(dump)
    def dump_once(*args, **kwargs):
        return dump(*args, **kwargs) if is_main_process() else None

    module.dump = dump_once
