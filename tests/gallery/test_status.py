"""The status page: how a camera stands, when it was last heard of, and each gap of seven days in words."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from gallery.app import create_app
from gallery.status import STRIP, status_words
from kootenay.rules.daylight import DAY, Site, local_day
from kootenay.rules.gaps import day_of
from kootenay.rules.host_status import Backlog, HostStatus, StandingTrouble
from kootenay.rules.slots import SlotState, slots_between
from kootenay.settings import CameraSettings

SITE = Site(49.8672, -118.00737, "America/Vancouver")
CAMERA = CameraSettings()
TODAY = date(2026, 6, 21)
NOW = datetime(2026, 6, 21, 21, 8, tzinfo=UTC)
"""14:08 at the lake."""
STEP = timedelta(minutes=5)
Home = Any


@dataclass(frozen=True)
class Line:
    slot: datetime
    state: SlotState
    reason: str
    by: str = ""


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SITE.zone).astimezone(UTC)


def lines(day: date, until: datetime, *gaps: tuple[str, str, SlotState, str]) -> Iterator[Line]:
    """A day whose slots all have their photo in the light, but for those from one local time to another."""
    start, end = local_day(SITE, day)
    for plan in CAMERA.plan(SITE, slots_between(start, min(end, until), STEP)):
        clock = f"{SITE.local(plan.slot):%H:%M}"
        state, reason = (SlotState.CONFIRMED if plan.light.shoot else SlotState.SKIPPED), plan.light.reason
        for first, last, its, why in gaps:
            if first <= clock <= last:
                state, reason = its, why
        yield Line(plan.slot, state, reason)


def said(*gaps: tuple[str, str, SlotState, str], **changes: Any) -> HostStatus:
    """A host that saw yesterday and today; the gaps are today's."""
    days = [day_of(TODAY - back * DAY, []) for back in range(6, 1, -1)]
    days += [day_of(TODAY - DAY, list(lines(TODAY - DAY, NOW))), day_of(TODAY, list(lines(TODAY, NOW, *gaps)))]
    status = HostStatus("lake", NOW, tuple(days), Backlog(0, 0, None, 0), 12_340_000_000)
    return replace(status, **changes)


def told(status: HostStatus, now: datetime = NOW, site: Site = SITE) -> Any:
    return status_words(site, CAMERA.every, status, now)


def page(home: Home, now: datetime = NOW, path: str = "/lake/status") -> str:
    """The page's text as a reader has it."""
    answer = TestClient(create_app(home.settings, lambda: now)).get(path)
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", answer.text.split("<main")[1])).split())


HUNG = ("10:05", "10:40", SlotState.MISSED, "the camera hung")


