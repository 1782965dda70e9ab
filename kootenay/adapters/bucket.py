"""A prefix of an S3 bucket as a place for files: names below it, and the few verbs that incoming and archive need.

What is absent is a FileNotFoundError, as on a disk; all else that S3 or the way to it says is OSError, in its words.
"""

import base64
import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any

ABSENT = {"404", "NoSuchKey", "NotFound"}
LOST_RACES = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}
CHUNK = 1 << 20


@dataclass(frozen=True)
class Listed:
    """An object as it is listed; `version` is S3's name for these very bytes (ETag)."""

    name: str
    bytes: int
    modified: datetime
    version: str


class Bucket:
    """Objects below a prefix, by the boto3 client that `connect` returns when the first of them moves."""

    def __init__(self, connect: Callable[[], Any], url: str) -> None:
        self._connect = connect
        self.bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @cached_property
    def client(self) -> Any:
        return self._connect()

    def list(self, folder: str) -> tuple[list[Listed], list[str]]:
        """Given "" or `lake/`, return the objects right below it and the folders there: every page, or an error."""
        start = self.prefix + folder
        objects: list[Listed] = []
        folders: list[str] = []
        with _as_on_a_disk():
            paginator = self.client.get_paginator("list_objects_v2")
            for page in paginator.paginate(Bucket=self.bucket, Prefix=start, Delimiter="/"):
                folders += [each["Prefix"][len(start) : -1] for each in page.get("CommonPrefixes", ())]
                objects += [
                    Listed(each["Key"][len(start) :], each["Size"], each["LastModified"], each["ETag"])
                    for each in page.get("Contents", ())
                    if each["Key"] != start
                ]
        return objects, folders

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return an object's bytes, or the first `most` of them."""
        with _as_on_a_disk():
            return bytes(self.client.get_object(**self._at(name), ChecksumMode="ENABLED")["Body"].read(most))

    def fetch(self, name: str, path: Path) -> str | None:
        """Bring an object to a file, some of it at a time; return the SHA-256 that S3 keeps of it, if it does."""
        with _as_on_a_disk():
            answer = self.client.get_object(**self._at(name), ChecksumMode="ENABLED")
            with path.open("wb") as file:
                shutil.copyfileobj(answer["Body"], file, CHUNK)
        return _sha256(answer)

    def put(self, name: str, content: Any, **options: str) -> str:
        """Put bytes or an open file there; return its version, or "" when `IfNoneMatch` or `IfMatch` forbids it."""
        with _as_on_a_disk():
            try:
                return str(self.client.put_object(**self._at(name), Body=content, **options)["ETag"])
            except _client_error() as error:
                if _code(error) in LOST_RACES or (_code(error) in ABSENT and "IfMatch" in options):
                    return ""
                raise

    def version(self, name: str) -> str:
        """Return what S3 calls these very bytes, "" when there is no such object."""
        try:
            return str(self._head(name)["ETag"])
        except FileNotFoundError:
            return ""

    def sha256(self, name: str) -> str | None:
        """Return the hash that S3 keeps of an object's bytes; None when it has none of the whole."""
        return _sha256(self._head(name))

    def age(self, name: str) -> tuple[timedelta, str]:
        """Return how old an object is by S3's own clock, and its version."""
        head = self._head(name)
        asked = parsedate_to_datetime(head["ResponseMetadata"]["HTTPHeaders"]["date"])
        return asked - head["LastModified"], str(head["ETag"])

    def delete(self, name: str, version: str = "") -> bool:
        """Delete an object, with a version only if it is still that one; return whether it is gone."""
        condition = {"IfMatch": version} if version else {}
        with _as_on_a_disk():
            try:
                self.client.delete_object(**self._at(name), **condition)
            except _client_error() as error:
                if _code(error) in LOST_RACES:
                    return False
                if _code(error) not in ABSENT:
                    raise
        return True

    def _head(self, name: str) -> Any:
        with _as_on_a_disk():
            return self.client.head_object(**self._at(name), ChecksumMode="ENABLED")

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + name}


def _sha256(answer: Any) -> str | None:
    checksum = answer.get("ChecksumSHA256", "-")
    return None if "-" in checksum else base64.b64decode(checksum).hex()  # "-2": of two parts


@contextlib.contextmanager
def _as_on_a_disk() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if _code(error) in ABSENT:
            raise FileNotFoundError(_words(error)) from error
        raise OSError(_words(error)) from error
    except BotoCoreError as error:
        raise OSError(_words(error)) from error


def _words(error: Exception) -> str:
    return " ".join(str(error).split())


def _client_error() -> type[Exception]:
    from botocore.exceptions import ClientError

    return ClientError  # type: ignore[no-any-return]


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
