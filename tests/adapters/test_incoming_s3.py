"""What an incoming prefix of a bucket promises, on moto's server over HTTP: all pages, one claim, nothing lost."""

import base64
import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

from kootenay.adapters.incoming import Arrival, Incoming, open_incoming
from kootenay.adapters.incoming import s3 as module
from kootenay.adapters.transfer import is_confirmed
from kootenay.adapters.transfer.s3 import S3Target
from kootenay.errors import IncomingError
from rig.processes import free_port
from tests.adapters.conftest import SLOT, STEP, jpeg, names
from tests.adapters.stores import client_at, moto
from tests.adapters.transfers import photo_in

QUIET = timedelta(seconds=20)
numbers = count()


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with moto() as port:
        yield port


@pytest.fixture(scope="module")
def s3(server: int) -> Any:
    return client_at(server)


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"incoming-{next(numbers)}"
    s3.create_bucket(Bucket=name)
    return name


def opened(s3: Any, bucket: str, tmp_path: Path, prefix: str = "/spool") -> Incoming:
    quarantine, work = tmp_path / "quarantine", tmp_path / "work"
    return open_incoming(
        f"s3://{bucket}{prefix}", Path("unused"), quarantine, work, QUIET, ("lake", "north"), lambda: s3
    )


@pytest.fixture
def incoming(s3: Any, bucket: str, tmp_path: Path) -> Incoming:
    return opened(s3, bucket, tmp_path)


