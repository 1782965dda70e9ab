"""What the tests of the store share: a real S3 server of moto's, its clients, buckets, and what lies in them."""

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from kootenay.adapters.store import Latest, LatestSize, S3Store
from kootenay.adapters.store.s3 import client_options
from rig.faulty_s3 import FaultyS3

KEY = "lake/2026/06/21/20260621T200000Z_320_0123456789ab.jpg"
FILM = "lake/films/day/2026-06-21_0123456789ab.mp4"
NOON = datetime(2026, 6, 21, 19, 0, tzinfo=UTC)


def client_at(port: int, **options: Any) -> Any:
    """A client as the house makes it, of a server on loopback; short waits, and no second try unless `options` say."""
    quick = {"connect_timeout": 5, "read_timeout": 20, "retries": {"total_max_attempts": 1}}
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(**client_options() | quick | options),
    )


@contextlib.contextmanager
def moto() -> Iterator[int]:
    """A real S3 server of moto's; yields its port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield int(server.get_host_and_port()[1])
    server.stop()


@contextlib.contextmanager
def faulty(target: int) -> Iterator[FaultyS3]:
    """A server that fails on demand, before the one of that port."""
    proxy = FaultyS3(target)
    proxy.start()
    yield proxy
    proxy.stop()


def new_bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    """Make a bucket that keeps every version, so that a second write shows; named for the test."""
    name = f"b{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def store_on(client: Any, bucket: str, prefix: str = "", acl: str = "") -> S3Store:
    return S3Store(lambda: client, bucket, prefix, "https://media.example/", acl)


def objects(s3: Any, bucket: str) -> dict[str, bytes]:
    """Return all that stands in a bucket, pointers too."""
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed}


def versions(s3: Any, bucket: str) -> int:
    """Return how often anything was written into a bucket."""
    return len(s3.list_object_versions(Bucket=bucket).get("Versions", []))


def photo(number: int = 0, size: int = 3000) -> dict[str, bytes]:
    """Return the five objects of a photo, each of other bytes."""
    found = {}
    for width in (3200, 1920, 1280, 640, 320):
        content = hashlib.sha256(f"{number} {width}".encode()).digest() * (size * width // 320 // 32)
        digest = hashlib.sha256(content).hexdigest()[:12]
        found[f"lake/2026/06/21/20260621T{number:06d}Z_{width}_{digest}.jpg"] = content
    return found


def latest(minutes: int, width: int = 320) -> Latest:
    """Return what a pointer says of a photo taken so many minutes after noon."""
    return Latest(
        NOON + timedelta(minutes=minutes), (LatestSize(width, width * 3 // 4, f"lake/{minutes}_{width}.jpg"),)
    )


def parts_in(folder: Path) -> list[Path]:
    """Return the files that somebody left half written."""
    return list(folder.rglob(".*.part"))
