"""Where jobs are done: on this machine, or by the workers of a cluster."""
from .command import Command, end_with_parent
from .executor import Ended, Executor, Job, add_scheduler_option, open_executor
from .local import LocalExecutor

__all__ = [
    'Command', 'Ended', 'Executor', 'Job', 'LocalExecutor',
    'add_scheduler_option', 'end_with_parent', 'open_executor'
]
