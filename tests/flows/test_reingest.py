"""A whole archive again: by threads, processes and a real Dask cluster, killed and resumed, beside a live ingest."""

import importlib.util
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from flows.ingest import ingest
from flows.reingest import reingest
from kootenay.adapters.catalog import Photo
from kootenay.adapters.store import FolderStore
from kootenay.errors import StoreRefusedError
from kootenay.settings import Settings, load_settings
from kootenay.wiring import catalog_of
from rig.databases import MariaDb
from rig.prefect_host import CHECKOUT
from tasks.background import step_back
from tasks.blocks import intake_with_secrets
from tests.adapters.conftest import SLOT, STEP
from tests.adapters.intakes import arrive, picture, take_all
from tests.flows.grown import grown

DAYS = 3
PHOTOS = 6


def needs(package: str) -> pytest.MarkDecorator:
    """What a cluster needs is in no lock; where it is installed, it is tested."""
    return pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=f"{package} is not installed")


@pytest.fixture
def site(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Three days of two photos each, on folders and SQLite."""
    monkeypatch.setenv("KOOTENAY_INGEST__WIDTHS", "[64, 32]")
    return photos_on(load_settings())


def photos_on(settings: Settings) -> Settings:
    settings.path("").mkdir(parents=True, exist_ok=True)
    for number in range(PHOTOS):
        arrive(
            settings.path(""), slot=SLOT + number // 2 * timedelta(days=1) + number % 2 * STEP, content=picture(number)
        )
    assert [outcome for outcome, _ in take_all(intake_with_secrets(settings))] == ["new"] * PHOTOS
    return settings


def photos(settings: Settings) -> list[Photo]:
    return list(catalog_of(settings).between("lake", SLOT.date(), SLOT.date() + timedelta(days=DAYS)))


def widths(settings: Settings) -> set[tuple[int, ...]]:
    return {tuple(each.width for each in photo.renditions) for photo in photos(settings)}


def run(**parameters: Any) -> State[Any]:
    state: State[Any] = reingest(**parameters, return_state=True)
    return state


def progress() -> tuple[float, str]:
    with get_client(sync_client=True) as client:
        artifacts = client.request("POST", "/artifacts/latest/filter", json={}).json()
    found = next(each for each in artifacts if each["key"] == "reingest")
    return float(found["data"]), str(found["description"])


@pytest.mark.parametrize(
    "runner",
    [
        "threads",
        "processes",
        pytest.param("dask", marks=needs("prefect_dask")),
        pytest.param("ray", marks=needs("prefect_ray")),
    ],
)
def test_new_sizes_are_made_by_whichever_runner_and_once(
    site: Settings, runner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOOTENAY_REINGEST__RUNNER", runner)
    monkeypatch.setenv("KOOTENAY_REINGEST__WORKERS", "2")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    state = run()
    assert (state.name, state.message) == ("NothingNew", "0 photos made again, 0 taken in, 6 were done")
    monkeypatch.setenv("KOOTENAY_INGEST__WIDTHS", "[80, 40]")
    state = run()
    assert (state.name, state.message) == ("Completed", "6 photos made again, 0 taken in, 0 were done")
    assert widths(site) == {(40, 80)}
    assert progress() == (100, "1 of 1 chunks")
    latest = intake_with_secrets(site).store.latest("lake")
    assert latest is not None
    assert [each.width for each in latest.sizes] == [40, 80]
    assert run(camera="lake").name == "NothingNew"


@needs("prefect_dask")
def test_a_cluster_that_runs_elsewhere_is_named_by_its_address(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        monkeypatch.setenv("KOOTENAY_REINGEST__RUNNER", "dask")
        monkeypatch.setenv("KOOTENAY_REINGEST__ADDRESS", cluster.scheduler_address)
        monkeypatch.setenv("KOOTENAY_INGEST__WIDTHS", "[80, 40]")
        assert run().message == "6 photos made again, 0 taken in, 0 were done"
    assert widths(site) == {(40, 80)}


def test_a_span_is_done_and_the_rest_stays(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOOTENAY_INGEST__WIDTHS", "[80, 40]")
    day = SLOT.date() + timedelta(days=1)
    assert str(run(since=day, until=day).message).startswith("2 photos made again")
    assert widths(site) == {(40, 80), (32, 64)}
    assert run(until=SLOT.date() - timedelta(days=9)).name == "NothingNew"


def test_an_empty_catalog_is_filled_by_days(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = photos(site)
    monkeypatch.setenv("KOOTENAY_CATALOG__URL", "sqlite:///fresh.db")
    fresh = load_settings()
    state = run()
    assert (state.name, state.message) == ("Completed", "0 photos made again, 6 taken in, 0 were done")
    assert progress() == (100, "3 of 3 chunks")
    assert [(each.sha256, each.slot, each.renditions) for each in photos(fresh)] == [
        (each.sha256, each.slot, each.renditions) for each in before
    ]


def test_a_photo_without_its_original_fails_the_run_and_the_others_are_made(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = photos(site)[0]
    (site.path("archive") / lost.archive_path).unlink()
    monkeypatch.setenv("KOOTENAY_INGEST__WIDTHS", "[80, 40]")
    state = run()
    assert state.is_failed()
    assert "5 photos made again, 0 taken in, 0 were done; 1 could not be: the archive has no" in str(state.message)
    assert "\n" not in str(state.message)
    assert photos(site)[0] == lost


@pytest.mark.parametrize(("runner", "how"), [("ray", "prefect-ray"), ("dask", "--group cluster")])
def test_a_runner_that_is_not_installed_says_how_and_starts_nothing(
    site: Settings, runner: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOOTENAY_REINGEST__RUNNER", runner)
    monkeypatch.setitem(sys.modules, f"prefect_{runner}", None)
    state = run()
    assert state.is_failed()
    assert f".venv/bin/uv pip install {how}" in str(state.message)
    assert "\n" not in str(state.message)


def test_a_chunk_that_cannot_be_done_is_told_and_the_others_are(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOOTENAY_CATALOG__URL", "sqlite:///fresh.db")
    whole = FolderStore.put_all

    def refuses(store: FolderStore, objects: Mapping[str, bytes]) -> None:
        if "2026/06/22" in min(objects):
            msg = "the store refuses this day"
            raise StoreRefusedError(msg)
        whole(store, objects)

    monkeypatch.setattr(FolderStore, "put_all", refuses)
    state = run()
    assert state.is_failed()
    assert state.message == ("0 photos made again, 4 taken in, 0 were done; 1 could not be: the store refuses this day")
    assert progress() == (100, "3 of 3 chunks")
    monkeypatch.setattr(FolderStore, "put_all", whole)
    assert run().message == "0 photos made again, 2 taken in, 4 were done"


def test_a_worker_steps_back_and_nobody_else_with_it() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    before, its = niceness(), list[int]()
    worker = threading.Thread(target=lambda: [step_back(), step_back(), its.append(niceness())])
    worker.start()
    worker.join()
    assert its == [max(10, before)]
    assert niceness() == before


def in_another_process(**environment: str) -> subprocess.Popen[bytes]:
    script = "from flows.reingest import reingest; reingest(return_state=True)"
    quiet = {"PREFECT_LOGGING_LEVEL": "ERROR"}
    return subprocess.Popen([sys.executable, "-c", script], cwd=CHECKOUT, env=os.environ | quiet | environment)


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def large_photos(settings: Settings, count: int) -> None:
    """Take in photos that take a while each to make again."""
    content = io.BytesIO()
    Image.effect_noise((4000, 3000), 60).save(content, "JPEG", quality=90)
    for number in range(count):
        comment = b"\xff\xfe\x00\x03" + bytes([number])
        arrive(
            settings.path(""),
            slot=SLOT + (20 + number) * STEP,
            content=content.getvalue()[:2] + comment + content.getvalue()[2:],
        )
    assert [outcome for outcome, _ in take_all(intake_with_secrets(settings))] == ["new"] * count


def made_again(settings: Settings) -> int:
    return sum(each.renditions[-1].width == 80 for each in photos(settings))


def test_killed_it_goes_on_where_it_was(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    large_photos(site, 20)
    monkeypatch.setenv("KOOTENAY_INGEST__WIDTHS", "[80, 40]")
    killed = in_another_process()
    try:
        wait_for(lambda: made_again(site) >= 4)
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    before = made_again(site)
    assert 4 <= before < 26
    state = run()
    assert state.message == f"{26 - before} photos made again, 0 taken in, {before} were done"
    assert widths(site) == {(40, 80)}


def test_a_photo_that_comes_meanwhile_waits_for_none_of_it(
    site: Settings, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    large_photos(site, 40)
    live = [SLOT + timedelta(days=DAYS, minutes=5 * number) for number in range(3)]

    def ingest_one(number: int) -> float:
        arrive(site.path(""), slot=live[number], content=picture(20 + number))
        begin = time.monotonic()
        assert ingest(return_state=True).message == "1 new photos, 0 in quarantine, 0 known before"
        return time.monotonic() - begin

    ingest_one(0)
    alone = ingest_one(1)
    again = in_another_process(KOOTENAY_INGEST__WIDTHS="[80, 40]")
    try:
        wait_for(lambda: made_again(site) >= 2)
        beside = ingest_one(2)
        assert again.poll() is None
        assert made_again(site) < 46
    finally:
        again.kill()
        again.wait()
    assert beside < 10
    figure(f"a live photo through ingest: {alone:.2f} s alone, {beside:.2f} s while reingest works")


@pytest.mark.real("mariadb")
def test_the_same_on_s3_and_mariadb(tmp_path: Path, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch) -> None:
    with grown(tmp_path, mariadb, monkeypatch) as (settings, s3):
        photos_on(settings)
        monkeypatch.setenv("KOOTENAY_INGEST__WIDTHS", "[80, 40]")
        monkeypatch.setenv("KOOTENAY_REINGEST__RUNNER", "processes")
        monkeypatch.setenv("KOOTENAY_REINGEST__WORKERS", "2")
        (settings.path("archive") / photos(settings)[0].archive_path).unlink()
        state = run()
        assert (state.name, state.message) == ("Completed", "6 photos made again, 0 taken in, 0 were done")
        assert widths(settings) == {(40, 80)}
        listed = {each["Key"] for each in s3.list_objects_v2(Bucket="lake-site", Prefix="web/")["Contents"]}
        assert {f"web/{each.key}" for photo in photos(settings) for each in photo.renditions} <= listed
        assert run().name == "NothingNew"
