"""The films' touches: what is to be made, pieces of days that still go on, films of periods that are over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import cast
from uuid import UUID

from prefect import get_run_logger, task
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from kootenay.adapters.catalog import Film
from kootenay.adapters.studio import Made
from kootenay.rules.daylight import local_day
from kootenay.rules.film_periods import Period
from kootenay.rules.film_plan import FilmPlan, measured
from kootenay.rules.slots import last_lit, slots_between
from kootenay.settings import Settings
from kootenay.wiring import catalog_of
from tasks import retry
from tasks.background import step_back
from tasks.blocks import store_with_secrets, studio_with_secrets
from tasks.clock import now

PROGRESS_EVERY = 25
"""Frames between two updates of the progress bar."""


@dataclass(frozen=True)
class ChangedDay:
    """A local day whose photos have changed since its film was made; it is `over` when no photo is due any more."""

    day: date
    change: int
    over: bool


@task(task_run_name="days of {camera} that have changed", **retry.NETWORK)
def changed_days(settings: Settings, camera: str) -> list[ChangedDay]:
    """Return the days whose film lacks something, the oldest first."""
    catalog = catalog_of(settings)
    found = catalog.changed_days(camera)
    return [ChangedDay(each.local_date, each.change, _is_over(settings, camera, each.local_date)) for each in found]


@task(task_run_name="pieces of {day}", **retry.NETWORK)
def encode_pieces(settings: Settings, camera: str, day: date) -> int:
    """Encode the pieces of a day that goes on which coming photos do not change; return how many frames they have."""
    step_back()
    studio = studio_with_secrets(settings, camera, lambda count, of: None)
    pieces = studio.settled(studio.day_plan(day))
    for flaw in studio.encode(pieces):
        get_run_logger().warning("%s", flaw)
    return sum(len(piece.frames) for piece in pieces)


@task(task_run_name="film of {period.name}", **retry.NETWORK)
def make_film(settings: Settings, camera: str, period: Period) -> Made | None:
    """Bring a period's film up to date; None where it has too few photos for one. The old one stands until then."""
    step_back()
    studio = studio_with_secrets(settings, camera, _progress(f"film-{camera}-{period.kind}"))
    if period.kind == "day":
        plan = studio.day_plan(period.first)
        made = None if plan.why_not else studio.day_film(plan)
        _show_decisions(settings, plan)
    else:
        made = studio.period_film(period)
    studio.tidy(now())
    if made and made.fresh:
        film, log = made.film, get_run_logger()
        log.info("%s: %d frames, %.1f s, %.1f MB", film.key, film.frames, film.seconds, film.bytes / 1e6)
        for note in made.notes:
            log.warning("%s", note)
    return made


@task(task_run_name="link the film")
def publish_film(settings: Settings, film: Film) -> None:
    """Show a link to the film, and its poster."""
    store, words = store_with_secrets(settings), f"{film.camera}, {film.period}: {film.frames} frames"
    key = f"film-{film.camera}-{film.kind}"
    create_link_artifact(
        settings.address(store.url(film.key)), link_text=f"{words}, {film.seconds:.1f} s", key=f"{key}-link"
    )
    create_image_artifact(settings.address(store.url(film.poster_key)), description=words, key=f"{key}-poster")


@task(task_run_name="{day.day} has its film")
def note_filmed(settings: Settings, camera: str, day: ChangedDay) -> None:
    """Take the mark off a day, unless a photo has come meanwhile."""
    catalog_of(settings).unmark_day(camera, day.day, day.change)


def _progress(key: str) -> Callable[[int, int], None]:
    """Return what shows how many frames are encoded; the bar is made with the first of them."""
    bars: list[UUID] = []

    def show(count: int, of: int) -> None:
        if not bars:
            bars.append(cast(UUID, create_progress_artifact(0.0, key=key)))
        if count % PROGRESS_EVERY == 0 or count == of:
            update_progress_artifact(bars[0], 100 * count / of)

    return show


def _show_decisions(settings: Settings, plan: FilmPlan) -> None:
    """Tell how far the light was evened out, and show each flagged photo with what was decided of it."""
    before, after = measured(plan.frames, settings.camera(plan.camera).every)
    get_run_logger().info("%s: flicker %.2f levels, evened out to %.2f", plan.period, before, after)
    if not plan.decisions:
        return
    rows = [
        {"photo": each.frame.caption, "shown": "yes" if each.shown else "no", "why": each.reason}
        for each in plan.decisions
    ]
    create_table_artifact(rows, key=f"film-{plan.camera}-decisions", description=f"Flagged photos of {plan.period}")


def _is_over(settings: Settings, camera: str, day: date) -> bool:
    """Whether the day is past, or its last slot with light has its photo."""
    site = settings.site.place
    start, end = local_day(site, day)
    if now() >= end:
        return True
    last = last_lit(settings.camera(camera).plan(site, slots_between(start, end, settings.camera(camera).every)))
    photo = catalog_of(settings).photo_before(camera, end)
    return last is not None and photo is not None and photo.slot >= last