class TestADay:
    def test_tells_each_gap_with_its_times_its_slots_and_its_reason(self) -> None:
        low = ("12:00", "12:00", SlotState.DROPPED, "the disk is low")
        today, yesterday, *earlier = told(said(HUNG, low)).days
        assert today.gaps == (
            ("10:05 to 10:40, 8 slots missed", "the camera hung"),
            ("12:00, 1 photo given up", "the disk is low"),
        )
        assert today.tally == "104 of 113 photos so far"
        assert (yesterday.tally, yesterday.gaps) == ("all 196 photos", ())
        assert earlier == [], "days before the ledger began"

    def test_without_a_record_between_others_says_so(self) -> None:
        first, *nothing, today = said().days[-2:-1] + said().days[:2] + said().days[-1:]
        days = told(said(days=(first, *nothing, today))).days
        assert [each.tally for each in days[1:3]] == ["no record of this day"] * 2
        assert days[1].strip == ()

    def test_is_missing_where_the_ledger_knows_of_none(self) -> None:
        assert told(said(days=said().days[:5])).days == ()

    def test_tells_night_in_one_line_that_is_no_gap(self) -> None:
        today, yesterday = told(said()).days
        assert yesterday.night == "Night: 00:00 to 04:40, 21:05 to 23:55."
        assert today.night == "Night: 00:00 to 04:40."
        assert today.gaps == yesterday.gaps == ()

    @pytest.mark.parametrize(
        ("until", "tally"),
        [
            pytest.param("2026-06-21T00:10", "dark so far", id="after-midnight"),
            pytest.param("2026-06-21T04:46", "the only photo so far", id="the-first-photo"),
            pytest.param("2026-06-21T04:51", "all 2 photos so far", id="the-second"),
        ],
    )
    def test_that_has_just_begun_is_no_bad_day(self, until: str, tally: str) -> None:
        status = said(days=(day_of(TODAY, list(lines(TODAY, local(until)))),))
        assert told(status).days[0].tally == tally

    def test_of_a_polar_night_is_dark_all_day(self) -> None:
        night = [Line(NOW - 2 * DAY, SlotState.SKIPPED, "night")]
        assert told(said(days=(day_of(TODAY - 2 * DAY, night),))).days[0].tally == "dark all day"

    def test_is_a_strip_from_midnight_to_midnight(self) -> None:
        today, yesterday = told(said(HUNG)).days
        assert [(part.kind, part.start, part.width) for part in yesterday.strip] == [
            ("photo", 0, STRIP),
            ("dark", 0, 285),
            ("dark", 1265, 175),
        ]
        missed = [(part.start, part.width) for part in today.strip if part.kind == "missed"]
        assert missed == [(10 * 60 + 5, 40)]
        assert today.strip[0].width == 14 * 60 + 10

    @pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)], ids=["23-hours", "25-hours"])
    def test_of_another_length_fills_its_strip_too(self, day: date) -> None:
        status = said(days=(day_of(day, list(lines(day, NOW + 200 * DAY))),))
        parts = told(status).days[0].strip
        assert (parts[0].start, parts[0].width) == (0, STRIP)
        assert parts[-1].start + parts[-1].width == STRIP


class TestWhatIsHeard:
    @pytest.mark.parametrize(
        ("minutes", "kind", "words"),
        [
            (0, "fresh", "Its host was last heard of just now."),
            (12, "fresh", "Its host was last heard of 12 minutes ago."),
            (60, "fresh", "Its host was last heard of 1 hour ago."),
            (61, "late", "Nothing has been heard of its host for 1 hour: this is how it stood at 14:08 on 21 June"),
            (5 * 1440, "late", "Nothing has been heard of its host for 5 days: this is how it stood at 14:08"),
            (-120, "fresh", "Its host was last heard of 2 hours ahead of the clock here."),
        ],
    )
    def test_long_ago_is_said_to_be_long_ago(self, minutes: float, kind: str, words: str) -> None:
        found = told(said(), NOW + timedelta(minutes=minutes))
        assert found.kind == kind
        assert found.heard.startswith(words)

    def test_troubles_say_why_since_when_and_how_often(self) -> None:
        troubles = (
            StandingTrouble("camera", NOW - timedelta(minutes=20), 4, "camera 'lake' hung"),
            StandingTrouble("disk", NOW - 2 * DAY, 1, "/spool has 10 MB"),
        )
        assert told(said(troubles=troubles)).troubles == (
            ("Camera 'lake' hung", "since 13:48, met 4 times"),
            ("/spool has 10 MB", "since 14:08 on 19 June 2026, met once"),
        )

    def test_the_gauges_are_those_the_host_has(self) -> None:
        assert told(said()).gauges == (("To be sent", "nothing"), ("The host’s disk", "12.3 GB free"))
        facts = {
            "battery": "62%", "card_free_mb": "23000", "card_free_images": "3120", "temperature": "24",
            "shutter_count": "48211", "serial": "12345", "clock_drift_seconds": "1",
        }  # fmt: skip
        backlog = Backlog(12, 36_000_000, NOW - STEP, 1)
        assert told(said(facts=facts, facts_at=NOW, backlog=backlog)).gauges == (
            ("To be sent", "12 photos, 36.0 MB, the oldest of 14:03"),
            ("Sent, not yet confirmed", "1 photo"),
            ("The host’s disk", "12.3 GB free"),
            ("Battery", "62%"),
            ("The camera’s card", "23.0 GB free, room for 3,120 photos"),
            ("Temperature", "24"),
            ("Shutter count", "48,211"),
        )

    @pytest.mark.parametrize("words", ["", "many", "-1", "²", "1e9"])
    def test_a_camera_may_say_what_it_likes(self, words: str) -> None:
        facts = dict.fromkeys(("battery", "card_free_mb", "card_free_images", "temperature", "shutter_count"), words)
        assert ("Battery", words) in told(said(facts=facts)).gauges
        assert "The camera’s card" not in dict(told(said(facts=facts)).gauges)


