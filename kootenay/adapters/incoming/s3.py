"""An incoming prefix of a bucket: objects are whole or not there, so a photo with its sidecar is ready as it is listed.

A claim is an object below `claims/`, put there only if there is none (If-None-Match). S3 does not see a holder die, so
a claim is good for LEASE by S3's own clock, and may then be taken over (If-Match, so by one). A holder that was only
slow has its work done twice, and harms nothing.
"""

import contextlib
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kootenay.adapters.bucket import Bucket, Listed
from kootenay.adapters.files import copy_whole
from kootenay.adapters.incoming import Arrival, Claim, Look
from kootenay.adapters.incoming.quarantine import set_aside
from kootenay.adapters.incoming.sorting import LARGEST_SIDECAR, Sorter
from kootenay.adapters.transfer import RECEIPTS, STATUS
from kootenay.errors import IncomingError
from kootenay.rules import naming
from kootenay.rules.host_status import LARGEST
from kootenay.rules.readiness import FOLDERS_OF_OURS, Entry, is_hidden, printable, still_for

CLAIMS = "claims"
LEASE = timedelta(minutes=15)
"""A photo takes seconds; a fetch over a poor link may take minutes."""

AT_ONCE = 8
"""Sidecars read at a time: each is a round trip. boto3's client has ten connections."""

STALE_SECONDS = 24 * 3600
LONGEST_NAME = 60
"""In signs of up to four bytes: a key has up to 1024 bytes, a file's name 255."""


