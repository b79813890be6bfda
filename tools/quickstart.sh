#!/usr/bin/env bash
# From a fresh checkout to a trained and tested model, on a CPU if need be:
# set up, write synthetic micrographs, train, test, draw. Interrupted or run
# again, it goes on where it was. Results: work_dirs/quickstart.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup_env.sh
source tools/_env.sh
config=configs/sem/segformer_xattn_quickstart.py
out=work_dirs/quickstart

[ -d $out/data/masks ] || "$python" tools/make_sample.py sem $out/data
"$python" tools/train.py $config --data-root $out/data --work-dir $out --resume
"$python" tools/test.py $config "$(cat $out/last_checkpoint)" \
    --data-root $out/data --work-dir $out
echo "Pictures (image | ground truth | prediction): $out/panels"
