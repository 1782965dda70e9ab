"""A folder of originals: copied durably and read back, never over anything."""

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from kootenay.adapters.files import copy_whole, sha256_of, sync_folder
from kootenay.rules import naming
from kootenay.rules.keeping import day_of

PART = re.compile(r"\.(?P<name>[^/]+)\.[0-9a-f]{8}\.part")
STALE_SECONDS = 24 * 3600


class FolderPlace:
    """Files below a root, by their path in the archive."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def put(self, original: Path, place: str, sha256: str) -> None:
        copy_whole(original, self.root / place, sha256)

    def sha256(self, place: str) -> str:
        return sha256_of(self.root / place)

    def read(self, place: str) -> bytes:
        return (self.root / place).read_bytes()

    def delete(self, place: str) -> None:
        (self.root / place).unlink(missing_ok=True)

    def set_aside(self, place: str, mark: str) -> None:
        """Give what lies there a name that is no original's: its own, followed by a mark that no other has."""
        path = self.root / place
        path.rename(path.with_name(f"{path.name}.{mark}"))
        sync_folder(path.parent)

    def files(self, folder: str) -> dict[str, int]:
        try:
            with os.scandir(self.root / folder) as entries:
                return {
                    entry.name: entry.stat(follow_symlinks=False).st_size
                    for entry in entries
                    if entry.is_file(follow_symlinks=False)
                }
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def days(self) -> list[tuple[date, str]]:
        folders = self.root.glob("*/[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]")
        return days_named(path.relative_to(self.root).parts for path in folders)

    def free_bytes(self) -> int:
        """Return what this place's disk has left for this user."""
        return shutil.disk_usage(self.root).free

    def tidy(self) -> int:
        """Remove copies that a kill cut short more than a day ago; return how many."""
        stale = [
            path
            for day, camera in self.days()
            for path in (self.root / naming.day_folder(camera, day)).glob(".*.part")
            if (found := PART.fullmatch(path.name))
            and day_of(f"{naming.day_folder(camera, day)}/{found['name']}")
            and time.time() - path.lstat().st_mtime > STALE_SECONDS
        ]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)


def days_named(folders: Iterable[Sequence[str]]) -> list[tuple[date, str]]:
    """Given folders as camera, year, month and day, return those that are such, in order."""
    days = []
    for camera, *parts in folders:
        with contextlib.suppress(ValueError):
            day = date(*map(int, parts))
            if re.fullmatch(naming.CAMERA_NAME, camera):
                days.append((day, camera))
    return sorted(days)
