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
# The functions are named by the Makefile.
read -ra packages <<< "${PACKAGES:?run by make bench}"
# For the processors that cargo-lambda compiles functions for, so that the command runs the engine that is deployed, and for
# the same target, so that both are made of the same libraries.
host=$(rustc -vV | sed -n 's/^host: //p')
case $host in
  x86_64-*) export RUSTFLAGS="-C target-cpu=haswell" ;;
  aarch64-*) export RUSTFLAGS="-C target-cpu=neoverse-n1" ;;
esac
export CARGO_BUILD_TARGET=$host
# Together: each alone would ask its libraries for other features and compile them anew.
cargo build --release -p sluice -p sluice-tabular -p sluice-privacy --bin sluice --example scan --example mask
cargo lambda build --release "${packages[@]/#/--package=}"
exec "$peers/bin/python" tests/bench/run.py "$@"
