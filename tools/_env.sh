# Sourced by the other scripts: finds the environment and its interpreter.

# The active environment; conda's base does not count, it is no project's.
active=${VIRTUAL_ENV:-}
if [ -z "$active" ] && [ "${CONDA_DEFAULT_ENV:-base}" != base ]; then
    active=${CONDA_PREFIX:-}
fi
if [ -n "${MMSEG_EXT_PYTHON:-}" ]; then
    python=$MMSEG_EXT_PYTHON # mmseg-ext's own
elif [ -n "$active" ]; then
    python=$active/bin/python
elif [ -x "$(dirname "${BASH_SOURCE[0]}")/../.venv/bin/python" ]; then
    python=$(dirname "${BASH_SOURCE[0]}")/../.venv/bin/python
else
    python=python3
fi
# The stack below warns about itself at length; errors still come through.
export PYTHONWARNINGS=${PYTHONWARNINGS:-ignore}
