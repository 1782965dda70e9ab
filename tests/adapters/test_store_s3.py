"""What the store promises of a bucket: whole objects with their hash, each written once, and plain words of S3's no."""

import base64
import hashlib
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

from kootenay.adapters.store import FOR_A_MOMENT, FOR_EVER, S3Store, open_store, pointer_key
from kootenay.adapters.store.s3 import CONNECTIONS, WORTH_ASKING, client_options
from kootenay.errors import StoreError, StoreRefusedError, is_transient
from kootenay.settings import load_settings
from kootenay.wiring import _s3, store_of
from rig.faulty_s3 import FaultyS3
from rig.processes import free_port
from tests.adapters.conftest import jpeg
from tests.adapters.stores import (
    FILM,
    KEY,
    client_at,
    faulty,
    latest,
    moto,
    new_bucket,
    objects,
    photo,
    store_on,
    versions,
)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyS3]:
    with moto() as target, faulty(target) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def s3(server: FaultyS3) -> Any:
    return client_at(server.port)


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    return new_bucket(s3, request)


@pytest.mark.parametrize(("key", "kind"), [(KEY, "image/jpeg"), (FILM, "video/mp4")], ids=["photo", "film"])
def test_an_object_says_what_it_is_and_may_be_kept_for_ever(s3: Any, bucket: str, key: str, kind: str) -> None:
    content = jpeg()
    store_on(s3, bucket, "site").put(key, content)
    head = s3.head_object(Bucket=bucket, Key=f"site/{key}", ChecksumMode="ENABLED")
    assert head["ContentType"] == kind
    assert head["CacheControl"] == FOR_EVER == "public, max-age=31536000, immutable"
    assert head["ContentLength"] == len(content)
    assert base64.b64decode(head["ChecksumSHA256"]) == hashlib.sha256(content).digest()


def test_a_pointer_may_be_kept_for_a_moment_and_says_what_a_page_needs(s3: Any, bucket: str) -> None:
    store_on(s3, bucket, "site").point_latest("lake", latest(5))
    answer = s3.get_object(Bucket=bucket, Key=f"site/{pointer_key('lake')}")
    assert answer["CacheControl"] == FOR_A_MOMENT == "public, max-age=30, stale-while-revalidate=60"
    assert answer["ContentType"] == "application/json"
    assert json.loads(answer["Body"].read()) == {
        "taken_at": "2026-06-21T19:05:00Z",
        "sizes": [{"width": 320, "height": 240, "key": "lake/5_320.jpg"}],
    }


def sent_by(s3: Any, touch: Any) -> list[dict[str, str]]:
    """Return the headers of the puts that a call sends."""
    sent: list[dict[str, str]] = []

    def note(request: Any, **_: Any) -> None:
        text = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
        sent.append({name.lower(): value for name, value in text.items()})

    s3.meta.events.register("before-send.s3.PutObject", note, unique_id="note")
    try:
        touch()
    finally:
        s3.meta.events.unregister("before-send.s3.PutObject", unique_id="note")
    return sent


def test_an_object_goes_out_with_its_hash_and_only_where_nothing_stands(s3: Any, bucket: str) -> None:
    (headers,) = sent_by(s3, lambda: store_on(s3, bucket).put(KEY, jpeg()))
    assert headers["x-amz-checksum-sha256"] == base64.b64encode(hashlib.sha256(jpeg()).digest()).decode()
    assert headers["if-none-match"] == "*"
    assert "x-amz-acl" not in headers


def test_a_small_object_goes_out_at_once_and_a_large_one_when_s3_will_have_it(s3: Any, bucket: str) -> None:
    store = store_on(s3, bucket)
    (small,) = sent_by(s3, lambda: store.put(KEY, b"x" * (WORTH_ASKING - 1)))
    (large,) = sent_by(s3, lambda: store.put(FILM, b"x" * WORTH_ASKING))
    assert "expect" not in small
    assert large["expect"] == "100-continue"
    s3.put_object(Bucket=bucket, Key="of-others", Body=io.BytesIO(b"x"))


def test_an_acl_is_set_where_the_settings_say_so(s3: Any, bucket: str) -> None:
    store = store_on(s3, bucket, acl="public-read")
    sent = sent_by(s3, lambda: (store.put_all(photo()), store.point_latest("lake", latest(5))))
    assert [headers["x-amz-acl"] for headers in sent] == ["public-read"] * 6
    grants = s3.get_object_acl(Bucket=bucket, Key=next(iter(photo())))["Grants"]
    assert any(grant["Permission"] == "READ" and "AllUsers" in grant["Grantee"].get("URI", "") for grant in grants)


def test_a_second_put_does_not_write_a_second_time(s3: Any, bucket: str) -> None:
    store = store_on(s3, bucket)
    store.put(KEY, jpeg())
    store.put(KEY, jpeg())
    with pytest.raises(StoreRefusedError):
        store.put(KEY, b"other")
    assert versions(s3, bucket) == 1


