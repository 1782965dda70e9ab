"""Quarantine: a folder of photos that could not be taken in, each with the reason beside it. None is replaced."""

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

from kootenay.adapters.files import copy_whole, sync_folder, write_whole
from kootenay.rules.readiness import split

LONGEST_STEM = 200
"""In bytes: `.reason.txt`, a number and the marks of a file being written fit behind it in a name (255 on Linux)."""


def set_aside(folder: Path, names: Iterable[str], reason: str, bring: Callable[[str, Path], None]) -> None:
    """Put files of one stem into the quarantine, each brought there by `bring(name, path)`, the reason first.

    A stem that another misfit has there already gets a number. A file that is gone (FileNotFoundError) is left out.
    """
    names = list(names)
    trunk, _, file = names[0].rpartition("/")
    folder = folder / trunk
    folder.mkdir(parents=True, exist_ok=True)
    stem = _free_stem(folder, _short(split(file)[0]))
    write_whole(folder / f"{stem}.reason.txt", f"{reason}\n".encode(errors="backslashreplace"))
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            bring(name, folder / (stem + split(name)[1]))
    sync_folder(folder)


def move_over_nothing(source: Path, target: Path) -> None:
    """Rename, or on another file system copy durably and then delete."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_whole(source, target)
        source.unlink()


def _free_stem(folder: Path, stem: str) -> str:
    """A reason alone is a move that was cut short: its place is free."""
    taken = os.listdir(folder)  # noqa: PTH208 (names, not paths: there may be many)
    for number in count(2):
        if not any(name.startswith(f"{stem}.") and name != f"{stem}.reason.txt" for name in taken):
            break
        stem = f"{stem.rpartition('~')[0] if number > 2 else stem}~{number}"
    return stem


def _short(stem: str) -> str:
    content = os.fsencode(stem)
    if len(content) <= LONGEST_STEM:
        return stem
    return f"{stem[:40]}~{hashlib.sha256(content).hexdigest()[:12]}"
