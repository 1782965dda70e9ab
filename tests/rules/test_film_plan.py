"""A film's plan depends on its photos and its profile, and on nothing else."""

import re
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.film_plan import (
    FAULTY,
    MOST_LEFT_OUT,
    FilmPlan,
    Frame,
    Profile,
    fitted_fps,
    plan_day_film,
)
from kootenay.rules.quality import Flag

DAY = date(2026, 6, 21)
PROFILE = Profile()
NOON = datetime(2026, 6, 21, 19, tzinfo=UTC)
FRAMES = [Frame(NOON + index * timedelta(minutes=5), f"lake/{index}.jpg") for index in range(6)]
PLAN = plan_day_film("lake", DAY, FRAMES, PROFILE)

DRAWN_FRAMES = st.lists(
    st.builds(
        Frame,
        st.datetimes(datetime(2026, 6, 21), datetime(2026, 6, 22), timezones=st.just(UTC)),  # noqa: DTZ001
        st.sampled_from(["a.jpg", "b.jpg", "c.jpg"]),
    ),
    max_size=12,
)


@given(DRAWN_FRAMES, st.randoms(use_true_random=False))
def test_the_order_in_which_frames_are_found_does_not_matter(frames: list[Frame], random: Any) -> None:
    plan = plan_day_film("lake", DAY, frames, PROFILE)
    shuffled = list(frames)
    random.shuffle(shuffled)
    again = plan_day_film("lake", DAY, iter(shuffled), PROFILE)
    assert again == plan
    assert again.manifest == plan.manifest


@given(DRAWN_FRAMES)
def test_frames_are_shown_in_the_order_they_were_taken_each_once(frames: list[Frame]) -> None:
    shown = plan_day_film("lake", DAY, frames + frames[:3], PROFILE).frames
    assert [frame.taken_at for frame in shown] == sorted(frame.taken_at for frame in shown)
    assert len(shown) == len(set(shown))
    assert set(shown) == set(frames)


def test_frames_of_one_instant_are_ordered_by_their_key() -> None:
    late, early = Frame(NOON, "b.jpg"), Frame(NOON, "a.jpg")
    assert plan_day_film("lake", DAY, [late, early], PROFILE).frames == (early, late)


def test_frames_are_ordered_by_time_and_not_by_key() -> None:
    first, second = Frame(NOON, "z.jpg"), Frame(NOON + timedelta(seconds=1), "a.jpg")
    assert plan_day_film("lake", DAY, [second, first], PROFILE).frames == (first, second)


def test_a_plan_is_for_the_cameras_day() -> None:
    plan = plan_day_film("lake", DAY, FRAMES, PROFILE)
    assert plan == FilmPlan("lake", "day", "2026-06-21", PROFILE, tuple(FRAMES))
    assert re.fullmatch("[0-9a-f]{64}", PLAN.manifest)


def changed_profile(name: str) -> Profile:
    value: Any = asdict(PROFILE)[name]
    other: Any = {name: f"{value}er" if isinstance(value, str) else value + 2}
    return replace(PROFILE, **other)


CHANGES: dict[str, FilmPlan] = {
    "camera": plan_day_film("river", DAY, FRAMES, PROFILE),
    "day": plan_day_film("lake", DAY + timedelta(days=1), FRAMES, PROFILE),
    "kind": replace(PLAN, kind="week"),
    "speed": replace(PLAN, shown_fps=11),
    "frame-gain": replace(PLAN, frames=(replace(FRAMES[0], gain=1.001), *FRAMES[1:])),
    "a-frame-less": plan_day_film("lake", DAY, FRAMES[:-1], PROFILE),
    "a-frame-more": plan_day_film("lake", DAY, [*FRAMES, Frame(NOON, "lake/other.jpg")], PROFILE),
    "no-frames": plan_day_film("lake", DAY, [], PROFILE),
    "frames-in-another-order": replace(PLAN, frames=PLAN.frames[::-1]),
    **{
        f"frame-{index}-key": replace(PLAN, frames=(*FRAMES[:index], replace(frame, key="x"), *FRAMES[index + 1 :]))
        for index, frame in enumerate(FRAMES)
    },
    **{
        f"frame-{index}-time": replace(
            PLAN,
            frames=(
                *FRAMES[:index],
                replace(frame, taken_at=frame.taken_at + timedelta.resolution),
                *FRAMES[index + 1 :],
            ),
        )
        for index, frame in enumerate(FRAMES)
    },
    **{f"profile-{name}": replace(PLAN, profile=changed_profile(name)) for name in asdict(PROFILE)},
}


@pytest.mark.parametrize("changed", [pytest.param(plan, id=name) for name, plan in CHANGES.items()])
def test_the_manifest_changes_with_all_that_decides_the_pixels(changed: FilmPlan) -> None:
    assert changed != PLAN
    assert changed.manifest != PLAN.manifest


def test_no_two_of_these_films_share_a_manifest() -> None:
    assert len({plan.manifest for plan in CHANGES.values()}) == len(CHANGES)


