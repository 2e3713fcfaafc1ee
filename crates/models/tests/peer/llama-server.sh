#!/usr/bin/env bash
# llama-server.sh VENV MODEL.gguf: serve.py in a Python environment of its own, made at the first
# call. It is made beside and renamed, so a broken installation is never taken for a whole one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=$1 wheel=xllamacpp==2026.10.11549
if [ ! -x "$venv/bin/python" ]; then
    mkdir -p "$(dirname "$venv")"
    rm -rf "$venv.new"
    python3 -m venv "$venv.new" >&2
    "$venv.new/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel" >&2
    mv "$venv.new" "$venv"
fi
exec "$venv/bin/python" "$here/serve.py" "$2"
