#!/usr/bin/env bash
# Run a tool in several processes: _torchrun.sh N SCRIPT [options]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_env.sh"
processes=$1 && shift
case $processes in
'' | *[!0-9]* | 0)
    echo "$processes is no number of processes" >&2 && exit 2 ;;
esac
"$python" -c 'import mmseg_ext; from importlib.util import find_spec
assert find_spec("torch")' 2> /dev/null || {
    echo "$python has no mmseg_ext. Run tools/setup_env.sh first, or activate" \
        "the environment that it is installed in." >&2
    exit 1
}
if [ "${NNODES:-1}" = 1 ] && [ -z "${PORT:-}" ]; then
    # torchrun finds a free port, so that two runs do not collide.
    where=(--standalone)
else
    where=(--nnodes "${NNODES:-1}" --node_rank "${NODE_RANK:-0}"
        --master_addr "${MASTER_ADDR:-127.0.0.1}"
        --master_port "${PORT:-29500}")
fi
# torchrun gives each of several processes one thread. Without a GPU they do
# the work themselves, and share the cores that the container lets them use.
if [ -z "${OMP_NUM_THREADS:-}" ] && [ "$processes" -gt 1 ] &&
        ! command -v nvidia-smi > /dev/null; then
    threads=$(($(usable_cores) / processes))
    export OMP_NUM_THREADS=$((threads > 1 ? threads : 1))
fi
exec "$python" "$(dirname "${BASH_SOURCE[0]}")/_torchrun.py" "${where[@]}" \
    --nproc_per_node "$processes" "$@" --launcher pytorch
