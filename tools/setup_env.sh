#!/usr/bin/env bash
# Make an environment that this package runs in; a second run does nothing.
#
#   bash tools/setup_env.sh [--ops | --onedl] [--torch TORCH/TORCHVISION]
#                           [--python PYTHON] [--venv DIR]
#
# Fills the active virtual environment (venv or conda), or makes DIR (.venv)
# with PYTHON (python3) if none is active or --venv names one. Versions come
# from tools/constraints.txt, one list that was tested together.
#
#   --ops     build the full mmcv with its operators (needs a C++ compiler and
#             6 to 14 minutes on two cores) instead of taking mmcv-lite; stops
#             if another torch than the one for it is installed already
#   --onedl   OneDL's forks of mmengine, mmcv, mmsegmentation and mmpretrain,
#             which are maintained, in the place of OpenMMLab's, which it
#             removes, mmdet too (for Mask2Former: onedl-mmdetection); an
#             environment that has them keeps them. pip install -e ".[EXTRA]"
#             brings OpenMMLab's back: run this again after it
#   --torch   another pair, such as 2.4.1/0.19.1; the two must match
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
constraints=$root/tools/constraints.txt
source "$root/tools/_env.sh" # for $active
venv='' python=python3 pair='' ops='' onedl=''
while [ $# -gt 0 ]; do
    case $1 in
    --ops) ops=1 && shift ;;
    --onedl) onedl=1 && shift ;;
    --torch | --python | --venv)
        [ $# -gt 1 ] || { echo "setup_env.sh: $1 needs a value" >&2; exit 2; }
        case $1 in
        --torch) pair=$2 ;;
        --python) python=$2 ;;
        --venv) venv=$2 ;;
        esac
        shift 2 ;;
    -h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit ;;
    *) echo "setup_env.sh: unknown option $1; see --help" >&2 && exit 2 ;;
    esac
done

if [ -n "$active" ] && [ -z "$venv" ]; then
    python=$active/bin/python
else
    venv=${venv:-$root/.venv}
    if [ ! -x "$venv/bin/python" ]; then
        "$python" -m venv "$venv" || {
            echo "setup_env.sh: $python cannot make a virtual environment." \
                 "On Debian and Ubuntu: apt-get install python3-venv" >&2
            exit 1
        }
    fi
    python=$venv/bin/python
fi

pip() { "$python" -m pip --disable-pip-version-check "$@"; }
installed() { "$python" -c "from importlib.metadata import version; \
print(version('$1'))" 2>/dev/null; }

if [ -n "$(installed onedl-mmengine)" ]; then
    onedl=1
fi
theirs=() # of OpenMMLab, which may have come with an extra meanwhile
if [ -n "$onedl" ]; then
    for name in mmengine mmcv mmcv-lite mmsegmentation mmpretrain mmdet; do
        if [ -n "$(installed $name)" ]; then theirs+=("$name"); fi
    done
fi
if [ -n "$ops" ] && [ -n "$onedl" ]; then
    echo "setup_env.sh: --ops builds OpenMMLab's mmcv, which has the same" \
         "files as OneDL's: name another environment by --venv DIR" >&2
    exit 1
fi

# What decides the result; unchanged since the last full run: nothing to do.
stamp=$("$python" -c 'import sys; print(sys.prefix)')/mmseg_ext.setup
wanted=$({ echo "$root ops=$ops onedl=$onedl pair=$pair"; cat "$constraints" \
    "$root/setup.py"; } | "$python" -c \
    'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && \
    [ ${#theirs[@]} -eq 0 ]; then
    exit 0
fi
rm -f "$stamp"

if [ -z "$pair" ] && [ -n "$ops" ]; then
    # mmcv 2.1.0 asks for C++17, the headers of torch >= 2.14 for C++20.
    pair=2.11.0/0.26.0
    have=$(installed torch) || have=''
    # A build such as 2.11.0+cu128 is that version, and stays.
    if [ -n "$have" ] && [ "${have%%+*}" != "${pair%/*}" ]; then
        vision=$(installed torchvision) || vision=TORCHVISION
        echo "setup_env.sh: torch $have is installed, and --ops would put" \
             "${pair%/*} from PyPI in its place, which may be one for another" \
             "GPU or for none; nothing was changed. To have it replaced:" \
             "--ops --torch $pair. To build against the one that is there" \
             "(below 2.14): --ops --torch $have/$vision" >&2
        exit 1
    fi
fi
pins=$(mktemp)
trap 'rm -f "$pins" "$pins.rest"' EXIT
# Building mmcv needs pkg_resources, which setuptools 82 removed.
grep -v -e '^torch' ${ops:+-e '^setuptools'} "$constraints" > "$pins"
if [ -n "$pair" ]; then
    printf 'torch==%s\ntorchvision==%s\n' "${pair%/*}" "${pair#*/}" >> "$pins"
elif have=$(installed torch) && vision=$(installed torchvision); then
    echo "Keeping torch $have and torchvision $vision, installed already."
    printf 'torch==%s\ntorchvision==%s\n' "$have" "$vision" >> "$pins"
elif have=$(installed torch); then
    echo "Keeping torch $have, installed already."
    printf 'torch==%s\n' "$have" >> "$pins"  # torchvision asks for its own
else
    grep '^torch' "$constraints" >> "$pins"
fi

echo "Setting up $("$python" -c 'import sys; print(sys.prefix)') ..."
pip install -c "$pins" torch torchvision "setuptools${ops:+<81}"
mmcv=mmcv-lite
if [ -n "$ops" ] || { [ -n "$(installed mmcv)" ] && \
                      [ -z "$(installed mmcv-lite)" ]; }; then
    mmcv=mmcv
fi
if [ $mmcv = mmcv ] && [ -z "$(installed mmcv)" ]; then
    if [ -n "$(installed mmcv-lite)" ]; then
        pip uninstall -y mmcv-lite  # both own the same files
    fi
    # Its setup.py imports torch, too, which an isolated build would not see.
    pip install -c "$pins" wheel ninja
    MMCV_WITH_OPS=1 pip install -c "$pins" --no-build-isolation \
        --no-binary mmcv mmcv==2.1.0
fi
if [ -n "$onedl" ]; then
    forks=(onedl-{mmengine,mmcv,mmsegmentation,mmpretrain})
    if [ ${#theirs[@]} -gt 0 ]; then
        # Both own the same files, which this removes: OneDL's come anew. And
        # mmdet refuses OneDL's mmcv.
        pip uninstall -y "${theirs[@]}"
        pip install -c "$pins" --no-deps --force-reinstall "${forks[@]}"
    fi
    pip install -c "$pins" "${forks[@]}"
    # It asks for OpenMMLab's by their names: all else that it needs, without.
    pip install --no-deps -e "$root"
    "$python" - >> "$pins.rest" <<'EOF'
from importlib.metadata import requires
from packaging.requirements import Requirement
for needed in map(Requirement, requires('mmseg_ext')):
    if not needed.name.startswith('mm') and (
            not needed.marker or needed.marker.evaluate(dict(extra='test'))):
        print(f'{needed.name}{needed.specifier}')
EOF
    pip install -c "$pins" -r "$pins.rest"
else
    pip install -c "$pins" -e "$root[$mmcv,mmpretrain,test]"
fi
"$python" - <<'EOF'
import mmcv, mmseg, torch
import mmseg_ext
print(f'mmseg_ext {mmseg_ext.__version__} is ready: torch {torch.__version__},'
      f' mmcv {mmcv.__version__}, mmsegmentation {mmseg.__version__}')
EOF
echo "$wanted" > "$stamp"
