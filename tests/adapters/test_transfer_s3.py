"""What the way to S3 promises, on moto's server: whole objects with their hash, a receipt that is S3's own checksum."""

import base64
import contextlib
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from kootenay.adapters.spool import SpooledPhoto
from kootenay.adapters.transfer import Access, is_confirmed, open_target
from kootenay.adapters.transfer.s3 import S3Target, client_options
from kootenay.errors import PhotoRefusedError, TransferError, TransferRefusedError, is_transient
from kootenay.settings import load_settings
from kootenay.wiring import target_of
from rig.link import Link
from rig.processes import free_port
from tests.adapters.conftest import SLOT, STEP
from tests.adapters.transfers import SIZE, files_of, photo_in

SECRET = "not-in-any-file"
numbers = count()


def client_at(port: int, timeout: float = 20) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="AKIALAKE",
        aws_secret_access_key=SECRET,
        config=Config(**client_options(timeout) | {"retries": {"total_max_attempts": 1}}),
    )


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a real S3 server of moto's."""
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    yield int(aws.get_host_and_port()[1])
    aws.stop()


@pytest.fixture(scope="module")
def s3(server: int) -> Any:
    return client_at(server)


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"lake-{next(numbers)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def link(server: int) -> Iterator[Link]:
    link = Link(server)
    link.start()
    yield link
    link.stop()


def objects(s3: Any, bucket: str) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed}


def put_by_hand(s3: Any, bucket: str, path: Path, content: bytes) -> None:
    checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
    s3.put_object(Bucket=bucket, Key=path.name, Body=content, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum)


@pytest.mark.parametrize(
    ("path", "prefix"), [("", ""), ("/", ""), ("/a/b", "a/b/"), ("/a/b/", "a/b/")], ids=["bare", "slash", "ab", "ab/"]
)
def test_all_files_of_a_photo_arrive_byte_for_byte_and_its_sidecar_last(
    s3: Any, bucket: str, tmp_path: Path, path: str, prefix: str
) -> None:
    spooled = photo_in(tmp_path, SIZE, raw=20_000_000)
    requests: list[tuple[str, str]] = []
    s3.meta.events.register("before-send.s3", lambda request, **_: requests.append((request.method, request.url)), "n")
    try:
        with open_target(f"s3://{bucket}{path}", Path("unused"), Access(), lambda: s3) as target:
            target.send(spooled)
    finally:
        s3.meta.events.unregister("before-send.s3", unique_id="n")
    assert objects(s3, bucket) == {prefix + name: content for name, content in files_of(spooled).items()}
    assert [method for method, _ in requests] == ["PUT"] * 3, "one put a file, however large"
    assert [url.rpartition("/")[2].partition("?")[0] for _, url in requests] == [each.name for each in spooled.files]


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [(".jpg", "image/jpeg"), (".json", "application/json"), (".cr3", "application/octet-stream")],
)
def test_an_object_says_what_it_is_and_has_the_hash_of_all_its_bytes(
    s3: Any, bucket: str, tmp_path: Path, suffix: str, kind: str
) -> None:
    spooled = photo_in(tmp_path, raw=1000)
    S3Target(s3, bucket, "").send(spooled)
    path = spooled.photo.with_suffix(suffix)
    head = s3.head_object(Bucket=bucket, Key=path.name, ChecksumMode="ENABLED")
    assert head["ContentType"] == kind
    assert base64.b64decode(head["ChecksumSHA256"]) == hashlib.sha256(path.read_bytes()).digest()


def test_the_receipt_is_what_s3_itself_has_summed(s3: Any, bucket: str, tmp_path: Path) -> None:
    target, spooled = S3Target(s3, bucket, ""), photo_in(tmp_path, raw=1000)
    later = photo_in(tmp_path, slot=SLOT + STEP)
    assert target.receipts([spooled]) == {}
    target.send(spooled)
    assert target.receipts([spooled, later]) == {spooled.sidecar.stem: spooled.sidecar.sha256}
    assert is_confirmed(spooled, target.receipts([spooled])[spooled.sidecar.stem])
    target.forget(spooled.sidecar.stem)
    assert target.receipts([spooled]) != {}
    assert target.tidy(()) == 0