@pytest.mark.parametrize(("frames", "fps", "seconds"), [(0, 12, 0), (6, 12, 0.5), (6, 24, 0.25)], ids=str)
def test_a_film_lasts_a_frame_after_the_other(frames: int, fps: int, seconds: float) -> None:
    assert plan_day_film("lake", DAY, FRAMES[:frames], replace(PROFILE, fps=fps)).seconds == seconds
    assert plan_day_film("lake", DAY, FRAMES[:frames], PROFILE, shown_fps=fps).seconds == seconds


@pytest.mark.parametrize("name", list(asdict(PROFILE)))
def test_films_of_profiles_that_differ_are_not_to_be_joined(name: str) -> None:
    assert changed_profile(name).id != PROFILE.id == Profile().id
    assert re.fullmatch("[0-9a-f]{12}", PROFILE.id)


@pytest.mark.parametrize(
    ("frames", "seconds", "fps"),
    [(240, 20, 12), (250, 20, 12), (240, 60, 6), (2000, 20, 30), (0, 20, 6), (1, 0.1, 10), (105_120, 60, 30)],
)
def test_a_speed_is_fitted_within_its_bounds(frames: int, seconds: float, fps: int) -> None:
    assert fitted_fps(frames, seconds, lowest=6, highest=30) == fps


@given(st.integers(0, 10**5), st.floats(0.1, 600), st.integers(1, 30), st.integers(0, 90))
def test_no_other_speed_comes_nearer_to_the_length_asked_for(frames: int, seconds: float, low: int, more: int) -> None:
    fps = fitted_fps(frames, seconds, low, low + more)
    assert low <= fps <= low + more
    wanted = frames / seconds
    assert all(abs(fps - wanted) <= abs(other - wanted) for other in range(low, low + more + 1))


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        pytest.param([], "0 photos, too few for a film", id="none"),
        pytest.param(FRAMES[:1], "1 photo, too few for a film", id="one"),
        pytest.param(FRAMES[:2], "", id="two"),
    ],
)
def test_a_day_of_too_few_photos_says_so(frames: list[Frame], reason: str) -> None:
    assert plan_day_film("lake", DAY, frames, PROFILE).why_not == reason


def flagged(flags: dict[int, tuple[str, ...]], count: int = 20) -> list[Frame]:
    return [Frame(NOON + i * timedelta(minutes=5), f"{i}.jpg", flags=flags.get(i, ())) for i in range(count)]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param({3: ("dark",)}, {3: (False, "dark")}, id="one"),
        pytest.param({3: ("blurred",)}, {3: (True, "blurred: shown all the same")}, id="not asked for"),
        pytest.param({3: ("blurred", "frozen")}, {3: (False, "frozen")}, id="one of two"),
        pytest.param({3: ("dark", "frozen")}, {3: (False, "dark, frozen")}, id="both"),
        pytest.param(dict.fromkeys(range(5), ("dark",)), dict.fromkeys(range(5), (False, "dark")), id="a quarter"),
        pytest.param(
            {**dict.fromkeys(range(12), ("blocked",)), 15: ("dark",), 4: ("blocked", "dark")},
            {
                **dict.fromkeys(range(12), (True, "blocked, as 60% of the day is")),
                15: (False, "dark"),
                4: (False, "dark"),
            },
            id="fog, and a cap on the lens",
        ),
        pytest.param(
            dict.fromkeys(range(20), ("frozen",)),
            dict.fromkeys(range(20), (True, "frozen, as 100% of the day is")),
            id="all",
        ),
    ],
)
def test_flagged_photos_are_left_out_unless_they_are_the_weather(
    flags: dict[int, tuple[str, ...]], told: dict[int, tuple[bool, str]]
) -> None:
    frames = flagged(flags)
    plan = plan_day_film("lake", DAY, frames, PROFILE, FAULTY)
    decisions = {frames.index(each.frame): (each.shown, each.reason) for each in plan.decisions}
    assert decisions == told
    assert plan.frames == tuple(frame for i, frame in enumerate(frames) if told.get(i, (True, ""))[0])


def test_all_that_is_left_out_is_told_where_too_little_is_left() -> None:
    plan = plan_day_film("lake", DAY, flagged({0: ("dark",), 2: ("frozen",)}, 4), PROFILE, FAULTY)
    assert len(plan.frames) == 2
    assert replace(plan, frames=plan.frames[:1]).why_not == (
        "1 photo, too few for a film, 1 left out (dark), 1 left out (frozen)"
    )


@given(
    st.lists(st.sets(st.sampled_from(list(Flag)), max_size=2).map(tuple), max_size=40), st.sets(st.sampled_from(Flag))
)
def test_no_flag_takes_more_than_its_share_of_a_day(flags: list[tuple[Flag, ...]], leave_out: set[Flag]) -> None:
    frames = flagged(dict(enumerate(flags)), len(flags))
    plan = plan_day_film("lake", DAY, frames, PROFILE, leave_out)
    assert {each.frame.key for each in plan.decisions} == {frame.key for frame in frames if frame.flags}
    gone = [each for each in plan.decisions if not each.shown]
    assert len(gone) + len(plan.frames) == len(frames)
    assert all(set(each.reason.split(", ")) <= leave_out & set(each.frame.flags) for each in gone)
    for flag in Flag:
        assert sum(flag in each.reason for each in gone) <= MOST_LEFT_OUT * len(frames)
