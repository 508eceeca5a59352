#!/usr/bin/env bash
# Prints a Python of at least 3.13, which LocalStack needs: PYTHON313, then PATH, then pyenv.
set -eu
candidates=("${PYTHON313:-}" python3.14 python3.13 python3)
for version in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[3-9]*; do candidates+=("$version/bin/python"); done
for candidate in "${candidates[@]}"; do
  [ -n "$candidate" ] || continue
  found=$(command -v "$candidate") || continue
  # The real interpreter: a version manager's shim may name one that the current directory does not select.
  if real=$("$found" -c 'import sys; print(sys.executable); sys.exit(sys.version_info < (3, 13))' 2>/dev/null); then
    echo "$real"
    exit 0
  fi
done
echo "LocalStack needs Python 3.13 or newer and none was found; install one and set PYTHON313=/path/to/python" >&2
exit 1
