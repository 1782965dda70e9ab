"""A camera's status survives the way, whatever a newer host adds, and nothing that is not one gets through."""

import contextlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.errors import StatusError
from kootenay.rules import naming
from kootenay.rules.gaps import CameraDay, Gap, day_of
from kootenay.rules.host_status import (
    LONGEST_REASON,
    MOST_GAPS,
    Backlog,
    HostStatus,
    StandingTrouble,
    brief,
    cut,
)
from kootenay.rules.slots import SlotState

NOON = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
DAY = date(2026, 6, 21)


@dataclass(frozen=True)
class Line:
    slot: datetime
    state: SlotState
    reason: str = ""
    by: str = ""


def lines(*states: SlotState, reason: str = "hung") -> list[Line]:
    return [Line(NOON + number * STEP, state, reason) for number, state in enumerate(states)]


STATUS = HostStatus(
    camera="lake",
    said_at=NOON,
    days=(
        day_of(DAY - timedelta(days=1), []),
        day_of(DAY, lines(SlotState.SKIPPED, SlotState.MISSED, SlotState.CONFIRMED)),
    ),
    backlog=Backlog(2, 6_000_000, NOON - STEP, 1),
    disk_free=12_300_000_000,
    facts={"battery": "62%"},
    facts_at=NOON,
    troubles=(StandingTrouble("camera", NOON - STEP, 3, "the camera hung"),),
)
TOLD: dict[str, Any] = json.loads(STATUS.to_json())

INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
COUNTS = st.integers(0, 2**40)
GAPS = st.builds(Gap, INSTANTS, INSTANTS, COUNTS, st.sampled_from(SlotState), st.text())
DAYS = st.builds(
    CameraDay,
    day=st.dates(),
    first=st.none() | INSTANTS,
    last=st.none() | INSTANTS,
    counts=st.dictionaries(st.sampled_from(SlotState), COUNTS),
    by=st.dictionaries(st.text(), COUNTS),
    gaps=st.lists(GAPS, max_size=5).map(tuple),
)
STATUSES = st.builds(
    HostStatus,
    camera=st.from_regex(naming.CAMERA_NAME, fullmatch=True),
    said_at=INSTANTS,
    days=st.lists(DAYS, max_size=3).map(tuple),
    backlog=st.builds(Backlog, COUNTS, COUNTS, st.none() | INSTANTS, COUNTS),
    disk_free=COUNTS,
    facts=st.dictionaries(st.text(), st.text()),
    facts_at=st.none() | INSTANTS,
    troubles=st.lists(st.builds(StandingTrouble, st.text(), INSTANTS, COUNTS, st.text()), max_size=3).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def refusal(document: str | bytes) -> str:
    with pytest.raises(StatusError) as caught:
        HostStatus.from_json(document, "status/lake.json")
    return str(caught.value)


@given(STATUSES)
def test_a_status_survives_the_way(status: HostStatus) -> None:
    assert HostStatus.from_json(status.to_json(), "here") == status
    assert HostStatus.from_json(status.to_json().encode(), "here") == status


def test_what_a_newer_host_adds_is_passed_over() -> None:
    richer = json.loads(STATUS.to_json())
    for part in (richer, *richer["days"], richer["days"][1]["gaps"][0], richer["backlog"], richer["troubles"][0]):
        part["weather"] = {"wind": [1, 2]}
    assert HostStatus.from_json(json.dumps(richer), "here") == STATUS


@pytest.mark.parametrize("key", sorted(TOLD))
def test_nothing_may_be_missing(key: str) -> None:
    assert key in refusal(json.dumps({name: value for name, value in TOLD.items() if name != key}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"camera": "../lake"}, "is no camera's name", id="a-path-for-a-name"),
        pytest.param({"camera": ["lake"]}, "TypeError", id="a-list-for-a-name"),
        pytest.param({"said_at": "2026-06-21T20:00:00"}, "no instant with its time zone", id="a-naive-time"),
        pytest.param({"said_at": "0001-01-01T00:00:00+14:00"}, "no instant", id="a-year-before-cameras"),
        pytest.param({"disk_free": -1}, "-1 is no count", id="less-than-no-room"),
        pytest.param({"disk_free": True}, "True is no count", id="true-for-a-count"),
        pytest.param({"disk_free": 1.5}, "1.5 is no count", id="half-a-byte"),
        pytest.param({"disk_free": 2**64}, "is no count", id="more-than-any-disk"),
        pytest.param({"days": {}}, "{} is no list", id="days-by-name"),
        pytest.param({"days": [7]}, "TypeError", id="a-number-for-a-day"),
        pytest.param({"days": [TOLD["days"][0] | {"counts": {"stolen": 1}}]}, "stolen", id="a-state-nobody-knows"),
        pytest.param({"facts": "62%"}, "AttributeError", id="words-for-facts"),
        pytest.param({"troubles": [TOLD["troubles"][0] | {"reason": 7}]}, "7 are no words", id="a-number-for-a-reason"),
        pytest.param({"backlog": None}, "TypeError", id="no-backlog"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_that_says_what_stands(changes: dict[str, Any], words: str) -> None:
    told = refusal(json.dumps(TOLD | changes))
    assert words in told
    assert told.startswith("status/lake.json is not a camera's status (")
    assert told.endswith("; the one before it stands")
    assert "\n" not in told


@pytest.mark.parametrize(
    "document", [b"", b"{", b"\xff\xfe\xfd", b"[" * 100_000, STATUS.to_json()[:-20].encode()], ids=str
)
def test_half_a_document_is_refused(document: bytes) -> None:
    assert len(refusal(document)) < 400


@given(JSON)
def test_no_json_is_an_error_of_another_kind(value: Any) -> None:
    refusal(json.dumps(value))


@given(st.sampled_from(sorted(TOLD)), JSON)
def test_no_value_is_an_error_of_another_kind(key: str, value: Any) -> None:
    with contextlib.suppress(StatusError):
        HostStatus.from_json(json.dumps(TOLD | {key: value}), "here")


class TestADay:
    def test_tells_its_slots_by_state_who_took_and_each_gap(self) -> None:
        found = [
            Line(NOON, SlotState.SKIPPED, "night"),
            Line(NOON + STEP, SlotState.CONFIRMED, "daylight", "session"),
            Line(NOON + 2 * STEP, SlotState.UPLOADED, "daylight", "guard"),
            Line(NOON + 3 * STEP, SlotState.MISSED, "hung", "guard"),
            Line(NOON + 4 * STEP, SlotState.DROPPED, "the disk is low"),
        ]
        day = day_of(DAY, found)
        assert (day.first, day.last) == (NOON, NOON + 4 * STEP)
        assert day.counts == dict.fromkeys(
            [SlotState.CONFIRMED, SlotState.DROPPED, SlotState.MISSED, SlotState.SKIPPED, SlotState.UPLOADED], 1
        )
        assert day.by == {"a run": 1, "guard": 1, "session": 1}
        assert [gap.reason for gap in day.gaps] == ["night", "hung", "the disk is low"]
        assert (day.photos, day.expected) == (2, 4)

    def test_of_which_nothing_is_known_expects_nothing(self) -> None:
        assert day_of(DAY, []) == CameraDay(DAY, None, None, {}, {}, ())
        assert (day_of(DAY, []).photos, day_of(DAY, []).expected) == (0, 0)

    @given(st.lists(st.sampled_from(SlotState), max_size=40))
    def test_every_slot_is_a_photo_or_in_a_gap(self, states: list[SlotState]) -> None:
        day = day_of(DAY, lines(*states))
        assert day.photos + sum(gap.count for gap in day.gaps) == len(states) == sum(day.counts.values())


class TestABriefDay:
    @given(st.lists(st.tuples(st.sampled_from(SlotState), st.sampled_from("abc")), max_size=300))
    def test_hides_no_slot_and_stays_small(self, told: list[tuple[SlotState, str]]) -> None:
        day = day_of(DAY, [Line(NOON + n * STEP, state, reason) for n, (state, reason) in enumerate(told)])
        short = brief(day)
        assert sum(gap.count for gap in short.gaps) == sum(gap.count for gap in day.gaps)
        assert len([gap for gap in short.gaps if gap.state is not SlotState.SKIPPED]) <= MOST_GAPS + 1
        assert replace(short, gaps=()) == replace(day, gaps=())
        assert [gap.first for gap in short.gaps] == sorted(gap.first for gap in short.gaps)

    def test_is_the_day_itself_when_that_is_small(self) -> None:
        assert brief(STATUS.days[1]) == STATUS.days[1]

    def test_says_where_the_reasons_are_that_it_does_not_tell(self) -> None:
        states = [SlotState.MISSED, SlotState.TAKEN] * (MOST_GAPS + 3)
        (*_, last) = brief(day_of(DAY, lines(*states))).gaps
        assert (last.count, last.reason) == (
            3,
            "3 gaps in this time; the ledger on the camera host has the reason of each",
        )

    def test_of_the_worst_week_is_a_small_document(self) -> None:
        states = [SlotState.MISSED, SlotState.TAKEN] * 720
        worst = brief(day_of(DAY, lines(*states, reason="é" * 5000)))
        assert len(replace(STATUS, days=(worst,) * 7).to_json()) < 512 * 1024

    def test_cuts_a_reason_that_is_too_long_and_puts_it_on_one_line(self) -> None:
        assert cut("it\n hung") == "it hung"
        assert cut("x" * LONGEST_REASON) == "x" * LONGEST_REASON
        assert cut("x" * (LONGEST_REASON + 1)) == "x" * (LONGEST_REASON - 1) + "…"
