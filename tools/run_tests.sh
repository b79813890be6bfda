#!/usr/bin/env bash
# Set up, check the style and run the tests; options go to pytest.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup_env.sh
source tools/_env.sh
"$python" -m ruff check .
"$python" -m pytest "$@"
