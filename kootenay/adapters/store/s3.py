"""The store as an S3 bucket below a prefix; CloudFront may stand in front.

Every object is one put with its SHA-256, which S3 compares with what it read before the object is there, and only where
nothing stands (If-None-Match). Servers that know no such condition are asked what stands there instead.
"""

import base64
import contextlib
import hashlib
import io
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from kootenay.adapters.files import sha256_of
from kootenay.adapters.store.keys import (
    CONTENT_TYPES,
    cache_control,
    checked,
    checked_prefix,
    is_pointer,
    pointer_key,
)
from kootenay.adapters.store.latest import Latest, is_newer, latest_of
from kootenay.adapters.store.troubles import ABSENT, FOR_GOOD, code_of, gravest, of_s3, told
from kootenay.errors import StoreError, StoreRefusedError

PUTS_AT_ONCE = 32
"""Of all photos of the process together."""

CONNECTIONS = PUTS_AT_ONCE + 64
"""As many again as photos may be ingested at once, whose threads read and write pointers themselves."""

DELETES_AT_ONCE = 1000
"""S3's bound of one DeleteObjects."""

RACES = 50
"""Conditional writes that another writer may win before we give up; each that is lost has let another one through."""

LOST = {"ConditionalRequestConflict", "NoSuchKey", "OperationAborted", "PreconditionFailed"}
"""Another writer was there first, or is there now."""

WORTH_ASKING = 2_000_000
"""Bytes of an object before which S3 is asked whether it would take it."""

READS = 3
"""Of one object whose bytes break off on the way; what goes before them boto3 repeats itself."""

Opened = Callable[[], AbstractContextManager[Any]]
"""What opens an object's content anew for each try."""

_connecting = threading.Lock()
_threads = ThreadPoolExecutor(PUTS_AT_ONCE, thread_name_prefix="store")


def client_options() -> dict[str, Any]:
    """Return botocore's configuration of the store's client.

    Each request is sent at most four times, with a random pause that doubles; the flow's own tries come after that.
    """
    return {
        "connect_timeout": 5,
        "read_timeout": 20,
        "max_pool_connections": CONNECTIONS,
        "retries": {"mode": "standard", "total_max_attempts": 4},
        "tcp_keepalive": True,
    }


