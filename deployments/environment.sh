#!/bin/sh
# Make .venv from requirements.lock: with uv when it is there, with venv and pip when it is not. The set is the same.
# Only interpreters that are installed are used (PYTHON=... names one). Nothing is done when .venv is up to date.
set -eu
cd "$(dirname "$0")/.."

lock="$(cksum <requirements.lock)"
made_from() { sed -n "$1p" .venv/made-from 2>/dev/null; }
if [ "$(made_from 1)" = "$lock" ] && [ "${PYTHON:-$(made_from 2)}" = "$(made_from 2)" ] &&
    .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if suits "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    if [ -z "${PYTHON:-}" ] && command -v uv >/dev/null; then
        uv python find --no-python-downloads '>=3.11,<3.14' 2>/dev/null
    fi
}

fail() {
    echo "setup: $1" >&2
    exit 1
}

broken() {
    rm -rf .venv
    fail "$1 could not install requirements.lock; its words are above, and no half of .venv was left behind"
}

with_uv() {
    uv venv --quiet --no-python-downloads --python "$python" .venv &&
        mkdir .venv/tmp && TMPDIR="$PWD/.venv/tmp" uv pip install --quiet --python .venv/bin/python --no-deps --require-hashes -r requirements.lock
}

with_pip() {
    words="$("$python" -m venv .venv 2>&1)" && made=yes || made=no
    if [ $made = yes ]; then
        pip=".venv/bin/python -m pip"
    elif rm -rf .venv && "$python" -m venv --without-pip .venv && "$python" -m pip --version >/dev/null 2>&1; then
        pip="$python -m pip --python .venv/bin/python" # Debian without python3-venv, but with python3-pip
    else
        rm -rf .venv
        fail "$python makes no environment ($(echo "$words" | head -n 1)): install uv, or Debian's python3-venv"
    fi
    PIP_USER=0 $pip install --quiet --no-input --disable-pip-version-check --no-compile \
        --no-deps --require-hashes -r requirements.lock || return 1
    .venv/bin/python -m pip uninstall --quiet --yes setuptools pip 2>/dev/null || true # as uv leaves it
}

python="$(find_python)" || true
[ -n "$python" ] || fail "no Python 3.11, 3.12 or 3.13 is installed${PYTHON:+ at $PYTHON}: install one, or name it with PYTHON=..."

echo "setup: .venv from requirements.lock, with $python"
rm -rf .venv
if command -v uv >/dev/null; then
    with_uv || broken uv
else
    with_pip || broken pip
fi
rm -rf .venv/tmp # what building from source left there
# Without bytecode every flow run pays two seconds of compiling; some environments forbid writing it later.
.venv/bin/python -m compileall -q -j 0 .venv/lib kootenay tasks flows gallery guard rig demo deployments \
    >/dev/null 2>&1 || true
printf '%s\n%s\n' "$lock" "${PYTHON:-}" >.venv/made-from
