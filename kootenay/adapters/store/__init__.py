"""The store: where renditions and films lie for the web. A local folder or an S3 bucket behind one small interface.

Keys hold a content hash, so an object is written once and cached for ever; `latest` pointers alone change.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from kootenay.adapters.store.folder import FolderStore
from kootenay.adapters.store.keys import CONTENT_TYPES, FOR_A_MOMENT, FOR_EVER, cache_control, pointer_key
from kootenay.adapters.store.latest import Latest, LatestSize
from kootenay.adapters.store.s3 import S3Store

__all__ = [
    "CONTENT_TYPES",
    "FOR_A_MOMENT",
    "FOR_EVER",
    "FolderStore",
    "Latest",
    "LatestSize",
    "S3Store",
    "Store",
    "cache_control",
    "open_store",
    "pointer_key",
]


class Store(Protocol):
    """What ingest, films, the check of the store and the gallery need of it.

    Every verb but `url` raises StoreError, or StoreRefusedError when the same call will be refused again.
    """

    def put(self, key: str, content: bytes) -> None:
        """Keep `content` under `key`, confirmed; the same again changes nothing, other bytes are refused."""

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        """Put all at once; an error is raised when the others have ended, and what they wrote stands."""

    def put_file(self, key: str, path: Path) -> None:
        """As `put`, of a file's bytes, which need not fit into memory."""

    def fetch(self, key: str, path: Path) -> None:
        """Bring an object's bytes to a file."""

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""

    def has(self, key: str) -> bool:
        """Return whether there is an object of that key."""

    def sha256(self, key: str) -> str | None:
        """Return the hex SHA-256 of an object as it lies there, None when there is none."""

    def list(self, prefix: str = "", before: datetime | None = None) -> Iterator[tuple[str, int]]:
        """Yield key and bytes of every object whose key begins so, in no order; pointers are no objects.

        With `before`, only of those that were written before that instant.
        """

    def delete(self, keys: Collection[str]) -> None:
        """Remove objects (or pointers); those that are not there are no error."""

    def point_latest(self, camera: str, latest: Latest) -> bool:
        """Let the camera's pointer name this photo; return False when it names a newer one, which stands."""

    def latest(self, camera: str) -> Latest | None:
        """Return what the camera's pointer says, None without one."""

    def url(self, key: str) -> str:
        """Return the address at which a browser finds the object."""


def open_store(url: str, folder: Path, public_url: str, connect: Callable[[], Any], acl: str = "") -> Store:
    """Given `file:PATH` (already resolved to `folder`) or `s3://bucket/prefix` with a way to a client, return it.

    `acl` is S3's name of one that every object gets, such as `public-read`; empty where the bucket's policy decides.
    """
    if not url.startswith("s3://"):
        return FolderStore(folder, public_url)
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    address = public_url or f"https://{bucket}.s3.amazonaws.com/{prefix}".rstrip("/")
    return S3Store(connect, bucket, prefix, address, acl)
