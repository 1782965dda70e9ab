"""The archive's night: what is old or in the way leaves its first place, and only if the second one holds it."""

import hashlib
import json
import os
from collections import namedtuple
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from flows.archive import archive
from kootenay.adapters.archive import folder as places
from kootenay.adapters.clock import now
from kootenay.rules.naming import original_path
from kootenay.settings import Settings, load_settings
from kootenay.wiring import archive_of

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def two_places(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An archive with a folder on another disk, in which originals stay for a month."""
    (settings.path("copy")).mkdir(parents=True)
    monkeypatch.setenv("KOOTENAY_ARCHIVE__COPY_TO", "copy")
    monkeypatch.setenv("KOOTENAY_ARCHIVE__KEEP_DAYS", "30")
    return load_settings()


def keep(settings: Settings, days_ago: int) -> Path:
    """Keep an original of that many days ago; return where it lies."""
    slot = now() - timedelta(days=days_ago)
    content = os.urandom(1_000_000)
    sha256 = hashlib.sha256(content).hexdigest()
    photo = settings.path("photo.jpg")
    photo.write_bytes(content)
    place = original_path("lake", settings.site.place.local(slot).date(), slot, sha256)
    archive_of(settings).keep(photo, place, sha256)
    return settings.path(settings.archive.folder) / place


def run(**parameters: Any) -> State[Any]:
    state: State[Any] = archive(**parameters, return_state=True)
    return state


def rows() -> list[dict[str, str]]:
    with get_client(sync_client=True) as client:
        artifacts = client.request("POST", "/artifacts/latest/filter", json={}).json()
    found: list[dict[str, str]] = json.loads(next(each["data"] for each in artifacts if each["key"] == "archive"))
    return found


def test_without_a_second_place_every_original_stays(settings: Settings) -> None:
    settings.path("").mkdir()
    old = keep(settings, 400)
    assert run().name == "Skipped"
    assert old.exists()


def test_old_originals_leave_and_the_others_stay(two_places: Settings) -> None:
    old, lost, young = keep(two_places, 40), keep(two_places, 41), keep(two_places, 29)
    copies = two_places.path("copy")
    (copies / lost.relative_to(two_places.path("archive"))).unlink()
    dry = run(apply=False)
    assert dry.message == "1 originals would leave, 1 wait for the second place"
    assert all(path.exists() for path in (old, lost, young))
    assert [(row["leaves"], row["why"][:18]) for row in rows()] == [
        ("no", "older than 30 days"),
        ("yes", "older than 30 days"),
    ]
    for told in ("1 originals left, 1 wait", "0 originals left, 1 wait"):
        state = run()
        assert (state.name, str(state.message)[: len(told)]) == ("Completed", told)
        assert [path.exists() for path in (old, lost, young)] == [False, True, True]


def test_a_copy_that_differs_keeps_its_original_and_the_run_says_so(two_places: Settings) -> None:
    old, other = keep(two_places, 40), keep(two_places, 41)
    (two_places.path("copy") / old.relative_to(two_places.path("archive"))).write_bytes(bytes(1_000_000))
    state = run()
    assert state.name == "Failed"
    assert "1 originals left" in str(state.message)
    assert "holds other bytes than" in str(state.message)
    assert (old.exists(), other.exists()) == (True, False)


def test_a_low_disk_lets_go_what_it_needs_and_is_told_when_that_is_not_enough(
    two_places: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [keep(two_places, age) for age in (5, 4, 3)]
    monkeypatch.setenv("KOOTENAY_ARCHIVE__FLOOR_MEGABYTES", "10")

    def disk(free: int) -> None:
        def usage(root: Path) -> Usage:
            return Usage(100_000_000, 0, free - sum(path.stat().st_size for path in root.rglob("*.jpg")))

        monkeypatch.setattr(places.shutil, "disk_usage", usage)

    disk(11_500_000)
    assert run().message == "2 originals left, 0 wait for the second place"
    assert [path.exists() for path in kept] == [False, False, True]
    disk(9_000_000)
    state = run()
    assert state.name == "Failed"
    assert "1 originals left" in str(state.message)
    assert "9 MB are free of the 10" in str(state.message)
    disk(11_000_000)
    assert run().name == "NothingNew"
