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

# Prints how many cores this process may use: those of its affinity, which a
# container's cpuset limits, and no more than the container's quota of time.
usable_cores() {
    local cores quota period
    # nproc obeys these two; macOS has no nproc
    cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc 2>/dev/null ||
        getconf _NPROCESSORS_ONLN)
    if read -r quota period 2>/dev/null < /sys/fs/cgroup/cpu.max &&
            [ "$quota" != max ]; then
        quota=$(((quota + period - 1) / period))
        [ "$quota" -ge "$cores" ] || cores=$quota
    fi
    echo "$cores"
}
