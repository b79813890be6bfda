# Sourced by the other scripts: finds the interpreter that setup_env.sh fills.
prefix=${VIRTUAL_ENV:-${CONDA_PREFIX:-}}
if [ -n "$prefix" ]; then
    python=$prefix/bin/python
elif [ -x "$(dirname "${BASH_SOURCE[0]}")/../.venv/bin/python" ]; then
    python=$(dirname "${BASH_SOURCE[0]}")/../.venv/bin/python
else
    python=python3
fi
# The stack below warns about itself at length; errors still come through.
export PYTHONWARNINGS=${PYTHONWARNINGS:-ignore}