class S3Store:
    """Objects in a bucket.

    `connect` returns a boto3 S3 client (see `client_options`), the same one each time; it is called when the first
    object moves: the gallery only needs addresses. `acl` is that of every object, none where it is empty.
    """

    def __init__(self, connect: Callable[[], Any], bucket: str, prefix: str, public_url: str, acl: str = "") -> None:
        self._connect = connect
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self.public_url = public_url.rstrip("/")
        self._acl = {"ACL": acl} if acl else {}
        self._client: Any = None
        self._knows_conditions = True

    @property
    def client(self) -> Any:
        with _connecting:  # whoever comes meanwhile shall wait for the client that is being made, and not make another
            if self._client is None:
                self._client = self._connect()
                self._client.meta.events.register_last("before-call.s3", _send_at_once, unique_id="kootenay-at-once")
            return self._client

    def put(self, key: str, content: bytes) -> None:
        self._put(key, *_in_memory(content))

    def put_file(self, key: str, path: Path) -> None:
        self._put(key, bytes.fromhex(sha256_of(path)), lambda: path.open("rb"))

    def fetch(self, key: str, path: Path) -> None:
        from botocore.exceptions import ClientError

        where = self._where(checked(key))
        with of_s3(f"the store did not give {where}", "it was left alone"):
            try:
                self.client.download_file(self.bucket, self._full(key), str(path))
            except ClientError as error:
                if code_of(error) not in ABSENT:
                    raise
                msg = f"the store has no {where}: run check_store"
                raise StoreRefusedError(msg) from error

    def _put(self, key: str, digest: bytes, opened: Opened) -> None:
        where = self._where(checked(key))
        with of_s3(f"{where} was not written", "it stands there whole or not at all"):
            for _ in _tries():
                if self._knows_conditions and self._write(key, digest, opened, IfNoneMatch="*"):
                    return
                standing = self._sha256(key)
                if standing == digest.hex():
                    return
                if standing is not None:
                    msg = f"{where} holds other bytes than its name says; it was left alone: delete it and run again"
                    raise StoreRefusedError(msg)
                if not self._knows_conditions:
                    self._write(key, digest, opened)
                    return
        msg = f"{where} was not written (others wrote there all the time); it was left as they have it: try again later"
        raise StoreError(msg)

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        waiting = [_threads.submit(self.put, key, content) for key, content in objects.items()]
        errors = [error for each in waiting if (error := each.exception())]
        if errors:
            raise gravest(errors)

    def get(self, key: str) -> bytes:
        where = self._where(checked(key))
        with of_s3(f"the store did not give {where}", "it was left alone"):
            found = self._read(key)
        if found is None:
            msg = f"the store has no {where}: run check_store"
            raise StoreRefusedError(msg)
        return found[0]

    def has(self, key: str) -> bool:
        with of_s3(f"the store did not say whether it has {self._where(checked(key))}", "nothing was changed"):
            return self._head(key) is not None or self._read(key) is not None

    def sha256(self, key: str) -> str | None:
        with of_s3(f"the store did not give the hash of {self._where(checked(key))}", "nothing was changed"):
            return self._sha256(key)

    def list(self, prefix: str = "", before: datetime | None = None) -> Iterator[tuple[str, int]]:
        begin = self._full(checked_prefix(prefix))
        with of_s3(f"s3://{self.bucket}/{begin} was not listed", "nothing was changed"):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=begin)
            for each in (each for page in pages for each in page.get("Contents", [])):
                key = each["Key"].removeprefix(self._full(""))
                if not is_pointer(key) and (before is None or each["LastModified"] < before):
                    yield key, each["Size"]

    def delete(self, keys: Collection[str]) -> None:
        wanted = [{"Key": self._full(checked(key))} for key in keys]
        errors: list[StoreError] = []
        with of_s3(f"objects of s3://{self.bucket} were not deleted", "some may be gone"):
            for start in range(0, len(wanted), DELETES_AT_ONCE):
                some = {"Objects": wanted[start : start + DELETES_AT_ONCE], "Quiet": True}
                answer = self.client.delete_objects(Bucket=self.bucket, Delete=some)
                errors += [self._not_deleted(**error) for error in answer.get("Errors", [])]
        if errors:
            raise gravest(errors)

    def point_latest(self, camera: str, latest: Latest) -> bool:
        key = checked(pointer_key(camera))
        with of_s3(f"{self._where(key)} was not written", "the last one stands, or this one"):
            for _ in _tries():
                content, etag = self._read(key) or (b"", "")
                standing = latest_of(content)
                if not is_newer(latest, standing):
                    return False
                condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
                digest, opened = _in_memory(latest.to_json())
                if latest == standing or self._write(
                    key, digest, opened, **condition if self._knows_conditions else {}
                ):
                    return True
        msg = f"{self._where(key)} was not written (others wrote it all the time); theirs stands: try again later"
        raise StoreError(msg)

    def latest(self, camera: str) -> Latest | None:
        key = checked(pointer_key(camera))
        with of_s3(f"the store did not give {self._where(key)}", "it was left alone"):
            return latest_of((self._read(key) or (b"", ""))[0])

    def url(self, key: str) -> str:
        return f"{self.public_url}/{key}"

    def _write(self, key: str, digest: bytes, opened: Opened, **condition: str) -> bool:
        """Put; return False when the condition did not hold, or the server knows none (seen in _knows_conditions)."""
        from botocore.exceptions import ClientError

        try:
            with opened() as body:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=self._full(key),
                    Body=body,
                    ContentType=CONTENT_TYPES[Path(key).suffix],
                    CacheControl=cache_control(key),
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=base64.b64encode(digest).decode(),
                    **self._acl,
                    **condition,
                )
        except ClientError as error:
            if condition and code_of(error) == "NotImplemented":
                self._knows_conditions = False
            elif not condition or code_of(error) not in LOST:
                raise
            return False
        return True

    def _sha256(self, key: str) -> str | None:
        """The checksum that S3 keeps of the whole object; where it has none, of parts or none at all, it is read."""
        checksum = (self._head(key) or {}).get("ChecksumSHA256", "-")
        if "-" not in checksum:
            return base64.b64decode(checksum).hex()
        found = self._read(key)
        return None if found is None else hashlib.sha256(found[0]).hexdigest()

    def _head(self, key: str) -> dict[str, Any] | None:
        """None says little: to HEAD a missing bucket is 404 as well, since its answer has no words."""
        from botocore.exceptions import ClientError

        try:
            head: dict[str, Any] = self.client.head_object(
                Bucket=self.bucket, Key=self._full(key), ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if code_of(error) in ABSENT:
                return None
            raise
        return head

    def _read(self, key: str) -> tuple[bytes, str] | None:
        """Return an object's bytes and its ETag, None when there is none."""
        from botocore.exceptions import BotoCoreError, ClientError

        for left in reversed(range(READS)):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=self._full(key))
            except ClientError as error:
                if code_of(error) in ABSENT:
                    return None
                raise
            try:
                return answer["Body"].read(), answer["ETag"]
            except BotoCoreError:
                if not left:
                    raise
        return None

    def _not_deleted(self, Key: str, Code: str = "", Message: str = "", **_: str) -> StoreError:  # noqa: N803 (S3's)
        what = f"s3://{self.bucket}/{Key} was not deleted"
        return told(what, f"{Code}: {Message}", "it stands", FOR_GOOD.get(Code))

    def _where(self, key: str) -> str:
        return f"s3://{self.bucket}/{self._full(key)}"

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key


def _in_memory(content: bytes) -> tuple[bytes, Opened]:
    return hashlib.sha256(content).digest(), lambda: contextlib.nullcontext(content)


def _send_at_once(params: dict[str, Any], **_: Any) -> None:
    """boto3 asks S3 before it sends any body (Expect: 100-continue), a round trip that is worth it for a film alone."""
    body = params.get("body")
    if isinstance(body, io.BytesIO) and body.getbuffer().nbytes < WORTH_ASKING:
        params["headers"].pop("Expect", None)


def _tries() -> Iterator[int]:
    """Count the tries of a write that others race for, with a random pause between them that grows to 0.2 s."""
    for number in range(RACES):
        if number:
            time.sleep(random.uniform(0, min(0.2, 0.01 * number)))  # noqa: S311 (spreads writers, hides nothing)
        yield number
