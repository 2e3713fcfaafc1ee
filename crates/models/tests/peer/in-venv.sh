#!/usr/bin/env bash
# in-venv.sh VENV REQUIREMENT SCRIPT ARGUMENT...: runs a script in a Python environment of its own, made at the
# first call. It is made beside and renamed, so a broken installation is never taken for a whole one.
set -euo pipefail
venv=$1 requirement=$2
shift 2
if [ ! -x "$venv/bin/python" ]; then
    mkdir -p "$(dirname "$venv")"
    rm -rf "$venv.new"
    python3 -m venv "$venv.new" >&2
    "$venv.new/bin/python" -m pip install --quiet --disable-pip-version-check "$requirement" >&2
    mv "$venv.new" "$venv"
fi
exec "$venv/bin/python" "$@"
