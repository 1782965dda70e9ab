#!/bin/sh
# gphoto2's --hook-script: every photo it downloads goes into the spool. See guard/hook.py.
[ "${ACTION:-}" = download ] || exit 0
case "$ARGUMENT" in /*) ;; *) export ARGUMENT="$PWD/$ARGUMENT" ;; esac
cd "$(dirname "$0")/.." && exec .venv/bin/python -m guard hook
