"""The sidecar survives the way, and nothing that is not one gets through."""

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kootenay.errors import SidecarError
from kootenay.rules import naming
from kootenay.rules.sidecar import Sidecar

SIDECAR = Sidecar(
    camera="lake",
    slot=datetime(2026, 6, 21, 11, 50, tzinfo=UTC),
    taken_at=datetime(2026, 6, 21, 11, 50, 2, 250000, tzinfo=UTC),
    sha256="1a2b3c4d" * 8,
    bytes=123456,
    boost=True,
    elevation=1.25,
    model="USB PTP Class Camera",
    settings={"iso": "800"},
    warnings=("the battery is low",),
)
FACTS: dict[str, Any] = json.loads(SIDECAR.to_json())
NEEDED = ["camera", "slot", "taken_at", "sha256", "bytes", "boost", "elevation"]

INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SIDECARS = st.builds(
    Sidecar,
    camera=st.from_regex(naming.CAMERA_NAME, fullmatch=True),
    slot=INSTANTS,
    taken_at=INSTANTS,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    bytes=st.integers(0, 2**40),
    boost=st.booleans(),
    elevation=st.floats(-90, 90),
    model=st.text(),
    settings=st.dictionaries(st.text(), st.text()),
    warnings=st.lists(st.text()).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def refusal(document: str | bytes) -> str:
    with pytest.raises(SidecarError) as caught:
        Sidecar.from_json(document, "/spool/some.json")
    return str(caught.value)


@given(SIDECARS)
def test_a_sidecar_survives_the_way(sidecar: Sidecar) -> None:
    document = sidecar.to_json()
    assert Sidecar.from_json(document, "x") == sidecar
    assert Sidecar.from_json(document.encode(), "x") == sidecar
    assert Sidecar.from_json(document, "x").to_json() == document


@given(SIDECARS)
def test_a_sidecar_names_its_photo(sidecar: Sidecar) -> None:
    assert sidecar.stem == naming.photo_stem(sidecar.camera, sidecar.slot, sidecar.sha256)
    assert naming.is_photo_stem(sidecar.stem)


@pytest.mark.parametrize("hours", [-8, 5.75, 14], ids=str)
def test_instants_are_read_as_utc_from_any_offset(hours: float) -> None:
    zone = timezone(timedelta(hours=hours))
    elsewhere = replace(SIDECAR, slot=SIDECAR.slot.astimezone(zone), taken_at=SIDECAR.taken_at.astimezone(zone))
    read = Sidecar.from_json(elsewhere.to_json(), "x")
    assert read == SIDECAR
    assert read.slot.tzinfo is read.taken_at.tzinfo is UTC


def test_what_a_camera_may_not_know_may_be_missing() -> None:
    known = {name: FACTS[name] for name in NEEDED}
    assert Sidecar.from_json(json.dumps(known), "x") == replace(SIDECAR, model="", settings={}, warnings=())


def test_what_a_later_version_adds_is_passed_over() -> None:
    assert Sidecar.from_json(json.dumps(FACTS | {"lens": "50 mm"}), "x") == SIDECAR


@pytest.mark.parametrize("name", NEEDED)
def test_a_needed_fact_that_is_missing_is_named(name: str) -> None:
    facts = {key: value for key, value in FACTS.items() if key != name}
    with pytest.raises(SidecarError, match=rf"^here.json is not a photo's sidecar \(KeyError: '{name}'\)"):
        Sidecar.from_json(json.dumps(facts), "here.json")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("camera", "../lake", id="camera-is-a-path"),
        pytest.param("camera", "Lake", id="camera-in-capitals"),
        pytest.param("camera", "lake\n", id="camera-with-a-newline"),
        pytest.param("camera", "", id="camera-empty"),
        pytest.param("camera", ["lake"], id="camera-is-a-list"),
        pytest.param("slot", "2026-06-21T11:50:00", id="slot-without-a-zone"),
        pytest.param("slot", "yesterday", id="slot-in-words"),
        pytest.param("slot", 1782042600, id="slot-is-a-number"),
        pytest.param("slot", None, id="slot-is-null"),
        pytest.param("taken_at", "2026-06-21T25:00:00+00:00", id="no-such-hour"),
        pytest.param("taken_at", "2026-06-21", id="taken-on-a-date"),
        pytest.param("taken_at", "0001-01-01T00:00:00+14:00", id="before-all-calendars"),
        pytest.param("taken_at", "9999-12-31T23:59:59+00:00", id="after-all-calendars"),
        pytest.param("sha256", "1a2b3c4d", id="hash-too-short"),
        pytest.param("sha256", "1A2B3C4D" * 8, id="hash-in-capitals"),
        pytest.param("sha256", 7, id="hash-is-a-number"),
        pytest.param("bytes", "many", id="bytes-in-words"),
        pytest.param("bytes", None, id="bytes-null"),
        pytest.param("bytes", float("inf"), id="bytes-infinite"),
        pytest.param("elevation", float("nan"), id="elevation-nan"),
        pytest.param("elevation", float("-inf"), id="elevation-infinite"),
        pytest.param("elevation", 10**400, id="elevation-over-all-floats"),
        pytest.param("elevation", {}, id="elevation-is-a-table"),
        pytest.param("settings", ["iso"], id="settings-are-a-list"),
        pytest.param("settings", None, id="settings-null"),
        pytest.param("warnings", 3, id="warnings-are-a-number"),
    ],
)
def test_a_fact_that_cannot_be_is_refused(name: str, value: Any) -> None:
    message = refusal(json.dumps(FACTS | {name: value}))
    assert message.startswith("/spool/some.json is not a photo's sidecar (")
    assert message.endswith("; the photo was left where it is")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xd8\xff\xe0", id="a-jpeg"),
        pytest.param(b"\x00" * 64, id="zeros-after-a-power-cut"),
        pytest.param(SIDECAR.to_json()[:-9], id="cut-short"),
        pytest.param(SIDECAR.to_json() * 2, id="twice"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="a-list"),
        pytest.param('"lake"', id="a-text"),
        pytest.param("{}", id="an-empty-table"),
        pytest.param("[" * 100_000, id="very-deep"),
        pytest.param("9" * 5000, id="a-very-long-number"),
    ],
)
def test_a_document_that_is_no_sidecar_is_refused(document: str | bytes) -> None:
    assert refusal(document).startswith("/spool/some.json is not a photo's sidecar (")


@given(st.binary() | st.text() | JSON.map(json.dumps))
def test_garbage_is_refused_and_nothing_else_is_raised(document: str | bytes) -> None:
    assert refusal(document).startswith("/spool/some.json is not a photo's sidecar (")


@given(st.sampled_from(sorted(FACTS)), JSON)
@example("bytes", float("inf"))
def test_a_fact_of_any_other_kind_is_refused_or_read_whole(name: str, value: Any) -> None:
    with contextlib.suppress(SidecarError):
        sidecar = Sidecar.from_json(json.dumps(FACTS | {name: value}), "x")
        assert Sidecar.from_json(sidecar.to_json(), "x") == sidecar
