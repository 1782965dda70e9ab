"""Periods have the calendar's names and days, and a longer film is its days' films and nothing else."""

import calendar
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.film_periods import (
    Chapter,
    Part,
    Period,
    PeriodPlan,
    day_of,
    last_days,
    month_of,
    part_of,
    period_named,
    periods_of,
    plan_period_film,
    week_of,
    year_of,
)
from kootenay.rules.film_plan import Frame, Profile, plan_day_film

ONE = timedelta(days=1)
TODAY = date(2026, 6, 21)
PROFILE = Profile()
DAYS = st.dates(date(1971, 1, 1), date(2199, 12, 31))
WEEK = week_of(TODAY)
PARTS = [Part(day, f"{day}", PROFILE.id, 24 * (index + 1)) for index, day in enumerate(WEEK.days)]
PLAN = plan_period_film("lake", WEEK, PARTS, PROFILE)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2026-06-21", "2026-06-21", "2026-06-21"),
        ("2028-02-29", "2028-02-29", "2028-02-29"),
        ("2026-W26", "2026-06-22", "2026-06-28"),
        ("2026-W53", "2026-12-28", "2027-01-03"),
        ("2026-W01", "2025-12-29", "2026-01-04"),
        ("2026-06", "2026-06-01", "2026-06-30"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2026-12", "2026-12-01", "2026-12-31"),
        ("2026", "2026-01-01", "2026-12-31"),
        ("last-1", "2026-06-21", "2026-06-21"),
        ("last-7", "2026-06-15", "2026-06-21"),
        ("last-30", "2026-05-23", "2026-06-21"),
    ],
)
def test_a_name_says_its_days(name: str, first: str, last: str) -> None:
    period = period_named(name, TODAY)
    assert (period.name, f"{period.first}", f"{period.last}") == (name, first, last)
    assert (period.days[0], period.days[-1]) == (period.first, period.last)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2027-W53",
        "2026-W00",
        "2026-W5",
        "2026-13",
        "2026-00",
        "2027-02-29",
        "20260621",
        "2026W26",
        "2026-W26-1",
        "last-0",
        "last-",
        "last-07",
        "last-99999",
        "last--7",
        "week",
        "26",
        " 2026",
        "2026-06-21T00",
        "２０２６",
    ],
)
def test_what_names_no_period_is_refused_with_the_ways_to_write_one(name: str) -> None:
    with pytest.raises(ValueError, match="names no period: write 2026-06-21, 2026-W26, 2026-06, 2026 or last-7"):
        period_named(name, TODAY)


@given(DAYS, st.integers(1, 400))
def test_every_periods_name_leads_back_to_it(day: date, count: int) -> None:
    for period in (day_of(day), week_of(day), month_of(day), year_of(day), last_days(count, day)):
        assert period_named(period.name, day) == period
        assert day in period.days
        assert len(period.days) == (period.last - period.first).days + 1


@given(DAYS)
def test_periods_of_a_kind_neither_overlap_nor_leave_a_day_out(day: date) -> None:
    for kind in (day_of, week_of, month_of, year_of):
        period = kind(day)
        assert all(kind(each) == period for each in period.days)
        assert kind(period.last + ONE).first == period.last + ONE
        assert kind(period.first - ONE).last == period.first - ONE
    assert [week_of(day).first.weekday(), len(week_of(day).days)] == [calendar.MONDAY, 7]
    assert len(year_of(day).days) == 365 + calendar.isleap(day.year)


@given(DAYS, DAYS, st.sets(st.integers(1, 60)))
def test_a_day_has_a_share_in_the_periods_that_hold_it_and_in_no_others(
    day: date, today: date, lasts: set[int]
) -> None:
    found = periods_of(day, today, lasts)
    assert [period.kind for period in found[:4]] == ["day", "week", "month", "year"]
    assert all(period.first <= day <= period.last for period in found)
    assert {period.name for period in found[4:]} == {
        f"last-{count}" for count in lasts if timedelta() <= today - day < count * ONE
    }


