#!/usr/bin/env bash
# llama-server.sh VENV MODEL.gguf: serve.py with llama.cpp's own server.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/in-venv.sh" "$1" xllamacpp==2026.10.11549 "$here/serve.py" "$2"
