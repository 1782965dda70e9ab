"""A film's plan depends on its photos and its profile, and on nothing else."""

import re
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.film_plan import FilmPlan, Frame, Profile, plan_day_film

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
