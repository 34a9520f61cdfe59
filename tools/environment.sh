#!/usr/bin/env bash
# Make .venv with exactly what requirements.lock pins, and this project in it.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"

if [ -L .venv ]; then
  echo ".venv is a link to another folder's environment: that folder sees to it." >&2; exit 1
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or newer is needed; got $("$python" --version 2>&1). Say which with: make run PYTHON=python3.12" >&2; exit 1; }

if ! [ -x .venv/bin/pip ]; then
  rm -rf .venv
  if ! "$python" -m venv .venv >/dev/null 2>&1; then
    # Debian ships Python without its venv half
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
      rm -rf .venv; "$python" -m venv .venv
    else
      rm -rf .venv
      echo "This Python cannot make environments. Once, as administrator: apt-get install python3-venv. Then again." >&2; exit 1
    fi
  fi
fi

echo "Installing the pinned packages into .venv ..."
# uv first, checked against its own pinned hashes: it installs the rest in seconds where pip takes minutes
awk '/^uv==/ {on = 1} on {print} on && !/\\$/ {exit}' requirements.lock > .venv/uv.lock
if .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock \
   && VIRTUAL_ENV="$PWD/.venv" .venv/bin/uv pip sync --quiet --require-hashes --compile-bytecode requirements.lock; then
  :
else
  echo "uv could not reach the packages; pip tries (this takes some minutes)."
  .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
fi
VIRTUAL_ENV="$PWD/.venv" .venv/bin/uv pip install --quiet --no-deps --no-build-isolation --offline -e .
touch .venv/.complete
