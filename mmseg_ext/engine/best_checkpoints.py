"""Which checkpoints of a training are the best so far."""
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner


def best_checkpoints(runner: Runner) -> dict[str, str]:
    """Return the best checkpoint so far of each metric that decides it."""
    found = {}
    for hook in runner.hooks:
        if not isinstance(hook, CheckpointHook) or not hook.save_best:
            continue
        # mmengine keeps one metric's path, or a dict of several metrics'
        paths = getattr(hook, 'best_ckpt_path_dict', None)
        if paths is None:
            paths = {hook.key_indicators[0]: hook.best_ckpt_path}
        found.update({name: path for name, path in paths.items() if path})
    return found