@pytest.mark.parametrize("suffix", [".jpg", ".cr3"], ids=["photo", "companion"])
def test_other_bytes_in_the_bucket_confirm_nothing_and_are_healed(
    s3: Any, bucket: str, tmp_path: Path, suffix: str
) -> None:
    target, spooled = S3Target(s3, bucket, ""), photo_in(tmp_path, raw=1000)
    target.send(spooled)
    put_by_hand(s3, bucket, spooled.photo.with_suffix(suffix), b"damaged on the way")
    found = target.receipts([spooled])[spooled.sidecar.stem]
    assert found == hashlib.sha256(b"damaged on the way").hexdigest()
    assert not is_confirmed(spooled, found)
    target.send(spooled)
    assert is_confirmed(spooled, target.receipts([spooled])[spooled.sidecar.stem])


@pytest.mark.parametrize("suffix", [".jpg", ".cr3", ".json"], ids=["photo", "companion", "sidecar"])
def test_a_photo_of_which_a_file_is_missing_is_not_confirmed(s3: Any, bucket: str, tmp_path: Path, suffix: str) -> None:
    target, spooled = S3Target(s3, bucket, ""), photo_in(tmp_path, raw=1000)
    target.send(spooled)
    s3.delete_object(Bucket=bucket, Key=spooled.photo.with_suffix(suffix).name)
    assert target.receipts([spooled]) == {}


def test_an_object_without_a_hash_is_no_receipt(s3: Any, bucket: str, tmp_path: Path) -> None:
    target, spooled = S3Target(s3, bucket, ""), photo_in(tmp_path)
    target.send(spooled)
    s3.put_object(Bucket=bucket, Key=spooled.photo.name, Body=spooled.photo.read_bytes())
    assert target.receipts([spooled]) == {}


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999, 1], ids=lambda share: f"{share:.1%}")
def test_a_link_that_breaks_shows_no_partial_and_the_next_try_heals(
    s3: Any, bucket: str, link: Link, tmp_path: Path, share: float
) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    before = files_of(spooled)
    target = S3Target(client_at(link.port), bucket, "")
    link.cut_after(int(SIZE * share) if share < 1 else bytes_of_a_put(target, link, tmp_path / "measured"))
    with pytest.raises(TransferError, match=rf"\(.+\); {spooled.photo.name} stays in the spool") as caught:
        target.send(spooled)
    assert type(caught.value) is TransferError
    assert files_of(spooled) == before
    there = {key: content for key, content in objects(s3, bucket).items() if key.startswith(spooled.photo.stem)}
    assert there.items() <= before.items()
    assert spooled.sidecar_path.name not in there
    target.send(spooled)
    assert before.items() <= objects(s3, bucket).items()
    assert is_confirmed(spooled, target.receipts([spooled])[spooled.sidecar.stem])


@pytest.mark.parametrize(("path", "prefix"), [("", ""), ("/a/b", "a/b/")], ids=["bare", "ab"])
def test_a_status_takes_the_place_of_the_one_before(s3: Any, bucket: str, path: str, prefix: str) -> None:
    with open_target(f"s3://{bucket}{path}", Path("unused"), Access(), lambda: s3) as target:
        for content in (b"long ago", b"just now"):
            target.tell("lake", content)
            assert objects(s3, bucket) == {f"{prefix}status/lake.json": content}
    assert s3.head_object(Bucket=bucket, Key=f"{prefix}status/lake.json")["ContentType"] == "application/json"


def test_a_status_that_cannot_be_told_is_one_line(s3: Any) -> None:
    with pytest.raises(TransferRefusedError, match=r"took no status of lake .+ its last one stands.+make the bucket"):
        S3Target(s3, "no-such-bucket", "").tell("lake", b"just now")


def bytes_of_a_put(target: S3Target, link: Link, folder: Path) -> int:
    """Measure what passes to the server for one photo of that size: its answer is then what breaks."""
    other = photo_in(folder, SIZE, slot=SLOT + STEP)
    passed = link.upstream
    target._put(other.photo.name, other.photo.read_bytes())
    return link.upstream - passed


def test_a_frozen_link_is_given_up_at_the_timeout(s3: Any, bucket: str, link: Link, tmp_path: Path) -> None:
    spooled = photo_in(tmp_path, SIZE)
    target = S3Target(client_at(link.port, timeout=0.5), bucket, "")
    link.freeze()
    for touch in (lambda: target.send(spooled), lambda: target.receipts([spooled])):
        with pytest.raises(TransferError, match=r"(?i)time") as caught:
            touch()
        assert type(caught.value) is TransferError
    link.mend()
    for _ in range(5):  # what was frozen on its way reaches the server now, and may be in the way
        with contextlib.suppress(TransferError):
            target.send(spooled)
            break
    assert objects(s3, bucket) == files_of(spooled)


