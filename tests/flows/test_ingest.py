"""Ingest as it is deployed: what is still being written, what arrives in a bucket, and places that are away."""

import io
import os
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from PIL import Image
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from flows.ingest import ingest
from flows.upload import upload
from kootenay.adapters.store import FolderStore
from kootenay.errors import StoreError
from kootenay.settings import Settings, load_settings
from kootenay.wiring import catalog_of, spool_of, store_of
from tasks import ingest as ingest_tasks
from tests.adapters.conftest import SLOT, STEP, names, spool_photo
from tests.adapters.intakes import arrive, picture

DAY = date(2026, 6, 21)


def run(flow: Any) -> State[Any]:
    state: State[Any] = flow(return_state=True)
    return state


@pytest.fixture
def home(settings: Settings) -> Path:
    return settings.path(settings.ingest.incoming).parent


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An S3 bucket on loopback, which boto3's own chain finds."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "lake",
        "AWS_SECRET_ACCESS_KEY": "lake",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    yield client
    server.stop()


def keys(client: Any, prefix: str) -> list[str]:
    return [each["Key"] for each in client.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", ())]


def test_a_photo_that_is_just_being_written_is_taken_in_by_the_same_run(
    settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOOTENAY_INGEST__QUIET_SECONDS", "1")
    incoming = home / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "2026-06-21_13-00-00.jpg").write_bytes(picture(0))
    assert run(ingest).message == "1 new photos, 0 in quarantine, 0 known before"
    (photo,) = catalog_of(settings).day("lake", DAY)
    assert (photo.taken_at, photo.time_source) == (SLOT, "name")


def test_what_waits_is_said_and_what_is_none_of_ours_is_left_alone(settings: Settings, home: Path) -> None:
    incoming = home / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "notes.txt").write_text("mine")
    assert run(ingest).message == "no whole photo is in the incoming place"
    assert names(incoming) == ["notes.txt"]


def test_a_run_shows_what_became_of_each_photo(settings: Settings, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    arrive(home, 0)
    arrive(home, 1, content=picture(1)[:-30])
    assert run(ingest).message == "1 new photos, 1 in quarantine, 0 known before"
    with get_client(sync_client=True) as client:
        artifacts = client.request("POST", "/artifacts/latest/filter", json={}).json()
    table = next(each["data"] for each in artifacts if each["key"] == "ingest")
    assert "cannot be decoded" in table
    assert table.index("quarantined") < table.index('"new"')


def test_a_store_that_is_away_for_a_moment_is_waited_for(
    settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir(parents=True, exist_ok=True)
    for number in range(3):
        arrive(home, number)
    calls: list[str] = []
    put_all = FolderStore.put_all

    def away_at_first(store: FolderStore, objects: dict[str, bytes]) -> None:
        calls.append("put")
        if len(calls) <= 3:
            msg = "the store does not answer; nothing was written"
            raise StoreError(msg)
        put_all(store, objects)

    monkeypatch.setattr(FolderStore, "put_all", away_at_first)
    monkeypatch.setattr(ingest_tasks.ingest_photos, "retry_delay_seconds", [0, 0, 0, 0])
    assert run(ingest).message == "3 new photos, 0 in quarantine, 0 known before"
    assert len(calls) == 6


def test_photos_wait_for_a_store_that_stays_away(
    settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir(parents=True, exist_ok=True)
    arrive(home)

    def away(*_: object) -> None:
        msg = "the store does not answer; nothing was written"
        raise StoreError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "put_all", away)
        patch.setattr(ingest_tasks.ingest_photos, "retry_delay_seconds", [0, 0, 0, 0])
        state = run(ingest)
    assert state.is_failed()
    assert str(state.message).endswith("1 wait for the next run: the store does not answer; nothing was written")
    assert catalog_of(settings).latest("lake") is None
    assert run(ingest).message == "1 new photos, 0 in quarantine, 0 known before"


def test_photos_that_wait_take_no_memory(settings: Settings, home: Path) -> None:
    """The 26 that thirty are more than four would take their own size and more, were they held to the end."""
    home.mkdir(parents=True, exist_ok=True)
    size, peaks = (640, 480), {}
    slots = count()
    for photos in (4, 4, 30):  # what is made once, as a connection, is made in the first run
        for _ in range(photos):
            content = io.BytesIO()
            Image.frombytes("RGB", size, os.urandom(3 * size[0] * size[1])).save(content, "JPEG", quality=90)
            arrive(home, slot=SLOT + next(slots) * STEP, content=content.getvalue())
        tracemalloc.start()
        try:
            assert run(ingest).message == f"{photos} new photos, 0 in quarantine, 0 known before"
            peaks[photos] = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peaks[30] - peaks[4] < 26 * len(content.getvalue()) / 2


def test_from_a_bucket_to_a_bucket_and_the_spool_is_released(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The camera host sends to S3, ingest takes from there and stores there: nothing but settings."""
    monkeypatch.setenv("KOOTENAY_UPLOAD__TARGET", "s3://lake/incoming")
    monkeypatch.setenv("KOOTENAY_INGEST__INCOMING", "s3://lake/incoming")
    monkeypatch.setenv("KOOTENAY_STORE__URL", "s3://lake/web")
    monkeypatch.setenv("KOOTENAY_ARCHIVE__COPY_TO", "s3://lake/originals")
    settings = load_settings()
    spool = spool_of(settings)
    for number in range(3):
        spool_photo(spool, SLOT + number * STEP, picture(number))
    assert run(upload).is_completed()
    assert run(ingest).message == "3 new photos, 0 in quarantine, 0 known before"
    photos = catalog_of(settings).day("lake", DAY)
    assert [photo.slot for photo in photos] == [SLOT + number * STEP for number in range(3)]
    assert {f"web/{each.key}" for photo in photos for each in photo.renditions} < set(keys(bucket, "web/"))
    assert keys(bucket, "originals/") == [f"originals/{photo.archive_path}" for photo in photos]
    latest = store_of(settings).latest("lake")
    assert latest is not None
    assert latest.taken_at == photos[-1].taken_at
    status = catalog_of(settings).status("lake")
    assert status is not None
    assert status.said_at <= datetime.now(UTC) + timedelta(seconds=1)
    assert run(upload).is_completed()
    assert spool.unconfirmed() == []
    assert [each for each in keys(bucket, "incoming/") if each.endswith(".jpg")] == []
