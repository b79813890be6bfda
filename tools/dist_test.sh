#!/usr/bin/env bash
# Test in N processes: on N GPUs, or on the CPU (gloo) where there is none.
#
#   bash tools/dist_test.sh CONFIG CHECKPOINT N [options of tools/test.py]
#
# Several machines: as in dist_train.sh.
set -euo pipefail
case ${1:-} in
-h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit ;;
esac
[ $# -ge 3 ] || { echo "usage: $0 CONFIG CHECKPOINT N [options]" >&2; exit 2; }
tools=$(dirname "${BASH_SOURCE[0]}")
exec bash "$tools/_torchrun.sh" "$3" "$tools/test.py" "$1" "$2" "${@:4}"
