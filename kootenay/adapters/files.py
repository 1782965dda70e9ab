"""Files that are whole or not there: hash, durable write, rename, and a lock that dies with its holder."""

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

POLL_SECONDS = 0.02
CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """Given a file, return the hex SHA-256 of its bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a power cut, finds all of it or none of it."""
    place_whole(path, content)
    sync_folder(path.parent)


def place_whole(path: Path, content: bytes) -> None:
    """As `write_whole`, except that a power cut may leave none of it until `sync_folder`: once for many files."""
    make_folder(path.parent)
    part = part_of(path)
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk gets its space back
        raise


def copy_whole(source: Path, target: Path, sha256: str = "") -> None:
    """Copy a file durably, read back and compared, under a name that nothing has yet; parts go if it fails.

    Raises FileExistsError when something lies there, which stays as it is, and OSError when the source has not, or no
    longer, the hash that is given.
    """
    make_folder(target.parent)
    part = part_of(target)
    try:
        with source.open("rb") as original, part.open("xb") as copy:
            shutil.copyfileobj(original, copy, CHUNK)
            copy.flush()
            os.fsync(copy.fileno())
            os.posix_fadvise(copy.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # read from the disk, not from memory
        expected, found = sha256 or sha256_of(source), sha256_of(part)
        if found != expected and sha256_of(source) != expected:
            raise OSError(errno.ESTALE, "it is not what was checked", str(source))
        if found != expected:
            raise OSError(errno.EIO, "the disk gives back other bytes than were written", str(part))
        _name(part, target)
    finally:
        part.unlink(missing_ok=True)  # a full disk gets its space back
    sync_folder(target.parent)


def _name(part: Path, target: Path) -> None:
    """Rename over nothing: a hard link fails where a rename would replace (link(2), rename(2))."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        part.replace(target)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each of which a power cut then leaves."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def move_whole(source: Path, target: Path) -> None:
    """Rename within one file system, durably; over an existing file of that name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.replace(target)
    sync_folder(target.parent)


def set_aside(files: Iterable[Path], folder: Path, reason: str) -> None:
    """Move files of one stem into a folder of misfits, with the reason beside them; those that are gone are left out.

    The reason is written first, so that nothing lies there unexplained.
    """
    for number, path in enumerate(files):
        if number == 0:
            write_whole(folder / f"{path.stem}.reason.txt", f"{reason}\n".encode())
        if path.exists():
            shutil.move(path, folder / path.name)
    sync_folder(folder)


def part_of(path: Path) -> Path:
    """Given a file's final path, return a name to write it under, which no other writer of that file has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut (fsync(2): the directory needs its own)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def lock(path: Path, patience: float = 0) -> Iterator[bool]:
    """Hold an exclusive flock on a path; yields whether it was got within `patience` seconds.

    The kernel releases it when the holder dies, however it dies; children do not inherit it (PEP 446).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    with path.open("a") as file:
        held = _try_lock(file.fileno())
        while not held and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            held = _try_lock(file.fileno())
        yield held


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
