"""A day's film in pieces: what comes late changes its own piece, and at most the light of the next."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.daylight import Site
from kootenay.rules.film_plan import (
    GAP,
    PIECE,
    FilmPlan,
    Frame,
    Piece,
    Profile,
    evened,
    measured,
    plan_day_film,
)
from kootenay.rules.flicker import REACH

LAKE = Site(49.5, -117.3, "America/Vancouver")
DAY = date(2026, 6, 21)
EVERY = timedelta(minutes=5)
PROFILE = Profile()


def photos(site: Site, day: date, seed: int = 1) -> list[Frame]:
    """All slots of a site's local day, their lights on a curve with noise."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    noise = random.Random(seed)
    frames = []
    for slot in range(54 * 12):
        local = site.local(start + slot * EVERY)
        offset = local.utcoffset()
        assert offset is not None
        light = (130 - (slot % 288 - 144) ** 2 / 250) * noise.gauss(1, 0.03)
        if local.date() == day:
            at = start + slot * EVERY
            zone = local.tzname() or ""
            frames.append(Frame(at, f"{at:%dT%H%M}.jpg", int(offset.total_seconds() // 60), zone, light))
    return frames


PHOTOS = photos(LAKE, DAY)


def plan(frames: list[Frame], profile: Profile = PROFILE, every: timedelta | None = EVERY) -> FilmPlan:
    return plan_day_film("lake", DAY, frames, profile, every=every)


def names(film: FilmPlan) -> list[str]:
    return [piece.name for piece in film.pieces]


@pytest.mark.parametrize(
    ("site", "day", "count", "pieces"),
    [
        pytest.param(LAKE, DAY, 288, 13, id="a polar day's photos, from 07:00 UTC"),
        pytest.param(LAKE, date(2026, 3, 8), 276, 12, id="23 hours"),
        pytest.param(LAKE, date(2026, 11, 1), 300, 13, id="25 hours"),
        pytest.param(Site(28.6, 77.2, "Asia/Kolkata"), DAY, 288, 13, id="half an hour off"),
        pytest.param(Site(64.1, -21.9, "Atlantic/Reykjavik"), DAY, 288, 12, id="UTC"),
    ],
)
def test_a_day_is_cut_at_the_instants_of_one_grid(site: Site, day: date, count: int, pieces: int) -> None:
    film = plan_day_film("lake", day, photos(site, day), PROFILE)
    assert (len(film.frames), len(film.pieces), len(set(names(film)))) == (count, pieces, pieces)
    assert tuple(frame for piece in film.pieces for frame in piece.frames) == film.frames
    assert all(piece.frames[-1].taken_at - piece.frames[0].taken_at < PIECE for piece in film.pieces)
    for before, after in pairwise(film.pieces):
        assert after.frames[0].taken_at.hour % 2 == 0
        assert before.frames[-1].taken_at < after.frames[0].taken_at


def test_days_that_adjoin_are_cut_at_midnight() -> None:
    """So a week's pieces are its days' pieces, where the sun does not set."""
    days = [plan(photos(LAKE, day)) for day in (DAY, DAY + timedelta(days=1))]
    week = FilmPlan("lake", "week", "2026-W25", PROFILE, tuple(frame for day in days for frame in day.frames))
    assert names(week) == names(days[0]) + names(days[1])


@given(st.sets(st.sampled_from(range(288)), max_size=200), st.sampled_from(range(288)))
def test_a_late_photo_changes_its_piece_and_those_whose_light_it_reaches(missing: set[int], late: int) -> None:
    before = [frame for index, frame in enumerate(PHOTOS) if index not in missing | {late}]
    after = [frame for index, frame in enumerate(PHOTOS) if index not in missing - {late}]
    position = after.index(PHOTOS[late])
    reached = {frame.taken_at for frame in after[max(position - REACH, 0) : position + REACH + 1]}
    for piece in set(plan(after).pieces) - set(plan(before).pieces):
        assert reached & {frame.taken_at for frame in piece.frames}
    [own] = [piece for piece in plan(after, every=None).pieces if PHOTOS[late] in piece.frames]
    assert set(names(plan(after, every=None))) - set(names(plan(before, every=None))) == {own.name}


@given(st.integers(0, 288), st.booleans())
def test_what_is_settled_stays_as_the_day_goes_on(now: int, even: bool) -> None:
    every, reach = (EVERY, REACH) if even else (None, 0)
    settled = plan(PHOTOS[:now], every=every).settled(reach)
    assert [piece.name for piece in settled] == names(plan(PHOTOS, every=every))[: len(settled)]
    assert sum(len(piece.frames) for piece in settled) > now - (PIECE // EVERY + max(reach, 1)) - 1


@pytest.mark.parametrize(
    ("now", "reach", "settled"), [(23, 12, 0), (24, 12, 1), (47, 12, 1), (48, 12, 2), (12, 0, 0), (13, 0, 1)]
)
def test_a_piece_is_settled_when_a_reach_of_photos_has_followed(now: int, reach: int, settled: int) -> None:
    """The first piece is of an hour, from midnight at 07:00 UTC."""
    assert len(plan(PHOTOS[:now]).settled(reach)) == settled


SHOWN = PHOTOS[:3]
PIECES = {
    "as it is": Piece(PROFILE, tuple(SHOWN)),
    "another photo": Piece(PROFILE, (*SHOWN[:2], replace(SHOWN[2], key="x"))),
    "another order": Piece(PROFILE, tuple(SHOWN[::-1])),
    "a photo less": Piece(PROFILE, tuple(SHOWN[:2])),
    "a gain": Piece(PROFILE, (*SHOWN[:2], replace(SHOWN[2], gain=0.999))),
    "a profile": Piece(replace(PROFILE, crf=22), tuple(SHOWN)),
    "a caption": Piece(replace(PROFILE, overlay=True), tuple(SHOWN)),
    "another time in it": Piece(
        replace(PROFILE, overlay=True), (*SHOWN[:2], replace(SHOWN[2], taken_at=SHOWN[2].taken_at + EVERY))
    ),
    "another zone in it": Piece(replace(PROFILE, overlay=True), (*SHOWN[:2], replace(SHOWN[2], zone="MST"))),
}


def test_a_piece_is_named_by_all_that_decides_its_pixels() -> None:
    assert len({piece.name for piece in PIECES.values()}) == len(PIECES)


@pytest.mark.parametrize(
    "change",
    [{"taken_at": SHOWN[0].taken_at + EVERY}, {"light": 9.0}, {"flags": ("blurred",)}, {"gain": 1.0004}, {"zone": "X"}],
    ids=lambda change: next(iter(change)),
)
def test_a_piece_keeps_its_name_where_no_pixel_changes(change: dict[str, object]) -> None:
    changed = Piece(PROFILE, (replace(SHOWN[0], **change), *SHOWN[1:]))  # type: ignore[arg-type]
    assert changed.name == PIECES["as it is"].name


@pytest.mark.parametrize(
    ("site", "at", "caption"),
    [
        pytest.param(LAKE, datetime(2026, 11, 1, 8, 30, tzinfo=UTC), "2026-11-01 01:30 PDT", id="before the hour"),
        pytest.param(LAKE, datetime(2026, 11, 1, 9, 30, tzinfo=UTC), "2026-11-01 01:30 PST", id="the hour again"),
        pytest.param(LAKE, datetime(2026, 3, 8, 9, 59, 59, tzinfo=UTC), "2026-03-08 01:59 PST", id="before the jump"),
        pytest.param(LAKE, datetime(2026, 3, 8, 10, tzinfo=UTC), "2026-03-08 03:00 PDT", id="after the jump"),
        pytest.param(
            Site(-23.5, -46.6, "America/Sao_Paulo"),
            datetime(2026, 6, 21, 2, tzinfo=UTC),
            "2026-06-20 23:00 UTC-03:00",
            id="a zone without a name",
        ),
        pytest.param(
            Site(27.7, 85.3, "Asia/Kathmandu"),
            datetime(2026, 6, 21, tzinfo=UTC),
            "2026-06-21 05:45 UTC+05:45",
            id="a quarter",
        ),
        pytest.param(
            Site(64.1, -21.9, "Atlantic/Reykjavik"),
            datetime(2026, 6, 21, tzinfo=UTC),
            "2026-06-21 00:00 GMT",
            id="GMT",
        ),
    ],
)
def test_a_caption_is_the_photos_own_local_time(site: Site, at: datetime, caption: str) -> None:
    local = site.local(at)
    offset = local.utcoffset()
    assert offset is not None
    assert Frame(at, "a.jpg", int(offset.total_seconds() // 60), local.tzname() or "").caption == caption


def test_the_light_is_evened_and_measured() -> None:
    film = plan(PHOTOS)
    before, after = measured(film.frames, EVERY)
    assert before > 6
    assert after < before / 8
    assert measured(PHOTOS, EVERY) == (before, before)


def test_light_is_not_compared_across_a_gap() -> None:
    morning, evening = PHOTOS[:60], PHOTOS[60 + GAP :]
    assert evened([*morning, *evening], EVERY) == evened(morning, EVERY) + evened(evening, EVERY)
    first, *rest = PHOTOS[60 + GAP - 1 :]
    nearer = [replace(first, taken_at=first.taken_at + timedelta(seconds=20)), *rest]
    assert evened([*morning, *nearer], EVERY) != evened(morning, EVERY) + evened(nearer, EVERY)


def test_a_film_that_flashes_warns_of_it() -> None:
    lights = {index: 200.0 if index % 2 else 20.0 for index in range(100, 110)}
    frames = [replace(frame, light=lights.get(index, 110.0)) for index, frame in enumerate(PHOTOS)]
    assert plan(frames, every=None).warnings == (
        "it flashes more than three times a second from 8.3 s to 9.2 s (2026-06-21 08:20 PDT; WCAG 2.3.1)",
    )
    assert plan(PHOTOS).warnings == ()
    assert replace(plan(frames, every=None), shown_fps=6).warnings == ()
