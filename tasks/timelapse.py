"""The film's touches: read the day's photos, render, check, publish."""

import hashlib
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from uuid import UUID

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact, create_progress_artifact, update_progress_artifact

from kootenay.adapters.catalog import Catalog, Film, Rendition
from kootenay.adapters.film import check, render
from kootenay.adapters.store import Store
from kootenay.rules import naming
from kootenay.rules.film_plan import FilmPlan, Frame, plan_day_film
from kootenay.settings import Settings
from kootenay.wiring import catalog_of
from tasks import retry
from tasks.blocks import store_with_secrets
from tasks.clock import now

PROGRESS_EVERY = 25
"""Frames between two updates of the progress bar."""


@task(task_run_name="plan the film of {day}")
def plan_film(settings: Settings, camera: str, day: date) -> FilmPlan:
    """Given a camera's local day, return the plan of its film from the catalog."""
    profile = settings.film.profile
    photos = catalog_of(settings).day(camera, day)
    frames = [Frame(photo.taken_at, _fitting(photo.renditions, profile.width).key) for photo in photos]
    return plan_day_film(camera, day, frames, profile)


@task(task_run_name="look for a film")
def standing_film(settings: Settings, plan: FilmPlan) -> Film | None:
    """Given a plan, return the film that was made from this very plan, if it stands."""
    film = catalog_of(settings).film(plan.camera, plan.kind, plan.period)
    return film if film and film.manifest == plan.manifest else None


@task(task_run_name="make the film of {plan.period}", **retry.NETWORK)
def make_film(settings: Settings, plan: FilmPlan) -> Film:
    """Given a plan, render its film, check it frame by frame, and put it in the place of an earlier one."""
    store = store_with_secrets(settings)
    progress = cast(UUID, create_progress_artifact(0.0, key=f"film-{plan.camera}-{plan.kind}"))

    def show(count: int) -> None:
        if count % PROGRESS_EVERY == 0 or count == len(plan.frames):
            update_progress_artifact(progress, 100 * count / len(plan.frames))

    work = settings.path("work")
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work) as folder:
        path = Path(folder) / f"{plan.period}.mp4"
        render((store.get(frame.key) for frame in plan.frames), plan.profile, path, show)
        check(path, len(plan.frames), plan.profile)
        film = _publish(store, catalog_of(settings), plan, path.read_bytes())
    get_run_logger().info("%s: %d frames, %.1f s, %.1f MB", film.key, film.frames, film.seconds, film.bytes / 1e6)
    return film


@task(task_run_name="link the film")
def publish_film(settings: Settings, film: Film) -> None:
    """Show a link to the film."""
    url = store_with_secrets(settings).url(film.key)
    create_link_artifact(
        settings.address(url),
        link_text=f"{film.camera}, {film.period}: {film.frames} frames, {film.seconds:.1f} s",
        key=f"film-{film.camera}-{film.kind}-link",
    )


def _publish(store: Store, catalog: Catalog, plan: FilmPlan, content: bytes) -> Film:
    film = Film(
        camera=plan.camera,
        kind=plan.kind,
        period=plan.period,
        manifest=plan.manifest,
        key=naming.film_key(plan.camera, plan.kind, plan.period, hashlib.sha256(content).hexdigest()),
        poster_key=plan.frames[len(plan.frames) // 2].key,
        frames=len(plan.frames),
        fps=plan.profile.fps,
        width=plan.profile.width,
        height=plan.profile.height,
        bytes=len(content),
        made_at=now(),
    )
    store.put(film.key, content)
    catalog.put_film(film)
    return film


def _fitting(renditions: tuple[Rendition, ...], width: int) -> Rendition:
    """The smallest rendition that fills the canvas, or the largest there is."""
    return next((each for each in renditions if each.width >= width), renditions[-1])
