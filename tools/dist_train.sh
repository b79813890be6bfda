#!/usr/bin/env bash
# Train in N processes: on N GPUs, or on the CPU (gloo) where there is none.
#
#   bash tools/dist_train.sh CONFIG N [options of tools/train.py]
#
# Several machines: start it on each, with NNODES, NODE_RANK (0, 1, ...),
# MASTER_ADDR (of rank 0) and PORT the same free port on all.
set -euo pipefail
case ${1:-} in
-h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit ;;
esac
[ $# -ge 2 ] || { echo "usage: $0 CONFIG N [options]" >&2; exit 2; }
tools=$(dirname "${BASH_SOURCE[0]}")
exec bash "$tools/_torchrun.sh" "$2" "$tools/train.py" "$1" "${@:3}"