def test_the_last_day_of_a_year_is_in_the_next_years_week() -> None:
    names = [period.name for period in periods_of(date(2024, 12, 31), TODAY)]
    assert names == ["2024-12-31", "2025-W01", "2024-12", "2024"]


@given(st.randoms(use_true_random=False))
def test_a_weeks_film_is_its_days_films_in_order(random: object) -> None:
    shuffled = [*PARTS, replace(PARTS[0], day=WEEK.first - ONE), replace(PARTS[0], day=WEEK.last + ONE)]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    plan = plan_period_film("lake", WEEK, shuffled, PROFILE)
    assert plan == PLAN
    assert plan.manifest == PLAN.manifest
    assert plan.frames == 24 * (1 + 2 + 3 + 4 + 5 + 6 + 7)
    assert plan.why_not == ""


def test_chapters_follow_one_another_without_a_gap_and_days_without_a_film_have_none() -> None:
    assert plan_period_film("lake", WEEK, [PARTS[0], PARTS[3], PARTS[4]], PROFILE).chapters == (
        Chapter("2026-06-15", 0, 2),
        Chapter("2026-06-18", 2, 10),
        Chapter("2026-06-19", 10, 20),
    )
    assert plan_period_film("lake", WEEK, PARTS[:1], PROFILE, shown_fps=24).chapters == (Chapter("2026-06-15", 0, 1),)


def test_an_empty_week_says_so() -> None:
    assert plan_period_film("lake", WEEK, [], PROFILE).why_not == "no day of 2026-W25 has a film"


CHANGES: dict[str, PeriodPlan] = {
    "as it is": PLAN,
    "camera": replace(PLAN, camera="river"),
    "kind": replace(PLAN, period=replace(WEEK, kind="last")),
    "name": replace(PLAN, period=replace(WEEK, name="2026-W24")),
    "speed": replace(PLAN, fps=24),
    "profile": replace(PLAN, profile=replace(PROFILE, crf=30)),
    "a day less": replace(PLAN, parts=PLAN.parts[1:]),
    "a day made anew": replace(PLAN, parts=(replace(PARTS[0], manifest="x"), *PARTS[1:])),
    "another day": replace(PLAN, parts=(*PARTS[:-1], replace(PARTS[-1], day=TODAY + ONE))),
}


def test_a_manifest_changes_with_all_that_decides_the_film() -> None:
    assert len({plan.manifest for plan in CHANGES.values()}) == len(CHANGES)


def test_the_last_days_are_another_film_when_a_day_has_passed() -> None:
    today, tomorrow = (plan_period_film("lake", last_days(3, TODAY + n * ONE), PARTS, PROFILE) for n in (0, 1))
    assert (len(today.parts), len(tomorrow.parts)) == (3, 2)
    assert today.manifest != tomorrow.manifest


def test_days_of_another_profile_are_to_be_encoded_anew() -> None:
    assert PLAN.foreign == ()
    changed = plan_period_film("lake", WEEK, PARTS, replace(PROFILE, width=1280))
    assert changed.foreign == changed.parts
    mixed = plan_period_film("lake", WEEK, [*PARTS[:2], replace(PARTS[2], profile_id="other")], PROFILE)
    assert [part.day for part in mixed.foreign] == [PARTS[2].day]


def test_a_late_photo_rebuilds_its_day_and_what_holds_it() -> None:
    noon = datetime(2026, 6, 17, 19, tzinfo=UTC)
    frames = [Frame(noon + index * timedelta(minutes=5), f"{index}.jpg") for index in range(3)]
    before, after = (part_of(plan_day_film("lake", noon.date(), some, PROFILE)) for some in (frames[:2], frames))
    periods: list[Period] = [WEEK, week_of(TODAY + 7 * ONE), month_of(TODAY), month_of(TODAY + 30 * ONE)]
    others = [part for part in PARTS if part.day != noon.date()]
    rebuilt = [
        period.name
        for period in periods
        if plan_period_film("lake", period, [*others, before], PROFILE).manifest
        != plan_period_film("lake", period, [*others, after], PROFILE).manifest
    ]
    assert rebuilt == ["2026-W25", "2026-06"]
    assert after == Part(date(2026, 6, 17), after.manifest, PROFILE.id, 3)
