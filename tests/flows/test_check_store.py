"""The check as a flow: a dry run changes nothing, applying mends what it showed, and then nothing is found."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from flows.check_store import check_store
from kootenay.adapters.intake import Intake
from kootenay.adapters.store import FolderStore
from kootenay.errors import StoreError
from kootenay.settings import Settings, load_settings
from kootenay.wiring import catalog_of
from rig.databases import MariaDb
from tasks.blocks import intake_with_secrets
from tests.adapters.conftest import SLOT
from tests.adapters.intakes import arrive, take_all
from tests.flows.grown import BUCKET, grown

DAY = SLOT.date()


@pytest.fixture
def site(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Intake:
    """Four photos on folders and SQLite, with a second place."""
    settings.path("second").mkdir(parents=True)
    monkeypatch.setenv("KOOTENAY_ARCHIVE__COPY_TO", "second")
    monkeypatch.setenv("KOOTENAY_INGEST__WIDTHS", "[64, 32]")
    return photos_on(load_settings())


def photos_on(settings: Settings) -> Intake:
    settings.path("").mkdir(parents=True, exist_ok=True)
    for number in range(4):
        arrive(settings.path(""), number)
    intake = intake_with_secrets(settings)
    assert [outcome for outcome, _ in take_all(intake)] == ["new"] * 4
    return intake


def run(**parameters: Any) -> State[Any]:
    state: State[Any] = check_store(**parameters, return_state=True)
    return state


def rows() -> list[dict[str, str]]:
    with get_client(sync_client=True) as client:
        artifacts = client.request("POST", "/artifacts/latest/filter", json={}).json()
    found: list[dict[str, str]] = json.loads(next(each["data"] for each in artifacts if each["key"] == "check-store"))
    return found


def files(home: Path) -> dict[str, float]:
    places = ("archive", "second", "store")
    return {str(path): path.stat().st_mtime for name in places for path in (home / name).rglob("*") if path.is_file()}


def break_it(intake: Intake) -> None:
    """A rendition lost, an original unknown, the pointer gone."""
    first, second, *_ = intake.catalog.day("lake", DAY)
    intake.store.delete([first.renditions[0].key, "latest/lake.json"])
    intake.catalog.remove(second.sha256)


def test_a_dry_run_shows_and_changes_nothing_then_applying_mends_and_nothing_is_left(site: Intake) -> None:
    assert run().name == "NothingNew"
    home = load_settings().path("")
    break_it(site)
    before = files(home)
    state = run()
    assert (state.name, state.message) == ("Findings", "3 to mend; nothing was changed")
    assert files(home) == before
    assert sorted(row["what"] for row in rows()) == ["latest", "renditions", "unknown original"]
    state = run(apply=True)
    assert (state.name, state.message) == ("Completed", "3 mended")
    assert len(site.catalog.day("lake", DAY)) == 4
    for deep in (False, True):
        assert run(apply=True, deep=deep).name == "NothingNew"


def test_what_needs_a_person_fails_the_run_and_the_rest_is_mended(site: Intake) -> None:
    first, second, *_ = site.catalog.day("lake", DAY)
    home = load_settings().path("")
    for place in ("archive", "second"):
        (home / place / first.archive_path).unlink()
    site.store.delete([second.renditions[0].key])
    for _ in range(2):
        dry = run(months=["2026-06"])
        assert dry.is_failed()
        assert "1 to mend; 1 need a person, the first: lake/2026/06/21/" in str(dry.message)
    state = run(apply=True, camera="lake")
    assert state.is_failed()
    assert str(state.message).startswith("1 mended; 1 need a person")
    assert site.store.has(second.renditions[0].key)
    assert site.catalog.has_photo(first.sha256)
    assert run(months=["2025-01"], apply=True).name == "NothingNew"


def test_another_hosts_catalog_deletes_nothing_unless_told(site: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    home = load_settings().path("")
    yesterday = time.time() - 2 * 86400
    for path in (home / "store").rglob("*.jpg"):
        os.utime(path, (yesterday, yesterday))
    for place in ("archive", "second"):
        (home / place).rename(home / f"{place} of another")
        (home / place).mkdir()
    for photo in site.catalog.day("lake", DAY)[1:]:
        site.catalog.remove(photo.sha256)
    for photo in site.catalog.day("lake", DAY):
        site.catalog.replace_renditions(photo.sha256, photo.renditions[:1])
    before = files(home)
    state = run(apply=True)
    assert state.is_failed()
    assert "of the store's 8 objects of lake belong to no photo of this catalog" in str(state.message)
    assert "\n" not in str(state.message)
    assert files(home) == before
    run(apply=True, delete_many=True)
    assert len(list((home / "store").rglob("*.jpg"))) == 1


def test_a_listing_that_breaks_off_changes_nothing(site: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import check_store as module

    break_it(site)
    whole = FolderStore.list

    def breaks_off(store: FolderStore, *words: Any) -> Iterator[tuple[str, int]]:
        yield next(whole(store, *words))
        msg = "the listing broke off"
        raise StoreError(msg)

    monkeypatch.setattr(FolderStore, "list", breaks_off)
    monkeypatch.setattr(module, "check_month", module.check_month.with_options(retry_delay_seconds=0))
    before = files(load_settings().path(""))
    state = run(apply=True)
    assert (state.is_failed(), state.message) == (True, "the listing broke off")
    assert files(load_settings().path("")) == before


def test_a_camera_nobody_knows_is_one_line(site: Intake) -> None:
    state = run(camera="pier")
    assert state.is_failed()
    assert "no camera is called 'pier'" in str(state.message)


@pytest.mark.real("mariadb")
def test_the_same_on_s3_and_mariadb(tmp_path: Path, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch) -> None:
    with grown(tmp_path, mariadb, monkeypatch) as (settings, s3):
        intake = photos_on(settings)
        assert run(deep=True).name == "NothingNew"
        first, second, third, _ = catalog_of(settings).day("lake", DAY)
        break_it(intake)
        damaged = settings.path("archive") / third.archive_path
        content = damaged.read_bytes()
        damaged.write_bytes(content[:-1] + b"!")
        other = second.renditions[-1].key
        s3.put_object(Bucket=BUCKET, Key=f"web/{other}", Body=b"x" * second.renditions[-1].bytes)
        state = run(apply=True, deep=True)
        assert (state.name, state.message) == ("Completed", "4 mended")
        assert damaged.read_bytes() == content
        assert intake.store.has(first.renditions[0].key)
        assert intake.store.sha256(other) is not None
        assert other.endswith(f"{str(intake.store.sha256(other))[:12]}.jpg")
        assert run(deep=True).name == "NothingNew"