def test_what_stands_there_is_compared_without_fetching_it(server: FaultyS3, s3: Any, bucket: str) -> None:
    store = store_on(s3, bucket)
    store.put(KEY, jpeg())
    before = len(server.seen)
    store.put(KEY, jpeg())
    assert [method for method, _ in server.seen[before:]] == ["PUT", "HEAD"]


@pytest.mark.parametrize("content", [jpeg(), b"other"], ids=["equal", "other"])
def test_an_older_object_without_a_hash_is_read(s3: Any, bucket: str, content: bytes) -> None:
    store = store_on(s3, bucket)
    s3.put_object(Bucket=bucket, Key=KEY, Body=content)
    assert "ChecksumSHA256" not in s3.head_object(Bucket=bucket, Key=KEY, ChecksumMode="ENABLED")
    assert store.sha256(KEY) == hashlib.sha256(content).hexdigest()
    if content == jpeg():
        store.put(KEY, jpeg())
    else:
        with pytest.raises(StoreRefusedError, match="holds other bytes"):
            store.put(KEY, jpeg())
    assert objects(s3, bucket) == {KEY: content}


def test_an_object_put_in_parts_has_the_hash_of_its_bytes(s3: Any, bucket: str) -> None:
    """S3's own checksum of one is a hash of hashes, with the count of parts behind it."""
    facts = {"Bucket": bucket, "Key": FILM}
    content = b"\0" * 5_300_000
    upload = s3.create_multipart_upload(**facts, ChecksumAlgorithm="SHA256")["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**facts, PartNumber=number, UploadId=upload, Body=part, ChecksumAlgorithm="SHA256")[
                "ETag"
            ],
        }
        for number, part in enumerate([content[:5_242_880], content[5_242_880:]], 1)
    ]
    s3.complete_multipart_upload(**facts, UploadId=upload, MultipartUpload={"Parts": parts})
    assert store_on(s3, bucket).sha256(FILM) == hashlib.sha256(content).hexdigest()
    store_on(s3, bucket).put(FILM, content)


def test_a_server_that_knows_no_conditions_is_asked_what_stands_there(
    server: FaultyS3, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "knows_conditions", False)
    store = store_on(s3, bucket)
    store.put_all(photo())
    store.put_all(photo())
    store.put(KEY, jpeg())
    with pytest.raises(StoreRefusedError, match="holds other bytes"):
        store.put(KEY, b"other")
    assert store.point_latest("lake", latest(5))
    assert not store.point_latest("lake", latest(4))
    assert store.point_latest("lake", latest(6))
    assert versions(s3, bucket) == 5 + 1 + 2
    assert store.get(KEY) == jpeg()
    assert store.latest("lake") == latest(6)


def test_a_pointer_that_nobody_can_read_is_replaced(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key=pointer_key("lake"), Body=b"<html>")
    store = store_on(s3, bucket)
    assert store.latest("lake") is None
    assert store.point_latest("lake", latest(5))
    assert store.latest("lake") == latest(5)


def test_a_long_listing_and_a_long_deletion_go_in_pages(server: FaultyS3, s3: Any, bucket: str) -> None:
    store = store_on(s3, bucket, "site")
    keys = [f"lake/{number}.jpg" for number in range(2100)]
    s3.put_object(Bucket=bucket, Key="beside/it.jpg", Body=b"x")
    for key in keys[:1050]:
        s3.put_object(Bucket=bucket, Key=f"site/{key}", Body=b"x")
    before = len(server.seen)
    assert sorted(store.list("lake/")) == sorted((key, 1) for key in keys[:1050])
    assert len(server.seen) - before == 2
    store.delete(keys)
    assert [method for method, _ in server.seen[before:]].count("POST") == 3
    assert list(store.list()) == []
    assert list(objects(s3, bucket)) == ["beside/it.jpg"]


