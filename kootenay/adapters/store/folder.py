"""The store as a folder: objects are files, served by the gallery under /media/. The embedded default."""

import contextlib
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from kootenay.adapters.files import copy_whole, lock, place_whole, sha256_of, sync_folder, write_whole
from kootenay.adapters.store.keys import checked, checked_prefix, is_pointer, pointer_key
from kootenay.adapters.store.latest import Latest, is_newer, latest_of
from kootenay.adapters.store.troubles import gravest, of_disk
from kootenay.errors import StoreError, StoreRefusedError

LOCK_SECONDS = 30


class FolderStore:
    """Objects as files below `root`."""

    def __init__(self, root: Path, public_url: str = "") -> None:
        self.root = root
        self.public_url = public_url.rstrip("/") or "/media"

    def put(self, key: str, content: bytes) -> None:
        self.put_all({key: content})

    def put_file(self, key: str, path: Path) -> None:
        target = self._path(key)
        with of_disk(f"{target} was not written", "no part of it stands: make room, or see the folder's owner"):
            try:
                copy_whole(path, target)
            except FileExistsError:
                if sha256_of(target) != sha256_of(path):
                    raise _other_bytes(target) from None

    def fetch(self, key: str, path: Path) -> None:
        source = self._path(key)
        with of_disk(f"{source} cannot be copied to {path}", "it was left alone: see the disk"):
            try:
                shutil.copyfile(source, path)
            except FileNotFoundError as error:
                msg = f"the store has no {key} (looked in {self.root}): run check_store"
                raise StoreRefusedError(msg) from error

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        errors: list[StoreError] = []
        paths = {self._path(key): content for key, content in objects.items()}
        for path, content in paths.items():
            try:
                _put(path, content)
            except StoreError as error:
                errors.append(error)
        for folder in {path.parent for path in paths} if not errors else ():
            with of_disk(f"{folder} was not synced", "what was put may not survive a power cut: see the disk"):
                sync_folder(folder)
        if errors:
            raise gravest(errors)

    def get(self, key: str) -> bytes:
        path = self._path(key)
        with of_disk(f"{path} cannot be read", "it was left alone: see its owner, and the disk"):
            try:
                return path.read_bytes()
            except FileNotFoundError as error:
                msg = f"the store has no {key} (looked in {self.root}): run check_store"
                raise StoreRefusedError(msg) from error

    def has(self, key: str) -> bool:
        path = self._path(key)
        with of_disk(f"{path} cannot be looked at", "it was left alone: see the folder's owner"):
            return path.is_file()

    def sha256(self, key: str) -> str | None:
        path = self._path(key)
        with of_disk(f"{path} cannot be read", "it was left alone: see its owner, and the disk"):
            try:
                return sha256_of(path)
            except FileNotFoundError:
                return None

    def list(self, prefix: str = "", before: datetime | None = None) -> Iterator[tuple[str, int]]:
        begin = self.root / checked_prefix(prefix).rpartition("/")[0]
        with of_disk(f"{self.root} cannot be listed", "nothing was changed: see that the disk is mounted"):
            self.root.stat()
            if not begin.exists():
                return
            for folder, _, names in os.walk(begin, onerror=_raise):
                for path in (Path(folder, name) for name in names if not name.startswith(".")):
                    key = path.relative_to(self.root).as_posix()
                    if key.startswith(prefix) and not is_pointer(key):
                        with contextlib.suppress(FileNotFoundError):  # removed while we looked
                            found = path.stat()
                            if before is None or found.st_mtime < before.timestamp():
                                yield key, found.st_size

    def delete(self, keys: Collection[str]) -> None:
        for path in [self._path(key) for key in keys]:
            with of_disk(f"{path} was not removed", "nor was what follows it: see the folder's owner"):
                path.unlink(missing_ok=True)

    def point_latest(self, camera: str, latest: Latest) -> bool:
        path = self._path(pointer_key(camera))
        with (
            of_disk(f"{path} was not written", "the last one stands: make room, or see the folder's owner"),
            lock(path.with_name(f".{path.name}.lock"), LOCK_SECONDS) as held,
        ):
            if held:
                standing = self.latest(camera)
                if is_newer(latest, standing) and latest != standing:
                    write_whole(path, latest.to_json())
                return is_newer(latest, standing)
        msg = f"{path} was not written (another held its lock for {LOCK_SECONDS} s); the last one stands: run again"
        raise StoreError(msg)

    def latest(self, camera: str) -> Latest | None:
        path = self._path(pointer_key(camera))
        with of_disk(f"{path} cannot be read", "it was left alone: see its owner, and the disk"):
            try:
                return latest_of(path.read_bytes())
            except FileNotFoundError:
                return None

    def url(self, key: str) -> str:
        return f"{self.public_url}/{key}"

    def _path(self, key: str) -> Path:
        return self.root / checked(key)


def _put(path: Path, content: bytes) -> None:
    with of_disk(f"{path} was not written", "no part of it stands: make room, or see the folder's owner"):
        if not path.exists():
            place_whole(path, content)
        elif path.read_bytes() != content:
            raise _other_bytes(path)


def _other_bytes(path: Path) -> StoreRefusedError:
    msg = f"{path} holds other bytes than its name says; it was left alone: move it away and run again"
    return StoreRefusedError(msg)


def _raise(error: OSError) -> None:
    raise error
