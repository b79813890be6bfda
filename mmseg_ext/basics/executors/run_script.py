"""A script in a process that ends with who started it.

    python -m mmseg_ext.basics.executors.run_script FILE ARGUMENTS

For a :class:`.Command`.
"""
import runpy
import sys

from .command import end_with_parent

if __name__ == '__main__':
    end_with_parent()
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name='__main__')