def test_a_server_that_does_not_answer_is_asked_again_later(tmp_path: Path) -> None:
    target = S3Target(client_at(free_port()), "lake", "")
    with pytest.raises(TransferError, match="Could not connect") as caught:
        target.send(photo_in(tmp_path))
    assert is_transient(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "status", "kind", "words"),
    [
        pytest.param("AccessDenied", 403, TransferRefusedError, "see that its policy", id="denied"),
        pytest.param("NoSuchBucket", 404, TransferRefusedError, "make the bucket", id="no bucket"),
        pytest.param("InvalidAccessKeyId", 403, TransferRefusedError, "credentials_block", id="unknown key"),
        pytest.param("ExpiredToken", 400, TransferRefusedError, "renew", id="expired"),
        pytest.param("RequestTimeTooSkewed", 403, TransferError, "stays in the spool", id="this host's clock"),
        pytest.param("BadDigest", 400, PhotoRefusedError, "stays in the spool", id="other bytes than their hash"),
        pytest.param("SlowDown", 503, TransferError, "stays in the spool", id="busy"),
        pytest.param("InternalError", 500, TransferError, "stays in the spool", id="broken"),
    ],
)
def test_what_s3_says_is_classified(
    s3: Any, tmp_path: Path, code: str, status: int, kind: type[TransferError], words: str
) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", code, "as S3 has it", status)
        with pytest.raises(TransferError, match=rf"\(.*{code}.*as S3 has it\); .*{words}") as caught:
            S3Target(s3, "lake", "").send(photo_in(tmp_path))
    assert type(caught.value) is kind


def test_a_bucket_that_is_not_there_is_named(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(TransferRefusedError, match=r"s3://no-such-lake took no .*NoSuchBucket"):
        S3Target(s3, "no-such-lake", "").send(photo_in(tmp_path))


def test_a_head_that_is_denied_is_no_missing_photo(s3: Any, tmp_path: Path) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", "403", "Forbidden", 403)
        with pytest.raises(TransferRefusedError, match="gave no receipts"):
            S3Target(s3, "lake", "").receipts([photo_in(tmp_path)])


@pytest.mark.parametrize(
    ("trouble", "kind", "words"),
    [
        (NoCredentialsError(), TransferRefusedError, "see .upload. credentials_block, or boto3's own chain"),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole"), TransferRefusedError, "see that its policy"),
    ],
    ids=["none", "not assumed"],
)
def test_credentials_that_do_not_come_are_final(trouble: Exception, kind: type[TransferError], words: str) -> None:
    def connect() -> Any:
        raise trouble

    with (
        pytest.raises(kind, match=rf"cannot be reached \(.+\); nothing was sent.*{words}"),
        open_target("s3://lake/", Path("unused"), Access(), connect),
    ):
        pytest.fail("it was let in")


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: (path.unlink(), path.mkdir())], ids=["gone", "a folder"])
def test_a_file_of_the_spool_that_cannot_be_read_is_that_photos_trouble(
    s3: Any, bucket: str, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    poison, good = photo_in(tmp_path), photo_in(tmp_path, slot=SLOT + STEP)
    harm(poison.photo)
    target = S3Target(s3, bucket, "")
    with pytest.raises(PhotoRefusedError, match=f"{poison.photo} cannot be read"):
        target.send(poison)
    target.send(good)
    assert objects(s3, bucket) == files_of(good)


def test_the_settings_alone_lead_there_by_boto3s_own_chain(
    s3: Any, server: int, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server}",
        "AWS_ACCESS_KEY_ID": "AKIALAKE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "KOOTENAY_UPLOAD__TARGET": f"s3://{bucket}/spool",
        "KOOTENAY_UPLOAD__TIMEOUT_SECONDS": "7",
    }.items():
        monkeypatch.setenv(name, value)
    caplog.set_level(logging.DEBUG)
    spooled: SpooledPhoto = photo_in(tmp_path)
    with target_of(load_settings()) as target:
        assert isinstance(target, S3Target)
        assert (target.client.meta.config.read_timeout, target.client.meta.config.connect_timeout) == (7, 7)
        target.send(spooled)
    assert objects(s3, bucket) == {f"spool/{name}": content for name, content in files_of(spooled).items()}
    assert SECRET not in caplog.text


def test_a_bandwidth_cap_is_kept(s3: Any, bucket: str, tmp_path: Path) -> None:
    spooled = photo_in(tmp_path, SIZE)
    begun = time.monotonic()
    S3Target(s3, bucket, "", bytes_per_second=2_000_000).send(spooled)
    assert time.monotonic() - begun >= SIZE / 2_000_000 * 0.6
    assert objects(s3, bucket) == files_of(spooled)
