"""The archive: originals byte for byte, by camera and local day, in a folder and, if there is one, in a second place.

Nothing in it is ever overwritten. An original leaves the folder only when the second place has proved to hold it.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from kootenay.adapters.archive.folder import FolderPlace
from kootenay.errors import ArchiveError
from kootenay.rules.keeping import Original, day_of
from kootenay.rules.naming import day_folder


class Place(Protocol):
    """Where originals are kept, by their path in the archive."""

    def put(self, original: Path, place: str, sha256: str) -> None:
        """Keep a file there, whole and durably. Raises FileExistsError when something lies there, else OSError."""

    def sha256(self, place: str) -> str:
        """Return the hash of what lies there. Raises FileNotFoundError."""

    def read(self, place: str) -> bytes:
        """Return what lies there. Raises FileNotFoundError."""

    def days(self) -> list[tuple[date, str]]:
        """Return every day of every camera that has a folder there, in order."""

    def files(self, folder: str) -> dict[str, int]:
        """Given a day's folder, return the names and the sizes in bytes of the files there; none if there is none."""


class Archive:
    """Originals in a folder, their first place, and their copies in a second one."""

    def __init__(self, first: FolderPlace, second: Place | None = None) -> None:
        self.first = first
        self.second = second

    @property
    def _places(self) -> list[Place]:
        return [self.first] if self.second is None else [self.first, self.second]

    def keep(self, original: Path, place: str, sha256: str) -> None:
        """Copy a file to its path in both places; what lies there already is kept.

        Raises ArchiveError when other bytes lie there, or when a place cannot keep it; the file stays where it is.
        """
        if day_of(place) is None:
            msg = f"{place} is no path of an original; {original.name} was left where it is"
            raise ArchiveError(msg)
        for each in self._places:
            with _one_line(f"{each} cannot keep {place}", f"{original.name} was left where it is"):
                if self._has(each, place, sha256, original):
                    continue
                try:
                    each.put(original, place, sha256)
                except FileExistsError:  # another ingest was faster
                    self._has(each, place, sha256, original)

    def has(self, place: str, sha256: str) -> bool:
        """Return whether one of the places holds these very bytes there. Raises ArchiveError when one does not say."""
        return any(self._hash(each, place) == sha256 for each in self._places)

    def read(self, place: str) -> bytes:
        """Return an original, from the second place if it has left the first. Raises ArchiveError."""
        for each in self._places:
            with (
                contextlib.suppress(FileNotFoundError),
                _one_line(f"{each} does not give {place}", "nothing was changed"),
            ):
                return each.read(place)
        msg = f"the archive has no {place} (looked in {' and '.join(map(str, self._places))})"
        raise ArchiveError(msg)

    def first_sha256(self, place: str) -> str:
        """Return the hash of what lies there in the first place, "" for nothing."""
        return self._hash(self.first, place)

    def second_sha256(self, place: str) -> str:
        """Return the hash of what lies there in the second place, "" for nothing."""
        return self._hash(self.second, place) if self.second else ""

    def restore(self, place: str, sha256: str) -> None:
        """Put the second place's copy where the first one's is damaged, which stays beside it as `NAME.HASH.damaged`.

        Raises ArchiveError, and changes nothing, when the second place does not give these very bytes.
        """
        content = b""
        if self.second:
            with (
                contextlib.suppress(FileNotFoundError),
                _one_line(f"{self.second} does not give {place}", "nothing was changed"),
            ):
                content = self.second.read(place)
        if hashlib.sha256(content).hexdigest() != sha256:
            msg = f"no second place has {place} whole; nothing was changed: look for another copy of it"
            raise ArchiveError(msg)
        found = self._hash(self.first, place)
        if found == sha256:
            return
        with _one_line(f"{self.first} cannot keep {place}", "the second place has it"), TemporaryDirectory() as folder:
            copy = Path(folder) / PurePosixPath(place).name
            copy.write_bytes(content)
            if found:
                self.first.set_aside(place, f"{found[:8]}.damaged")
            with contextlib.suppress(FileExistsError):  # another was faster
                self.first.put(copy, place, sha256)

    def days(self, camera: str) -> list[date]:
        """Given a camera, return the local days that have a folder in either place, in order."""
        days = set()
        for each in self._places:
            with _one_line(f"{each} cannot be listed", "nothing was changed"):
                days |= {day for day, name in each.days() if name == camera}
        return sorted(days)

    def between(self, camera: str, start: date, end: date) -> Iterator[Original]:
        """Given a camera and its first and last local day, return its originals in either place, the oldest first."""
        for number in range((end - start).days + 1):
            yield from self._day(camera, start + timedelta(days=number))

    def oldest_first(self, end: date) -> Iterator[Original]:
        """Return the originals of all cameras in the first place from days before `end`."""
        with _one_line(f"{self.first} cannot be listed", "nothing was changed"):
            days = self.first.days()
        for day, camera in days:
            if day >= end:
                break
            yield from (each for each in self._day(camera, day) if each.here)

    def let_go(self, original: Original) -> None:
        """Delete an original from the first place, once the second has shown that it holds the same bytes.

        Raises ArchiveError when it has not; nothing is deleted then.
        """
        untouched = "nothing was deleted"
        if self.second is None or day_of(original.place) is None:
            msg = f"{original.place} has no second place; {untouched}"
            raise ArchiveError(msg)
        mine, copy = self._hash(self.first, original.place), self._hash(self.second, original.place)
        if mine and mine != copy:
            words = "holds other bytes than" if copy else "no longer has what is in"
            msg = f"{self.second} {words} {self.first} under {original.place}; {untouched}: compare them by hand"
            raise ArchiveError(msg)
        with _one_line(f"{self.first} still has {original.place}", "it may go later"):
            self.first.delete(original.place)

    def _day(self, camera: str, day: date) -> list[Original]:
        folder = day_folder(camera, day)
        with _one_line(f"{folder} cannot be listed", "nothing was changed"):
            here = self.first.files(folder)
            there = self.second.files(folder) if self.second else {}
        originals = []
        for name in sorted(here.keys() | there.keys()):
            place, size = f"{folder}/{name}", here.get(name, there.get(name, 0))
            if day_of(place) == day:
                originals.append(Original(place, size, day, name in here, there.get(name) == size))
        return originals

    def _has(self, each: Place, place: str, sha256: str, original: Path) -> bool:
        found = self._hash(each, place)
        if found and found != sha256:
            untouched = "both were left alone: compare them by hand"
            msg = f"{each} holds other bytes than {original.name} under {place}; {untouched}"
            raise ArchiveError(msg)
        return bool(found)

    def _hash(self, each: Place, place: str) -> str:
        """Return the hash of what lies there, "" for nothing."""
        with contextlib.suppress(FileNotFoundError), _one_line(f"{each} does not show {place}", "nothing was changed"):
            return each.sha256(place)
        return ""


@contextlib.contextmanager
def _one_line(what: str, untouched: str) -> Iterator[None]:
    """What is not there is no trouble of a place's."""
    try:
        yield
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        msg = f"{what} ({error.strerror or error}); {untouched}"
        raise ArchiveError(msg) from error


def open_archive(folder: Path, copy: str, copy_folder: Path, connect: Callable[[], Any]) -> Archive:
    """Given the archive's folder and its second place, return it.

    The second is "" for none, a path (already resolved to `copy_folder`), or `s3://bucket/prefix` by the boto3 client
    that `connect` returns. Raises ArchiveError.
    """
    with _one_line(f"{folder} cannot be made", "nothing was changed"):
        folder.mkdir(parents=True, exist_ok=True)
    if copy.startswith("s3://"):
        from kootenay.adapters.archive.s3 import S3Place

        return Archive(FolderPlace(folder), S3Place(connect, copy))
    if copy and not copy_folder.is_dir():
        msg = f"[archive] copy {copy_folder} is no folder; nothing was changed: mount its disk, or make the folder"
        raise ArchiveError(msg)
    return Archive(FolderPlace(folder), FolderPlace(copy_folder) if copy else None)
