"""A small disk of one's own, which another program fills: a real file system that the kernel says is full."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")

BLOCK = 4096


@contextlib.contextmanager
def mounted(kind: str, folder: Path) -> Iterator[Path]:
    """Lend an empty file system of 4 MB: `tmpfs`, or `ext4` on a loop device."""
    disk = folder / "disk"
    disk.mkdir()
    if kind == "tmpfs":
        command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]
    else:
        image = folder / "image"
        with image.open("wb") as file:
            file.truncate(6 << 20)
        made = ["mkfs.ext4", "-q", "-b", str(BLOCK), "-m", "0", "-O", "^has_journal", image]
        subprocess.run(made, check=True, capture_output=True)
        command = ["mount", "-o", "loop", image, disk]
    subprocess.run(command, check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def fill(disk: Path) -> Path:
    """Take all that a disk has left, to the last byte; return the file that has it."""
    filler = disk / "filler"
    size = 1 << 20
    with filler.open("ab", buffering=0) as file:
        while size:
            try:
                size = size if file.write(os.urandom(size)) == size else size // 2
            except OSError:
                size //= 2
        os.fsync(file.fileno())
    return filler


def leave(filler: Path, blocks: int) -> None:
    """Give so many blocks of a full disk back."""
    os.truncate(filler, (filler.stat().st_size // BLOCK - blocks) * BLOCK)
