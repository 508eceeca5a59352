#!/usr/bin/env bash
# Builds what is measured, installs the peers, prints the table.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
peers=$root/.sluice/peers
if [ ! -f "$peers/.done" ] || [ "$root/tests/bench/requirements.txt" -nt "$peers/.done" ]; then
  python3 -m venv "$peers"
  "$peers/bin/pip" install --quiet --disable-pip-version-check -r "$root/tests/bench/requirements.txt"
  touch "$peers/.done"
fi
cd "$root"
cargo build --release -p sluice
cargo lambda build --release -p seal -p quality -p pseudonymize -p sweep -p reidentify
exec "$peers/bin/python" tests/bench/run.py "$@"
