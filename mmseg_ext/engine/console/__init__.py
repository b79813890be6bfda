"""What our own commands show of a run; the log file has all of it."""
from .cited_config import cite_config
from .quiet_runner import QuietRunner, QuietTestRunner
from .run_facts import last_checkpoint, short_path
from .testing_hook import TestingConsoleHook
from .training_hook import TrainingConsoleHook

__all__ = [
    'QuietRunner', 'QuietTestRunner', 'TestingConsoleHook',
    'TrainingConsoleHook', 'cite_config', 'last_checkpoint', 'short_path'
]
