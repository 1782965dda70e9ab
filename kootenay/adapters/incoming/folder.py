"""An incoming folder: one pass over its names, and a claim that is a lock on the photo's own file.

The kernel lets go of the lock when its holder dies. "Left alone" counts from st_ctime, the kernel's own instant of a
file's last change, which no sender can set; one still to come (this clock was set back) counts from the first look.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kootenay.adapters.incoming import Arrival, Claim, Look
from kootenay.adapters.incoming.quarantine import move_over_nothing, set_aside
from kootenay.adapters.incoming.sorting import Sorter
from kootenay.adapters.transfer import STATUS, write_receipt
from kootenay.adapters.whole_jpeg import flaw_of
from kootenay.errors import IncomingError
from kootenay.rules import naming
from kootenay.rules.host_status import LARGEST
from kootenay.rules.readiness import FOLDERS_OF_OURS, Entry, is_hidden, printable, still_for


class FolderIncoming:
    """A folder on this machine or on a mounted one; a camera's own folder in it holds photos of that camera."""

    def __init__(self, folder: Path, quarantine: Path, quiet: timedelta, cameras: Collection[str]) -> None:
        self.folder = folder
        self.quarantine_folder = quarantine
        self.quiet = quiet
        self.cameras = cameras
        self._first_seen: dict[str, datetime] = {}
        with self._one_line("cannot be made"):
            folder.mkdir(parents=True, exist_ok=True)

    def look(self, now: datetime) -> Look:
        with self._one_line("cannot be listed; nothing was taken in"):
            folders = {name: self._files(name, now) for name in ("", *self._camera_folders())}
        versions = {entry.version for files in folders.values() for entry in files.values()}
        self._first_seen = {each: at for each, at in self._first_seen.items() if each in versions}
        sorter = Sorter(self.quiet, self.cameras, lambda name: (self.folder / name).read_bytes(), self._flaw)
        return sorter.sort(folders)

    @contextlib.contextmanager
    def claim(self, arrival: Arrival) -> Iterator[Claim | None]:
        path = self.folder / (arrival.files[-1] if arrival.is_orphan else arrival.name)
        try:
            descriptor = _opened(path)
        except OSError as error:
            if isinstance(error, FileNotFoundError) or path.is_symlink():
                yield None
                return
            shown = printable(arrival.name)
            msg = f"{shown} in {self.folder} cannot be read ({error.strerror}); it was left there"
            raise IncomingError(msg) from error
        try:
            # Between the look and the lock another ingest may have taken it in, and its sender put another one there.
            if not (_locked(descriptor) and self._version_of(arrival.name) == arrival.version):
                yield None
                return
            originals = {self.folder / name: sha256 for name, sha256 in arrival.originals.items()}
            if arrival.is_orphan:
                originals = {path: sha256 for path, sha256 in originals.items() if path.is_file()}
            yield Claim(originals)
        finally:
            os.close(descriptor)

    def answer(self, stem: str, sha256: str) -> None:
        if naming.is_photo_stem(stem):
            with self._one_line(f"took no receipt of {stem}"):
                write_receipt(self.folder, stem, sha256)

    def remove(self, arrival: Arrival) -> None:
        with self._one_line(f"still has {printable(arrival.name)}; it is known by its hash"):
            if self._version_of(arrival.name) in (arrival.version, ""):
                for name in arrival.files:
                    (self.folder / name).unlink(missing_ok=True)

    def quarantine(self, arrival: Arrival, reason: str) -> None:
        with self._one_line(f"still has {printable(arrival.name)}, which is no whole photo"):
            if self._version_of(arrival.name) == arrival.version:
                set_aside(self.quarantine_folder, arrival.files_of_misfit, reason, self._bring)

    def statuses(self) -> dict[str, bytes]:
        found = {}
        with self._one_line("gave no statuses of its cameras"):
            for path in sorted((self.folder / STATUS).glob("*.json")):
                if not is_hidden(path.name) and path.is_file() and not path.is_symlink():
                    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                        found[f"{STATUS}/{path.name}"] = file.read(LARGEST + 1)
        return found

    def discard_status(self, name: str, reason: str) -> None:
        with self._one_line(f"still has {printable(name)}, which is no status"):
            set_aside(self.quarantine_folder, [name], reason, self._bring)

    def _bring(self, name: str, target: Path) -> None:
        move_over_nothing(self.folder / name, target)

    def _version_of(self, name: str) -> str:
        """Return what tells a file from any other under its name, "" when there is none."""
        try:
            return _version((self.folder / name).stat(follow_symlinks=False))
        except FileNotFoundError:
            return ""

    def _camera_folders(self) -> list[str]:
        with os.scandir(self.folder) as entries:
            named = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        return [name for name in named if name in self.cameras and name not in FOLDERS_OF_OURS]

    def _files(self, folder: str, now: datetime) -> dict[str, Entry]:
        files = {}
        with os.scandir(self.folder / folder) as entries:
            for entry in entries:
                if is_hidden(entry.name) or not entry.is_file(follow_symlinks=False):
                    continue
                try:
                    files[entry.name] = self._entry(entry.stat(follow_symlinks=False), now)
                except FileNotFoundError:
                    continue
        return files

    def _entry(self, found: os.stat_result, now: datetime) -> Entry:
        version, changed = _version(found), datetime.fromtimestamp(found.st_ctime, UTC)
        first_seen = now
        if changed > now:
            first_seen = self._first_seen[version] = min(now, self._first_seen.get(version, now))
        modified = datetime.fromtimestamp(found.st_mtime, UTC)
        return Entry(found.st_size, modified, still_for(changed, first_seen, now), version)

    def _flaw(self, name: str) -> str:
        path = self.folder / name
        path.lstat()  # gone is not "no file"
        return flaw_of(path)

    @contextlib.contextmanager
    def _one_line(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            msg = f"the incoming folder {self.folder} {what} ({printable(error.strerror or str(error))})"
            raise IncomingError(msg) from error


def _version(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}"


def _opened(path: Path) -> int:
    """For writing where that may be: NFS locks nothing else exclusively (flock(2))."""
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with contextlib.suppress(OSError):
        return os.open(path, os.O_RDWR | flags)
    return os.open(path, os.O_RDONLY | flags)


def _locked(descriptor: int) -> bool:
    """Lock a file against other ingests; a file system without locks has none, and work may be done twice."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    return True