class TestThePage:
    def test_tells_how_the_camera_stands_and_why_photos_are_missing(self, home: Home) -> None:
        home.add(NOW - timedelta(minutes=3))
        assert home.catalog.put_status(said(HUNG), NOW)
        text = page(home, NOW + timedelta(minutes=4))
        assert "Latest photo 7 minutes ago. A new photo every 5 minutes of daylight." in text
        assert "Its host was last heard of 4 minutes ago." in text
        assert "Sunday 21 June 2026: 105 of 113 photos so far" in text
        assert "10:05 to 10:40, 8 slots missed: the camera hung" in text
        assert "Saturday 20 June 2026: all 196 photos" in text
        assert "What is wrong" not in text

    def test_at_night_has_no_word_of_trouble(self, home: Home) -> None:
        night = datetime(2026, 6, 22, 7, 8, tzinfo=UTC)
        home.add(local("2026-06-21T21:00"))
        days = (day_of(TODAY, list(lines(TODAY, night))), day_of(TODAY + DAY, list(lines(TODAY + DAY, night))))
        home.catalog.put_status(said(days=days, said_at=night), night)
        text = page(home, night)
        assert "Night at the lake: the next photo at 04:45." in text
        assert "Monday 22 June 2026: dark so far" in text
        assert not re.search("wrong|late|missed:", text)

    def test_of_a_host_that_never_said_a_word_says_so(self, home: Home) -> None:
        assert "Its host has not said yet how it stands." in page(home)

    def test_what_a_host_says_is_words_and_never_markup(self, home: Home) -> None:
        evil = "<script>alert(1)</script>"
        trouble = StandingTrouble("camera", NOW, 1, evil)
        gap = ("10:05", "10:40", SlotState.MISSED, evil)
        home.catalog.put_status(said(gap, facts={"battery": evil}, troubles=(trouble,)), NOW)
        body = TestClient(create_app(home.settings, lambda: NOW)).get("/lake/status").text
        assert evil not in body
        assert body.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3

    def test_keeps_many_gaps_of_a_day_behind_one_line(self, home: Home) -> None:
        many = [(f"{hour:02}:00", f"{hour:02}:05", SlotState.MISSED, f"hung {hour}") for hour in range(6, 13)]
        home.catalog.put_status(said(*many), NOW)
        body = TestClient(create_app(home.settings, lambda: NOW)).get("/lake/status").text
        assert "<summary>7 gaps, with the reason of each</summary>" in body
        assert all(f"hung {hour}" in body for hour in range(6, 13))
        home.catalog.put_status(said(*many[1:], said_at=NOW + STEP), NOW + STEP)
        body = TestClient(create_app(home.settings, lambda: NOW)).get("/lake/status").text
        assert "<summary>" not in body

    def test_leads_to_the_days_that_have_photos_here_and_no_others(self, home: Home) -> None:
        home.add(NOW - timedelta(minutes=3))
        home.catalog.put_status(said(), NOW)
        site = TestClient(create_app(home.settings, lambda: NOW))
        days = re.findall(r'href="(/lake/\d[\d-]+)"', site.get("/lake/status").text)
        assert days == ["/lake/2026-06-21"]
        assert site.get(days[0]).status_code == 200

    def test_is_one_link_from_the_latest_photo_and_back(self, home: Home) -> None:
        site = TestClient(create_app(home.settings, lambda: NOW))
        assert 'href="/lake/status"' in site.get("/").text
        assert 'href="/lake/"' in site.get("/lake/status").text

    def test_is_of_cameras_that_there_are(self, home: Home) -> None:
        assert TestClient(create_app(home.settings, lambda: NOW)).get("/pond/status").status_code == 404
