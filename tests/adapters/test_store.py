"""What the store promises: an object is written once, confirmed, and its address never means other bytes."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from kootenay.adapters.store import FOR_EVER, FolderStore, S3Store, Store, open_store
from kootenay.errors import StoreError, is_transient
from rig.processes import free_port
from tests.adapters.conftest import jpeg, names

KEY = "lake/2026/06/21/20260621T200000Z_320_0123456789ab.jpg"
FILM = "lake/films/day/2026-06-21_0123456789ab.mp4"


def client_at(port: int) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20),
    )


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A client of a real S3 server of moto's on a loopback port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield client_at(port)
    server.stop()


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    """A bucket that keeps every version, so that a second write shows."""
    name = f"b{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture(params=["folder", "s3", "s3 below a prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    s3, bucket = request.getfixturevalue("s3"), request.getfixturevalue("bucket")
    return S3Store(lambda: s3, bucket, "site/media/" if "prefix" in request.param else "", "https://media.example/")


@pytest.mark.parametrize(("key", "content"), [(KEY, jpeg()), (FILM, b"\0" * 300_000)], ids=["photo", "film"])
def test_what_was_put_is_got(store: Store, key: str, content: bytes) -> None:
    store.put(key, content)
    assert store.get(key) == content


def test_the_same_again_changes_nothing(store: Store) -> None:
    store.put(KEY, jpeg())
    store.put(KEY, jpeg())
    assert store.get(KEY) == jpeg()


def test_other_bytes_under_the_same_name_are_refused_and_the_first_ones_stand(store: Store) -> None:
    store.put(KEY, jpeg(colour=(1, 2, 3)))
    with pytest.raises(StoreError, match="holds other bytes than its name says") as caught:
        store.put(KEY, jpeg(colour=(3, 2, 1)))
    assert KEY in str(caught.value)
    assert store.get(KEY) == jpeg(colour=(1, 2, 3))


def test_an_object_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="the store has no") as caught:
        store.get(KEY)
    assert KEY in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("key", "kind"), [(KEY, "image/jpeg"), (FILM, "video/mp4")], ids=["photo", "film"])
def test_an_object_says_what_it_is_and_may_be_kept_for_ever(s3: Any, bucket: str, key: str, kind: str) -> None:
    content = jpeg()
    S3Store(lambda: s3, bucket, "site", "").put(key, content)
    head = s3.head_object(Bucket=bucket, Key=f"site/{key}")
    assert head["ContentType"] == kind
    assert head["CacheControl"] == FOR_EVER == "public, max-age=31536000, immutable"
    assert head["ContentLength"] == len(content)


def test_an_object_goes_out_with_its_hash_and_only_where_nothing_stands(s3: Any, bucket: str) -> None:
    sent: list[dict[str, str]] = []

    def note(request: Any, **_: Any) -> None:
        sent.append({name.lower(): str(value, "ascii") for name, value in request.headers.items() if name[0] in "Ixi"})

    s3.meta.events.register("before-send.s3.PutObject", note, unique_id="note")
    try:
        S3Store(lambda: s3, bucket, "", "").put(KEY, jpeg())
    finally:
        s3.meta.events.unregister("before-send.s3.PutObject", unique_id="note")
    (headers,) = sent
    assert headers["x-amz-checksum-sha256"] == base64.b64encode(hashlib.sha256(jpeg()).digest()).decode()
    assert headers["if-none-match"] == "*"


def test_a_second_put_does_not_write_a_second_time(s3: Any, bucket: str) -> None:
    store = S3Store(lambda: s3, bucket, "", "")
    store.put(KEY, jpeg())
    store.put(KEY, jpeg())
    with pytest.raises(StoreError):
        store.put(KEY, b"other")
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def test_a_bucket_that_is_not_there_is_named(s3: Any) -> None:
    store = S3Store(lambda: s3, "no-such-bucket", "", "")
    with pytest.raises(StoreError, match=f"s3://no-such-bucket/{KEY} was not written"):
        store.put(KEY, jpeg())
    with pytest.raises(StoreError, match="NoSuchBucket"):
        store.get(KEY)


@pytest.mark.parametrize("verb", ["put", "get"])
def test_an_s3_that_does_not_answer_is_asked_again_later(verb: str) -> None:
    client = client_at(free_port())
    store = S3Store(lambda: client, "bucket", "", "")
    with pytest.raises(StoreError, match="Could not connect") as caught:
        store.put(KEY, jpeg()) if verb == "put" else store.get(KEY)
    assert is_transient(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_damaged_on_the_disk_is_noticed_and_left_alone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / KEY).parent.mkdir(parents=True)
    (tmp_path / KEY).write_bytes(jpeg()[:100])
    with pytest.raises(StoreError, match="move it away"):
        store.put(KEY, jpeg())
    assert names(tmp_path) == [KEY]
    assert (tmp_path / KEY).read_bytes() == jpeg()[:100]


@pytest.mark.parametrize(
    ("url", "public_url", "address"),
    [
        pytest.param("file:store", "", "/media/a/b.jpg", id="folder: the gallery's own"),
        pytest.param("file:store", "https://cdn.example/", "https://cdn.example/a/b.jpg", id="folder elsewhere"),
        pytest.param("s3://lake", "", "https://lake.s3.amazonaws.com/a/b.jpg", id="bucket"),
        pytest.param("s3://lake/x/y", "", "https://lake.s3.amazonaws.com/x/y/a/b.jpg", id="bucket and prefix"),
        pytest.param("s3://lake/x/", "", "https://lake.s3.amazonaws.com/x/a/b.jpg", id="bucket and prefix, a slash"),
        pytest.param("s3://lake/x", "https://cdn.example", "https://cdn.example/a/b.jpg", id="bucket behind a CDN"),
    ],
)
def test_an_address_is_known_without_asking_anybody(tmp_path: Path, url: str, public_url: str, address: str) -> None:
    store = open_store(url, tmp_path, public_url, lambda: pytest.fail("it connected"))
    assert store.url("a/b.jpg") == address


def test_the_address_written_in_the_settings_decides_bucket_and_prefix(s3: Any, bucket: str) -> None:
    open_store(f"s3://{bucket}/x/y/", Path("unused"), "", lambda: s3).put(KEY, jpeg())
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [f"x/y/{KEY}"]