class S3Incoming:
    """Objects right below a prefix, and below a camera's name there, fetched into folders of their own in `work`."""

    def __init__(
        self,
        connect: Callable[[], Any],
        url: str,
        quarantine: Path,
        work: Path,
        quiet: timedelta,
        cameras: Collection[str],
    ) -> None:
        self.bucket = Bucket(connect, url)
        self.quarantine_folder = quarantine
        self.work = work
        self.quiet = quiet
        self.cameras = cameras
        self._first_seen: dict[str, datetime] = {}
        _sweep(work)

    def look(self, now: datetime) -> Look:
        with self._one_line("cannot be listed; nothing was taken in"):
            objects, below = self.bucket.list("")
            known = [each for each in below if each in self.cameras and each not in FOLDERS_OF_OURS]
            listed = {"": objects} | {camera: self.bucket.list(f"{camera}/")[0] for camera in known}
            self._drop_old_claims(below, now)
            folders = {folder: self._entries(objects, now) for folder, objects in listed.items()}
            sidecars = self._sidecars(folders)
        versions = {entry.version for files in folders.values() for entry in files.values()}
        self._first_seen = {each: at for each, at in self._first_seen.items() if each in versions}
        return Sorter(self.quiet, self.cameras, lambda name: _there(sidecars[name]), lambda name: "").sort(folders)

    @contextlib.contextmanager
    def claim(self, arrival: Arrival) -> Iterator[Claim | None]:
        key, shown = f"{CLAIMS}/{arrival.name}", printable(arrival.name)
        with self._one_line(f"gave no claim to {shown}; it was left there"):
            token = self._take(key)
        try:
            if not token:
                yield None
                return
            with self._bench() as folder:
                with self._one_line(f"did not give {shown}; it was left there"):
                    claim = self._fetched(arrival, folder)
                yield claim
        finally:
            if token:
                with contextlib.suppress(OSError):  # it ends by itself
                    self.bucket.delete(key, token)

    def answer(self, stem: str, sha256: str) -> None:
        """The sender asks for the object's own checksum first; this is for when the object is no longer there."""
        if naming.is_photo_stem(stem):
            with self._one_line(f"took no receipt of {stem}"):
                self.bucket.put(f"{RECEIPTS}/{stem}.json", json.dumps({"sha256": sha256}).encode())

    def remove(self, arrival: Arrival) -> None:
        with self._one_line(f"still has {printable(arrival.name)}; it is known by its hash"):
            if self.bucket.version(arrival.name) in (arrival.version, ""):
                self._delete(arrival, arrival.files)

    def quarantine(self, arrival: Arrival, reason: str) -> None:
        """Copied to the quarantine folder of this machine, where a person can look at it, then deleted here."""
        with self._one_line(f"still has {printable(arrival.name)}, which is no whole photo"):
            if self.bucket.version(arrival.name) == arrival.version:
                set_aside(self.quarantine_folder, arrival.files_of_misfit, reason, self._bring)
                self._delete(arrival, arrival.files_of_misfit)

    def statuses(self) -> dict[str, bytes]:
        found = {}
        with self._one_line("gave no statuses of its cameras"):
            for each in self.bucket.list(f"{STATUS}/")[0]:
                if each.name.endswith(".json") and not is_hidden(each.name):
                    with contextlib.suppress(FileNotFoundError):
                        found[f"{STATUS}/{each.name}"] = self.bucket.read(f"{STATUS}/{each.name}", LARGEST + 1)
        return found

    def discard_status(self, name: str, reason: str) -> None:
        with self._one_line(f"still has {printable(name)}, which is no status"):
            set_aside(self.quarantine_folder, [name], reason, self._bring)
            self.bucket.delete(name)

    def _delete(self, arrival: Arrival, names: list[str]) -> None:
        if arrival.is_orphan or self.bucket.delete(arrival.name, arrival.version):
            for name in names[1:]:
                self.bucket.delete(name)

    def _entries(self, objects: list[Listed], now: datetime) -> dict[str, Entry]:
        return {each.name: self._entry(each, now) for each in objects if not is_hidden(each.name)}

    def _entry(self, listed: Listed, now: datetime) -> Entry:
        """S3's clock says when it was put; where this one is behind, the first look counts."""
        first_seen = now
        if listed.modified > now:
            first_seen = min(now, self._first_seen.get(listed.version, now))
            self._first_seen[listed.version] = first_seen
        still = still_for(listed.modified, first_seen, now)
        return Entry(listed.bytes, listed.modified, still, listed.version)

    def _sidecars(self, folders: Mapping[str, Mapping[str, Entry]]) -> dict[str, bytes | None]:
        """Read all of them, None for one that has gone meanwhile."""
        wanted = [
            f"{folder}/{file}" if folder else file
            for folder, files in folders.items()
            for file, entry in files.items()
            if file.endswith(".json") and entry.bytes <= LARGEST_SIDECAR
        ]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return dict(zip(wanted, threads.map(self._read, wanted), strict=True))

    def _read(self, name: str) -> bytes | None:
        try:
            return self.bucket.read(name)
        except FileNotFoundError:
            return None

    def _fetched(self, arrival: Arrival, folder: Path) -> Claim | None:
        """Return the photo's files in a folder; None when it is no longer what was seen."""
        if self.bucket.version(arrival.name) != arrival.version:
            return None
        originals = {}
        for name, sha256 in arrival.originals.items():
            path = folder / name.rpartition("/")[2][-LONGEST_NAME:]
            try:
                kept = self.bucket.fetch(name, path)
            except FileNotFoundError:
                if arrival.is_orphan:
                    continue
                return None
            originals[path] = sha256 or kept
        return Claim(originals)

    def _bring(self, name: str, target: Path) -> None:
        with self._bench() as folder:
            self.bucket.fetch(name, folder / "fetched")
            copy_whole(folder / "fetched", target)

    @contextlib.contextmanager
    def _bench(self) -> Iterator[Path]:
        self.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            yield Path(folder)

    def _take(self, key: str) -> str:
        """Put a claim, or take over one whose time is over; return its version, "" when another holds it."""
        mark = secrets.token_bytes(16)
        mine = self.bucket.put(key, mark, IfNoneMatch="*")
        if mine:
            return mine
        try:
            age, theirs = self.bucket.age(key)
        except FileNotFoundError:
            return ""  # released just now: the next run's
        return self.bucket.put(key, mark, IfMatch=theirs) if age >= LEASE else ""

    def _drop_old_claims(self, folders: Collection[str], now: datetime) -> None:
        """A holder that died after its photo was removed leaves a claim on nothing."""
        if CLAIMS not in folders:
            return
        objects, below = self.bucket.list(f"{CLAIMS}/")
        trunks = {"": objects} | {f"{each}/": self.bucket.list(f"{CLAIMS}/{each}/")[0] for each in below}
        for trunk, claims in trunks.items():
            for each in claims:
                if now - each.modified > 2 * LEASE:
                    self.bucket.delete(f"{CLAIMS}/{trunk}{each.name}", each.version)

    @contextlib.contextmanager
    def _one_line(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            msg = f"{self.bucket} {what} ({printable(error.strerror or str(error))})"
            raise IncomingError(msg) from error


def _there(content: bytes | None) -> bytes:
    if content is None:
        raise FileNotFoundError
    return content


def _sweep(work: Path) -> None:
    """Remove what a killed fetch left."""
    for path in work.glob("*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
