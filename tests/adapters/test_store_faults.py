"""What the store promises when S3 fails, on a server that fails for real: an object whole, or an error that says so."""

import contextlib
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any

import pytest
from botocore.retries.standard import ExponentialBackoff

from kootenay.adapters.store import S3Store
from kootenay.adapters.store.s3 import client_options
from kootenay.errors import StoreError, is_transient
from rig.faulty_s3 import (
    CONFLICT,
    DROP,
    GATEWAY,
    HALVE,
    INTERNAL,
    MUTE,
    RESET_AMID,
    SLOW_DOWN,
    STALL,
    Fault,
    FaultyS3,
)
from tests.adapters.stores import (
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

TRIES = client_options()["retries"]["total_max_attempts"]
CONTENT = b"photo" * 60_000
WRITERS = 20


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with moto() as port:
        yield port


@pytest.fixture
def server(port: int) -> Iterator[FaultyS3]:
    with faulty(port) as proxy:
        yield proxy


@pytest.fixture
def s3(port: int) -> Any:
    """A way around the faults."""
    return client_at(port)


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    return new_bucket(s3, request)


@pytest.fixture
def store(server: FaultyS3, bucket: str, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """A store with the house's own tries, whose pauses are not slept."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    return store_on(client_at(server.port, read_timeout=0.4, retries=client_options()["retries"]), bucket)


FAULTS = pytest.mark.parametrize(
    "fault",
    [SLOW_DOWN, INTERNAL, GATEWAY, RESET_AMID, STALL, DROP, MUTE],
    ids=["throttled", "broken", "gateway", "half an upload", "no answer", "written, cut off", "written, no answer"],
)


@FAULTS
def test_what_fails_for_a_while_is_written_once_and_whole(
    store: S3Store, server: FaultyS3, s3: Any, bucket: str, fault: Fault
) -> None:
    server.fail(*[fault] * (TRIES - 1))
    store.put(KEY, CONTENT)
    assert objects(s3, bucket) == {KEY: CONTENT}
    assert versions(s3, bucket) == 1


@FAULTS
def test_what_goes_on_failing_is_an_error_that_may_pass_and_the_next_run_mends_it(
    store: S3Store, server: FaultyS3, s3: Any, bucket: str, fault: Fault
) -> None:
    server.fail(*[fault] * TRIES)
    with pytest.raises(StoreError, match=f"{KEY} was not written .*: try again later") as caught:
        store.put(KEY, CONTENT)
    assert is_transient(caught.value)
    assert "\n" not in str(caught.value)
    assert objects(s3, bucket) in ({}, {KEY: CONTENT})
    store.put(KEY, CONTENT)
    assert objects(s3, bucket) == {KEY: CONTENT}
    assert versions(s3, bucket) == 1


def test_a_write_that_meets_another_is_tried_again(store: S3Store, server: FaultyS3, s3: Any, bucket: str) -> None:
    server.fail(*[CONFLICT] * 5)
    store.put(KEY, CONTENT)
    assert objects(s3, bucket) == {KEY: CONTENT}


def test_a_write_that_always_meets_another_ends(
    store: S3Store, server: FaultyS3, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kootenay.adapters.store.s3.RACES", 5)
    server.fail(*[CONFLICT] * 5)
    with pytest.raises(StoreError, match="others wrote there all the time") as caught:
        store.put(KEY, CONTENT)
    assert is_transient(caught.value)
    assert objects(s3, bucket) == {}


def test_one_object_of_a_photo_fails_and_the_others_stand(
    store: S3Store, server: FaultyS3, s3: Any, bucket: str
) -> None:
    server.fail(*[INTERNAL] * TRIES)
    with pytest.raises(StoreError, match="InternalError"):
        for key, content in photo().items():  # one after another, so that all four failures are one object's
            store.put_all({key: content})
    server.fail(*[INTERNAL] * TRIES * 5)
    with pytest.raises(StoreError, match="InternalError"):
        store.put_all(photo())
    assert objects(s3, bucket) == {}
    server.fail(*[DROP] * TRIES * 4)
    with pytest.raises(StoreError):
        store.put_all(photo())
    assert objects(s3, bucket).items() <= photo().items()
    server.fail()
    store.put_all(photo())
    assert objects(s3, bucket) == photo()
    assert versions(s3, bucket) == 5


@pytest.mark.parametrize(
    "fault", [SLOW_DOWN, INTERNAL, GATEWAY, STALL, DROP], ids=["throttled", "broken", "gateway", "no answer", "cut"]
)
def test_what_stands_there_is_not_guessed_at(
    store: S3Store, server: FaultyS3, s3: Any, bucket: str, fault: Fault
) -> None:
    """The put says that something stands there; whether it is ours cannot be asked."""
    store.put(KEY, CONTENT)
    server.fail(*[fault] * TRIES, method="HEAD")
    with pytest.raises(StoreError) as caught:
        store.put(KEY, CONTENT)
    assert is_transient(caught.value)
    server.fail(*[fault] * (TRIES - 1), method="HEAD")
    store.put(KEY, CONTENT)
    assert objects(s3, bucket) == {KEY: CONTENT}


@pytest.mark.parametrize(("times", "comes"), [(1, True), (2, True), (3, False)])
def test_an_object_that_breaks_off_on_its_way_is_fetched_again_or_not_at_all(
    store: S3Store, server: FaultyS3, times: int, comes: bool
) -> None:
    store.put(KEY, CONTENT)
    server.fail(*[HALVE] * times, method="GET")
    if comes:
        assert store.get(KEY) == CONTENT
    else:
        with pytest.raises(StoreError, match=f"did not give .*{KEY}") as caught:
            store.get(KEY)
        assert is_transient(caught.value)


@FAULTS
def test_an_object_is_not_missing_because_s3_fails(store: S3Store, server: FaultyS3, fault: Fault) -> None:
    store.put(KEY, CONTENT)
    for method, touch in {"HEAD": store.has, "GET": store.get}.items():
        server.fail(*[fault] * TRIES, method=method)
        with pytest.raises(StoreError) as caught:
            touch(KEY)
        assert is_transient(caught.value)
        server.fail(*[fault] * (TRIES - 1), method=method)
        assert touch(KEY)


def test_a_listing_is_whole_or_an_error(server: FaultyS3, s3: Any, bucket: str) -> None:
    store = store_on(client_at(server.port), bucket)
    for number in range(1001):
        s3.put_object(Bucket=bucket, Key=f"{number}.jpg", Body=b"")
    for fault in (SLOW_DOWN, INTERNAL, GATEWAY, DROP, HALVE):
        server.fail(None, fault, method="GET")
        with pytest.raises(StoreError, match=r"was not listed .*; nothing was changed: try again later"):
            list(store.list())
    assert len(list(store.list())) == 1001


@FAULTS
def test_a_deletion_may_be_repeated(store: S3Store, server: FaultyS3, s3: Any, bucket: str, fault: Fault) -> None:
    store.put_all(photo())
    server.fail(*[fault] * TRIES, method="POST")
    with pytest.raises(StoreError, match=r"were not deleted .*some may be gone"):
        store.delete(list(photo()))
    store.delete(list(photo()))
    assert objects(s3, bucket) == {}


@FAULTS
def test_a_pointer_is_written_once_whatever_becomes_of_the_answer(
    store: S3Store, server: FaultyS3, s3: Any, bucket: str, fault: Fault
) -> None:
    for minutes in (5, 6):  # made, then replaced
        server.fail(*[fault] * (TRIES - 1))
        assert store.point_latest("lake", latest(minutes))
        assert store.latest("lake") == latest(minutes)
    assert versions(s3, bucket) == 2
    server.fail(*[fault] * TRIES)
    with pytest.raises(StoreError, match=r"latest/lake.json was not written .*the last one stands"):
        store.point_latest("lake", latest(7))
    assert store.point_latest("lake", latest(8))
    assert not store.point_latest("lake", latest(7))


@pytest.mark.parametrize("seed", range(6))
def test_in_any_weather_objects_are_whole_written_once_and_all_there_in_the_end(
    store: S3Store, server: FaultyS3, s3: Any, bucket: str, seed: int
) -> None:
    chance = random.Random(seed)
    quick, slow = [SLOW_DOWN, INTERNAL, GATEWAY, CONFLICT, RESET_AMID, DROP], [STALL, MUTE]
    for method in ("PUT", "HEAD", "GET"):
        weather = [chance.choice([None, *quick * 2, *slow, HALVE]) for _ in range(120)]
        server.fail(*weather, method=method)
    photos = [photo(number) for number in range(6)]
    wanted = {key: content for each in photos for key, content in each.items()}

    for _ in range(40):
        with ThreadPoolExecutor(len(photos)) as threads:
            errors = [each.exception() for each in [threads.submit(store.put_all, each) for each in photos]]
        assert objects(s3, bucket).items() <= wanted.items()
        assert all(isinstance(error, StoreError) and is_transient(error) for error in errors if error)
        if not any(errors):
            break
    assert not any(errors)
    assert objects(s3, bucket) == wanted
    assert versions(s3, bucket) == len(wanted)


@pytest.mark.parametrize("seed", range(3))
def test_in_any_weather_racing_writers_never_turn_a_pointer_back(
    store: S3Store, server: FaultyS3, s3: Any, bucket: str, seed: int
) -> None:
    chance = random.Random(seed)
    faults = [None, None, SLOW_DOWN, INTERNAL, CONFLICT, RESET_AMID, DROP, MUTE]
    for method in ("PUT", "GET"):
        server.fail(*[chance.choice(faults) for _ in range(100)], method=method)
    order = chance.sample(range(WRITERS), WRITERS)
    begin = threading.Barrier(WRITERS)

    def write(minutes: int) -> bool:
        begin.wait()
        for _ in repeat(None, 40):
            with contextlib.suppress(StoreError):
                return store.point_latest("lake", latest(minutes))
        return False

    with ThreadPoolExecutor(WRITERS) as threads:
        written = dict(zip(order, threads.map(write, order), strict=True))
    assert written[WRITERS - 1]
    server.fail(method="GET")
    assert store.latest("lake") == latest(WRITERS - 1)
    history = s3.list_object_versions(Bucket=bucket)["Versions"]
    bodies = [s3.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"]) for each in history]
    minutes = [int(str(each["Body"].read()).split("lake/")[1].split("_")[0]) for each in bodies]
    assert minutes == sorted(minutes, reverse=True), "the newest version first"