def keys(s3: Any, bucket: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def only(incoming: Incoming, now: datetime | None = None) -> Arrival:
    (arrival,) = incoming.look(now or datetime.now(UTC)).ready
    return arrival


@pytest.mark.parametrize("prefix", ["", "/a/b"])
def test_what_the_upload_sends_is_ready_and_comes_byte_for_byte(
    s3: Any, bucket: str, tmp_path: Path, prefix: str
) -> None:
    target, incoming = S3Target(s3, bucket, prefix), opened(s3, bucket, tmp_path, prefix)
    later = photo_in(tmp_path / "spool", slot=SLOT + STEP)
    first = photo_in(tmp_path / "spool", raw=1_500_000)
    for spooled in (later, first):
        target.send(spooled)
    look = incoming.look(datetime.now(UTC))
    assert [each.name for each in look.ready] == [first.photo.name, later.photo.name]
    assert (look.misfits, look.waiting, look.orphans, look.settling, look.others) == ([], [], [], 0, 0)
    with incoming.claim(look.ready[0]) as claim:
        assert claim
        content = {path.suffix: path.read_bytes() for path in claim.originals}
        assert content == {each: first.photo.with_suffix(each).read_bytes() for each in (".jpg", ".cr3")}
        assert list(claim.originals.values()) == [first.sidecar.sha256, first.sidecar.companions[0].sha256]
        incoming.remove(look.ready[0])
    assert [Path(key).stem for key in keys(s3, bucket)] == [later.photo.stem] * 2, "no claim is left"
    assert names(tmp_path / "work") == []


def test_a_photo_without_sidecar_is_ready_when_left_alone_and_has_s3s_hash_if_any(
    s3: Any, bucket: str, incoming: Incoming
) -> None:
    content = jpeg()
    digest = hashlib.sha256(content)
    summed = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": base64.b64encode(digest.digest()).decode()}
    s3.put_object(Bucket=bucket, Key="spool/lake/ü b.JPG", Body=content, **summed)
    assert incoming.look(datetime.now(UTC)).settling == 1
    arrival = only(incoming, datetime.now(UTC) + QUIET)
    assert (arrival.name, arrival.camera, arrival.sidecar) == ("lake/ü b.JPG", "lake", None)
    with incoming.claim(arrival) as claim:
        assert claim
        assert list(claim.originals.values()) == [digest.hexdigest()]
    incoming.remove(arrival)
    assert keys(s3, bucket) == []


def test_a_clock_behind_s3s_costs_a_second_look(s3: Any, bucket: str, incoming: Incoming) -> None:
    s3.put_object(Bucket=bucket, Key="spool/lake/a.jpg", Body=jpeg())
    before = datetime.now(UTC) - timedelta(days=9)
    assert [len(incoming.look(before + timedelta(seconds=each)).ready) for each in (0, 19, 20)] == [0, 0, 1]


@pytest.mark.parametrize("key", ["x/../../etc.jpg", "../up.jpg", "elsewhere/a.jpg", "receipts/a.jpg", "..jpg", "a.nef"])
def test_what_is_no_photo_of_this_place_is_left_alone(s3: Any, bucket: str, incoming: Incoming, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=f"spool/{key}", Body=b"x")
    s3.put_object(Bucket=bucket, Key="spool/", Body=b"")
    s3.put_object(Bucket=bucket, Key="spoolother.jpg", Body=b"x")
    look = incoming.look(datetime.now(UTC) + timedelta(days=1))
    assert (look.ready, look.misfits, look.settling) == ([], [], 0)
    assert look.others == (key == "a.nef")
    assert len(keys(s3, bucket)) == 3


def test_every_page_of_a_listing_is_read(s3: Any, bucket: str, incoming: Incoming) -> None:
    for number in range(1005):
        s3.put_object(Bucket=bucket, Key=f"spool/lake/{number}.jpg", Body=b"x")
    assert len(incoming.look(datetime.now(UTC) + QUIET).ready) == 1005


def test_a_listing_that_breaks_on_its_second_page_is_no_short_one(
    s3: Any, bucket: str, incoming: Incoming, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"spool/{number}.jpg", Body=b"x")
    real, asked = s3.list_objects_v2, count()

    def small_pages(**options: Any) -> Any:
        if next(asked):
            return real(**options | {"Bucket": "no-such-bucket"})
        return real(**options, MaxKeys=2)

    monkeypatch.setattr(s3, "list_objects_v2", small_pages)
    with pytest.raises(IncomingError, match=r"cannot be listed; nothing was taken in .*NoSuchBucket") as caught:
        incoming.look(datetime.now(UTC))
    assert "\n" not in str(caught.value)


def test_a_server_that_is_away_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(IncomingError, match=r"s3://lake/spool cannot be listed.*Could not connect"):
        opened(client_at(free_port()), "lake", tmp_path).look(datetime.now(UTC))


def test_a_claim_is_held_against_all_others_and_taken_over_when_its_time_is_over(
    s3: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = opened(s3, bucket, tmp_path), opened(s3, bucket, tmp_path / "two")
    S3Target(s3, bucket, "spool").send(photo_in(tmp_path / "spool"))
    arrival = only(one)
    with one.claim(arrival) as mine:
        assert mine
        with two.claim(arrival) as theirs:
            assert theirs is None
        monkeypatch.setattr(module, "LEASE", timedelta(seconds=-9))
        with two.claim(arrival) as theirs:
            assert theirs
            monkeypatch.undo()
            with one.claim(arrival) as again:
                assert again is None
    assert f"spool/claims/{arrival.name}" not in keys(s3, bucket)
    with two.claim(arrival) as theirs:
        assert theirs


def test_only_the_holder_ends_its_claim(s3: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = opened(s3, bucket, tmp_path), opened(s3, bucket, tmp_path / "two")
    S3Target(s3, bucket, "spool").send(photo_in(tmp_path / "spool"))
    arrival = only(one)
    slow = one.claim(arrival)
    assert slow.__enter__()
    monkeypatch.setattr(module, "LEASE", timedelta(seconds=-9))
    with two.claim(arrival) as theirs:
        assert theirs
        slow.__exit__(None, None, None)
        assert f"spool/claims/{arrival.name}" in keys(s3, bucket)


def test_a_claim_on_nothing_is_dropped(s3: Any, bucket: str, incoming: Incoming) -> None:
    for name in ("a.jpg", "lake/a.jpg"):
        s3.put_object(Bucket=bucket, Key=f"spool/claims/{name}", Body=b"x")
    incoming.look(datetime.now(UTC))
    assert len(keys(s3, bucket)) == 2
    incoming.look(datetime.now(UTC) + timedelta(hours=1))
    assert keys(s3, bucket) == []


@pytest.mark.parametrize("harm", ["gone", "written over"])
def test_what_is_no_longer_the_photo_that_was_seen_is_not_claimed_nor_removed(
    s3: Any, bucket: str, incoming: Incoming, tmp_path: Path, harm: str
) -> None:
    spooled = photo_in(tmp_path / "spool")
    S3Target(s3, bucket, "spool").send(spooled)
    arrival, key = only(incoming), f"spool/{spooled.photo.name}"
    if harm == "gone":
        s3.delete_object(Bucket=bucket, Key=key)
    else:
        s3.put_object(Bucket=bucket, Key=key, Body=b"other")
    with incoming.claim(arrival) as claim:
        assert claim is None
    if harm != "gone":
        incoming.remove(arrival)
        incoming.quarantine(arrival, "why")
        assert len(keys(s3, bucket)) == 2


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_removal_cut_short_is_an_orphan_that_the_next_look_names(
    s3: Any, bucket: str, incoming: Incoming, tmp_path: Path, left: int
) -> None:
    S3Target(s3, bucket, "spool").send(photo_in(tmp_path / "spool", raw=1000))
    for name in only(incoming).files[:left]:
        s3.delete_object(Bucket=bucket, Key=f"spool/{name}")
    look = incoming.look(datetime.now(UTC))
    assert len(look.orphans) == (left > 0)
    for each in (*look.ready, *look.orphans):
        incoming.remove(each)
    assert keys(s3, bucket) == []


def test_an_orphan_whose_photo_comes_back_is_let_be(s3: Any, bucket: str, incoming: Incoming, tmp_path: Path) -> None:
    spooled = photo_in(tmp_path / "spool", raw=1000)
    S3Target(s3, bucket, "spool").send(spooled)
    s3.delete_object(Bucket=bucket, Key=f"spool/{spooled.photo.name}")
    (orphan,) = incoming.look(datetime.now(UTC)).orphans
    S3Target(s3, bucket, "spool").send(spooled)
    with incoming.claim(orphan) as claim:
        assert claim is None
    incoming.remove(orphan)
    assert len(keys(s3, bucket)) == 3


def test_a_raw_whose_photo_was_taken_in_before_its_sidecar_came_is_still_there_to_be_kept(
    s3: Any, bucket: str, incoming: Incoming, tmp_path: Path
) -> None:
    spooled = photo_in(tmp_path / "spool", raw=1000)
    S3Target(s3, bucket, "spool").send(spooled)
    s3.delete_object(Bucket=bucket, Key=f"spool/{spooled.photo.name}")
    (orphan,) = incoming.look(datetime.now(UTC)).orphans
    with incoming.claim(orphan) as claim:
        assert claim
        assert [path.read_bytes() for path in claim.originals] == [spooled.photo.with_suffix(".cr3").read_bytes()]
    incoming.remove(orphan)
    assert keys(s3, bucket) == []


def test_a_misfit_is_copied_to_quarantine_and_then_deleted(
    s3: Any, bucket: str, incoming: Incoming, tmp_path: Path
) -> None:
    spooled = photo_in(tmp_path / "spool", raw=1000)
    S3Target(s3, bucket, "spool").send(spooled)
    for _ in range(2):
        S3Target(s3, bucket, "spool").send(spooled)
        incoming.quarantine(only(incoming), "a reason")
        assert keys(s3, bucket) == []
    assert len(names(tmp_path / "quarantine")) == 8
    for path in spooled.files:
        assert (tmp_path / "quarantine" / path.name).read_bytes() == path.read_bytes()


def test_a_fetch_that_breaks_off_gives_no_claim_and_leaves_nothing(
    s3: Any, bucket: str, incoming: Incoming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    S3Target(s3, bucket, "spool").send(photo_in(tmp_path / "spool", 3_000_000))
    arrival, real = only(incoming), s3.get_object

    def half(**options: Any) -> Any:
        answer = real(**options)
        return answer | {"Body": StreamingBody(io.BytesIO(answer["Body"].read()[:1_000_000]), answer["ContentLength"])}

    monkeypatch.setattr(s3, "get_object", half)
    trouble = f"did not give {arrival.name}; it was left there"
    with pytest.raises(IncomingError, match=trouble), incoming.claim(arrival):
        pytest.fail("half a photo was claimed")
    assert names(tmp_path / "work") == []
    assert f"spool/claims/{arrival.name}" not in keys(s3, bucket)


def test_a_sender_reads_the_receipt_of_a_photo_that_was_taken_in(
    s3: Any, bucket: str, incoming: Incoming, tmp_path: Path
) -> None:
    target, spooled = S3Target(s3, bucket, "spool"), photo_in(tmp_path / "spool", raw=1000)
    target.send(spooled)
    arrival = only(incoming)
    incoming.answer(arrival.stem, spooled.sidecar.sha256)
    incoming.remove(arrival)
    assert is_confirmed(spooled, target.receipts([spooled])[spooled.sidecar.stem])
    target.forget(spooled.sidecar.stem)
    assert keys(s3, bucket) == []
