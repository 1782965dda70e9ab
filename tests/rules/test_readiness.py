"""Which files are photos, whose they are, and when they are ready."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.errors import SidecarError
from kootenay.rules.readiness import (
    PATIENCE,
    Entry,
    State,
    Verdict,
    camera_of,
    is_photo,
    judge,
    printable,
    split,
    still_for,
)
from kootenay.rules.sidecar import Companion, Sidecar

NOW = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
QUIET = timedelta(seconds=20)
SIDECAR = Sidecar("lake", NOW, NOW, "ab" * 32, 1000, False, 60.5)
NAME = f"{SIDECAR.stem}.jpg"
RAW = replace(SIDECAR, companions=(Companion(".cr3", "cd" * 32, 5000),))


def entry(size: int = 1000, still: timedelta = timedelta()) -> Entry:
    return Entry(size, NOW, still, "1")


def verdict_on(
    sidecar: Sidecar | SidecarError | None = None,
    still: timedelta = QUIET,
    size: int = 1000,
    raw: int | None = None,
    flaw: str = "",
    name: str = NAME,
    cameras: tuple[str, ...] = ("lake", "north"),
) -> Verdict:
    photo = entry(size, still)
    stem = split(name.rpartition("/")[2])[0]
    beside = {f"{stem}.jpg": photo} | ({} if raw is None else {f"{stem}.cr3": entry(raw, still)})
    return judge(name, photo, sidecar, beside, QUIET, cameras, lambda: flaw)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.jpg", True),
        ("a.JPG", True),
        ("a.b.JpEg", True),
        ("über\nden See.jpg", True),
        (".a.jpg", False),
        (".jpg", False),
        ("..jpg", False),
        ("a.jpg.part", False),
        ("a.json", False),
        ("a.nef", False),
        ("jpg", False),
        ("a.jpg.json", False),
    ],
)
def test_a_photo_is_known_by_its_suffix(name: str, found: bool) -> None:
    assert is_photo(name) is found


def test_a_sidecar_makes_a_photo_ready_at_once() -> None:
    assert verdict_on(SIDECAR, still=timedelta()) == Verdict(State.READY, "lake")
    assert verdict_on(RAW, still=timedelta(), raw=5000) == Verdict(State.READY, "lake")


def test_a_sidecar_is_believed_about_a_camera_nobody_knows() -> None:
    assert verdict_on(SIDECAR, cameras=()) == Verdict(State.READY, "lake")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param({"sidecar": SIDECAR, "size": 999}, "999 bytes, its sender says 1000", id="size"),
        pytest.param({"sidecar": RAW, "raw": 1}, r"\.cr3 has 1 bytes, its sender says 5000", id="size of the raw"),
        pytest.param({"sidecar": SidecarError("no JSON")}, "no JSON", id="no sidecar"),
        pytest.param({"sidecar": SIDECAR, "name": "x.jpg"}, "not the photo its sidecar speaks of", id="another's"),
        pytest.param({"name": "x.jpg"}, "which camera it is of .lake, north.*such as lake/", id="whose"),
    ],
)
def test_what_does_not_fit_is_set_aside_once_it_is_left_alone(found: dict[str, object], words: str) -> None:
    verdict = verdict_on(**found)  # type: ignore[arg-type]
    assert verdict.state is State.MISFIT
    assert re.search(words, verdict.reason)
    assert verdict_on(**found | {"still": QUIET / 2}).state is State.SETTLING  # type: ignore[arg-type]


def test_a_photo_without_sidecar_is_ready_when_it_is_quiet_and_complete() -> None:
    assert verdict_on(still=QUIET - timedelta(milliseconds=1)).state is State.SETTLING
    assert verdict_on(still=QUIET) == Verdict(State.READY, "lake")


def test_completeness_is_not_asked_while_it_is_settling_or_when_a_sidecar_vouches() -> None:
    def never() -> str:
        raise AssertionError

    photo = entry()
    assert judge(NAME, photo, None, {NAME: photo}, QUIET, ["lake"], never).state is State.SETTLING
    assert judge(NAME, photo, SIDECAR, {NAME: photo}, QUIET, ["lake"], never).state is State.READY


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"flaw": "a JPEG that breaks off after 7 bytes"}, "is a JPEG that breaks off after 7 bytes"),
        ({"sidecar": RAW}, "came without lake_.*cr3"),
    ],
    ids=["broken off", "without its raw"],
)
def test_what_is_not_all_there_waits_an_hour(found: dict[str, object], words: str) -> None:
    early, late = (verdict_on(**found | {"still": still}) for still in (PATIENCE - QUIET, PATIENCE))  # type: ignore[arg-type]
    assert (early.state, late.state) == (State.WAITING, State.MISFIT)
    assert re.search(words, late.reason)


@pytest.mark.parametrize(
    ("name", "cameras", "camera"),
    [
        (NAME, ["lake", "north"], "lake"),
        (f"north/{NAME}", ["lake", "north"], "lake"),
        (NAME, ["north"], "north"),
        ("north/IMG_1.JPG", ["lake", "north"], "north"),
        ("IMG_1.JPG", ["lake"], "lake"),
        ("IMG_1.JPG", ["lake", "north"], ""),
        ("IMG_1.JPG", [], ""),
        ("elsewhere/IMG_1.JPG", ["lake", "north"], ""),
    ],
)
def test_a_camera_is_named_by_the_stem_or_the_folder_or_is_the_only_one(
    name: str, cameras: list[str], camera: str
) -> None:
    assert camera_of(name, cameras) == camera


HOURS = st.floats(-48, 48).map(lambda hours: timedelta(hours=hours))


@given(changed=HOURS, seen=st.floats(0, 48).map(lambda hours: timedelta(hours=hours)))
def test_a_clock_set_back_stalls_nothing_longer_than_a_second_look(changed: timedelta, seen: timedelta) -> None:
    still = still_for(NOW + changed, NOW - seen, NOW)
    assert still == max(-changed, seen)
    assert still >= timedelta()


@given(st.text())
def test_any_name_is_shown_on_one_line(name: str) -> None:
    shown = printable(name)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert printable("a\nb\udcff") == r"a\nb\udcff"


@given(st.text(min_size=1))
def test_a_name_is_its_stem_and_its_suffix(name: str) -> None:
    assert "".join(split(name)) == name
