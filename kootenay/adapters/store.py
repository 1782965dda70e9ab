"""The store: where renditions and films lie for the web. A local folder or an S3 bucket behind one small interface.

Keys hold a content hash, so an object is written once and cached for ever.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from kootenay.adapters.files import sha256_of, write_whole
from kootenay.errors import StoreError

FOR_EVER = "public, max-age=31536000, immutable"
CONTENT_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}


class Store(Protocol):
    """What ingest, films and the gallery need of a store."""

    def put(self, key: str, content: bytes) -> None:
        """Keep `content` under `key`, confirmed; the same again changes nothing."""

    def get(self, key: str) -> bytes:
        """Return an object's bytes. Raises StoreError when there is none."""

    def url(self, key: str) -> str:
        """Return the address at which a browser finds the object."""


class FolderStore:
    """Objects as files below a folder, served by the gallery under /media/."""

    def __init__(self, root: Path, public_url: str = "") -> None:
        self.root = root
        self.public_url = public_url.rstrip("/") or "/media"

    def put(self, key: str, content: bytes) -> None:
        path = self.root / key
        if not path.exists():
            write_whole(path, content)
        if sha256_of(path) != hashlib.sha256(content).hexdigest():
            msg = f"{path} holds other bytes than its name says; it was left alone: move it away and run ingest again"
            raise StoreError(msg)

    def get(self, key: str) -> bytes:
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError as error:
            msg = f"the store has no {key} (looked in {self.root})"
            raise StoreError(msg) from error

    def url(self, key: str) -> str:
        return f"{self.public_url}/{key}"


class S3Store:
    """Objects in a bucket below a prefix; CloudFront may stand in front.

    `connect` returns a boto3 S3 client and is called when the first object moves: the gallery only needs addresses.
    """

    def __init__(self, connect: Callable[[], Any], bucket: str, prefix: str, public_url: str) -> None:
        self._connect = connect
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self.public_url = public_url.rstrip("/")

    @cached_property
    def client(self) -> Any:
        return self._connect()

    def put(self, key: str, content: bytes) -> None:
        checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
        try:
            self.client.put_object(
                Bucket=self.bucket,
                Key=self._full(key),
                Body=content,
                ContentType=CONTENT_TYPES[Path(key).suffix],
                CacheControl=FOR_EVER,
                ChecksumSHA256=checksum,
                IfNoneMatch="*",
            )
        except _trouble() as error:
            if _code(error) != "PreconditionFailed":
                msg = f"s3://{self.bucket}/{self._full(key)} was not written: {error}"
                raise StoreError(msg) from error
            self._confirm(key, content)

    def get(self, key: str) -> bytes:
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self._full(key))
            return bytes(answer["Body"].read())
        except _trouble() as error:
            has_not = "has no" if _code(error) == "NoSuchKey" else "did not give"
            msg = f"the store {has_not} s3://{self.bucket}/{self._full(key)}: {error}"
            raise StoreError(msg) from error

    def url(self, key: str) -> str:
        return f"{self.public_url}/{key}"

    def _confirm(self, key: str, content: bytes) -> None:
        """An object of that name was there first: fine when it is the same one."""
        if self.get(key) != content:
            msg = f"s3://{self.bucket}/{self._full(key)} holds other bytes than its name says; it was left alone"
            raise StoreError(msg)

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key


def _trouble() -> tuple[type[Exception], ...]:
    """What boto3 raises when S3 says no, and when it says nothing."""
    from botocore.exceptions import BotoCoreError, ClientError

    return ClientError, BotoCoreError


def _code(error: Any) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def open_store(url: str, folder: Path, public_url: str, connect: Callable[[], Any]) -> Store:
    """Given `file:PATH` (already resolved to `folder`) or `s3://bucket/prefix` with a way to a client, return it."""
    if not url.startswith("s3://"):
        return FolderStore(folder, public_url)
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return S3Store(connect, bucket, prefix, public_url or f"https://{bucket}.s3.amazonaws.com/{prefix}".rstrip("/"))
