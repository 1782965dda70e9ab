"""A bucket of originals: one put a file with its SHA-256, which S3 compares before the object is there, over nothing.

The storage class is the bucket's own affair: a lifecycle rule moves what is old.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from kootenay.adapters.archive.folder import days_named
from kootenay.adapters.bucket import Bucket


class S3Place:
    """Objects below a prefix, by their path in the archive."""

    def __init__(self, connect: Callable[[], Any], url: str) -> None:
        self.bucket = Bucket(connect, url)

    def __str__(self) -> str:
        return str(self.bucket)

    def put(self, original: Path, place: str, sha256: str) -> None:
        with original.open("rb") as file:
            version = self.bucket.put(
                place,
                file,
                ContentType="image/jpeg" if place.endswith(".jpg") else "application/octet-stream",
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                IfNoneMatch="*",
            )
        if not version:
            raise FileExistsError(place)

    def sha256(self, place: str) -> str:
        """By S3's own checksum; of an object that somebody put without one, by its bytes."""
        return self.bucket.sha256(place) or hashlib.sha256(self.bucket.read(place)).hexdigest()

    def read(self, place: str) -> bytes:
        return self.bucket.read(place)

    def days(self) -> list[tuple[date, str]]:
        return days_named(folder.split("/") for folder in self._below("", 4))

    def files(self, folder: str) -> dict[str, int]:
        return {each.name: each.bytes for each in self.bucket.list(f"{folder}/")[0]}

    def _below(self, folder: str, depth: int) -> Iterator[str]:
        """Yield the folders so deep below one; a request each for years and months, none for what lies in a day."""
        for name in self.bucket.list(folder)[1]:
            if depth == 1:
                yield f"{folder}{name}"
            else:
                yield from self._below(f"{folder}{name}/", depth - 1)