def test_an_object_that_may_not_be_deleted_is_told_and_the_others_go(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_response("delete_objects", {"Errors": [{"Key": "a.jpg", "Code": "AccessDenied", "Message": "No"}]})
        stub.add_response("delete_objects", {})
        keys = ["a.jpg", *(f"{number}.jpg" for number in range(1000))]
        with pytest.raises(
            StoreRefusedError, match=r"s3://lake/a.jpg was not deleted \(AccessDenied: No\); it stands:"
        ):
            store_on(s3, "lake").delete(keys)
        stub.assert_no_pending_responses()
        stub.add_response("delete_objects", {"Errors": [{"Key": "a.jpg", "Code": "InternalError", "Message": "Oh"}]})
        with pytest.raises(StoreError, match="InternalError") as caught:
            store_on(s3, "lake").delete(["a.jpg"])
        assert is_transient(caught.value)


def test_a_bucket_that_is_not_there_is_named_by_every_verb(s3: Any) -> None:
    store = store_on(s3, "no-such-bucket")
    touches = {
        f"s3://no-such-bucket/{KEY} was not written": lambda: store.put(KEY, jpeg()),
        "was not written": lambda: store.put_all(photo()),
        f"the store did not give s3://no-such-bucket/{KEY}": lambda: store.get(KEY),
        "did not say whether": lambda: store.has(KEY),
        "did not give the hash": lambda: store.sha256(KEY),
        "was not listed": lambda: list(store.list()),
        "were not deleted": lambda: store.delete([KEY]),
        "latest/lake.json was not written": lambda: store.point_latest("lake", latest(5)),
        "latest/lake.json": lambda: store.latest("lake"),
    }
    for words, touch in touches.items():
        with pytest.raises(StoreRefusedError, match=rf"{words}.*NoSuchBucket.*: make the bucket") as caught:
            touch()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "status", "final", "words"),
    [
        pytest.param("AccessDenied", 403, True, "let these credentials", id="denied"),
        pytest.param("AccessControlListNotSupported", 400, True, "empty .store. acl", id="no ACLs"),
        pytest.param("InvalidAccessKeyId", 403, True, "credentials_block", id="unknown key"),
        pytest.param("ExpiredToken", 400, True, "renew", id="expired"),
        pytest.param("NotImplemented", 501, True, "lacks something", id="a server that lacks more than conditions"),
        pytest.param("RequestTimeTooSkewed", 403, False, "try again later", id="this host's clock"),
        pytest.param("BadDigest", 400, False, "try again later", id="damaged on the way"),
        pytest.param("SlowDown", 503, False, "try again later", id="throttled"),
        pytest.param("InternalError", 500, False, "try again later", id="broken"),
        pytest.param("RequestTimeout", 400, False, "try again later", id="too slow"),
    ],
)
def test_what_s3_says_is_classified(s3: Any, code: str, status: int, final: bool, words: str) -> None:
    store = store_on(s3, "lake")
    store._knows_conditions = code != "NotImplemented"
    with Stubber(s3) as stub:
        if code == "NotImplemented":
            stub.add_client_error("head_object", "404", "Not Found", 404)
            stub.add_client_error("get_object", "NoSuchKey", "none", 404)
        stub.add_client_error("put_object", code, "as S3 has it", status)
        with pytest.raises(
            StoreError, match=rf"\(.*{code}.*as S3 has it\); it stands there whole or not at all: .*{words}"
        ) as caught:
            store.put(KEY, jpeg())
    assert is_transient(caught.value) is not final
    assert "\n" not in str(caught.value)


def test_of_several_errors_the_one_that_will_not_pass_is_told(s3: Any) -> None:
    with Stubber(s3) as stub:
        for code in ("SlowDown", "SlowDown", "AccessDenied", "SlowDown", "SlowDown"):
            stub.add_client_error("put_object", code, "No", 403)
        with pytest.raises(StoreRefusedError, match="AccessDenied"):
            store_on(s3, "lake").put_all(photo())


def test_credentials_that_do_not_come_are_final() -> None:
    def connect() -> Any:
        raise NoCredentialsError

    for touch in (lambda store: store.put(KEY, b"x"), lambda store: store.put_all({KEY: b"x"})):
        with pytest.raises(StoreRefusedError, match=r"see .store. credentials_block, or boto3's own chain"):
            touch(S3Store(connect, "lake", "", ""))


@pytest.mark.parametrize("verb", ["put", "get"])
def test_an_s3_that_does_not_answer_is_asked_again_later(verb: str) -> None:
    store = store_on(client_at(free_port()), "bucket")
    with pytest.raises(StoreError, match="Could not connect") as caught:
        store.put(KEY, jpeg()) if verb == "put" else store.get(KEY)
    assert is_transient(caught.value)
    assert "\n" not in str(caught.value)


def test_photos_that_begin_at_once_share_one_client(s3: Any, bucket: str) -> None:
    made = []

    def connect() -> Any:
        made.append(threading.current_thread())
        return s3

    store = S3Store(connect, bucket, "", "")
    threads = [threading.Thread(target=store.put_all, args=(photo(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(objects(s3, bucket)) == 40


def test_the_address_written_in_the_settings_decides_bucket_and_prefix(s3: Any, bucket: str) -> None:
    open_store(f"s3://{bucket}/x/y/", Path("unused"), "", lambda: s3).put(KEY, jpeg())
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [f"x/y/{KEY}"]


def test_the_settings_alone_lead_there_with_waits_tries_and_connections_of_our_own(
    server: FaultyS3, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "KOOTENAY_STORE__URL": f"s3://{bucket}/site",
    }.items():
        monkeypatch.setenv(name, value)
    _s3.cache_clear()
    try:
        store = store_of(load_settings())
        assert isinstance(store, S3Store)
        store.put_all(photo())
        config, options = store.client.meta.config, client_options()
    finally:
        _s3.cache_clear()
    assert objects(s3, bucket) == {f"site/{key}": content for key, content in photo().items()}
    assert (config.connect_timeout, config.read_timeout) == (options["connect_timeout"], options["read_timeout"])
    assert config.max_pool_connections == CONNECTIONS
    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
