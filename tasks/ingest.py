"""Ingest's touches: photos from the incoming place into store, archive and catalog, and how their cameras stand."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from prefect import get_run_logger, task
from prefect.artifacts import create_image_artifact, create_table_artifact
from prefect.runtime import task_run

from kootenay.adapters.host_status import told_in
from kootenay.adapters.incoming import Arrival
from kootenay.adapters.intake import Arrived, Intake, Outcome
from kootenay.errors import IncomingError, KootenayError
from kootenay.settings import Settings
from kootenay.wiring import catalog_of
from tasks import retry
from tasks.blocks import incoming_with_secrets, intake_with_secrets, store_with_secrets
from tasks.clock import now

ROWS = 200
"""New photos in a run's table; what is not new is always shown."""


@dataclass(frozen=True)
class Found:
    """What a look at the incoming place found.

    `set_aside` were no photos, `waiting` says what waits there and for what; `settling` were changed just now.
    """

    ready: tuple[Arrival, ...]
    set_aside: tuple[Arrived, ...]
    waiting: tuple[str, ...]
    settling: int


@task(task_run_name="find photos that arrived", **retry.NETWORK)
def find_arrivals(settings: Settings) -> Found:
    """Look at the incoming place; put misfits in quarantine and finish removals that a kill cut short."""
    intake = intake_with_secrets(settings)
    look = intake.incoming.look(now())
    set_aside = tuple(intake.set_aside(each) for each in look.misfits)
    for orphan in look.orphans:
        intake.finish_removal(orphan)
    _point_latest(intake, settings.cameras)
    log = get_run_logger()
    for each in look.waiting:
        log.warning("waits: %s", each.reason)
    for arrived in set_aside:
        log.warning("%s: %s: %s", arrived.name, arrived.outcome, arrived.note)
    return Found(tuple(look.ready), set_aside, tuple(each.reason for each in look.waiting), look.settling)


@task(task_run_name="ingest photos", **retry.NETWORK)
def ingest_photos(settings: Settings, batch: Sequence[Arrival]) -> list[Arrived]:
    """Take a batch in, a few photos at a time on threads (decoding and resizing let go of the GIL).

    When none of them could be, for a reason that may pass, the batch is tried again.
    """
    intake = intake_with_secrets(settings)
    with ThreadPoolExecutor(settings.ingest.at_once) as threads:
        results = list(threads.map(lambda arrival: intake.take_in(arrival, now()), batch))
    if all(each.may_pass for each in results) and task_run.run_count <= retry.NETWORK["retries"]:
        raise IncomingError(results[0].note)
    _point_latest(intake, {each.camera for each in results})
    log = get_run_logger()
    for result in results:
        if result.note:
            log.warning("%s: %s: %s", result.name, result.outcome, result.note)
    log.info("%s to %s: %d photos", results[0].name, results[-1].name, len(results))
    return results


@task(task_run_name="take in how the cameras stand")
def ingest_status(settings: Settings) -> int:
    """Take in what camera hosts say of their cameras; return how many said something new.

    What cannot be taken in is a warning: photos come first, and a host says it anew every few minutes.
    """
    log, fresh = get_run_logger(), 0
    try:
        incoming = incoming_with_secrets(settings)
        said, misfits = told_in(incoming.statuses())
        for name, reason in misfits:
            log.warning("%s", reason)
            incoming.discard_status(name, reason)
        fresh = sum(catalog_of(settings).put_status(status, now()) for status in said)
    except (KootenayError, OSError) as error:
        log.warning("the status page is not brought up to date: %s", error)
    return fresh


@task(task_run_name="show what arrived")
def publish_ingest(settings: Settings, results: Sequence[Arrived]) -> None:
    """Show a table of what arrived, what is not new first, and the newest photo."""
    shown = sorted(results, key=lambda each: each.outcome is Outcome.NEW)
    rest = sum(each.outcome is Outcome.NEW for each in results) - ROWS
    rows = [
        {"photo": each.name, "outcome": each.outcome.value, "MB": f"{each.bytes / 1e6:.1f}", "why": each.note}
        for each in (shown[:-rest] if rest > 0 else shown)
    ]
    more = f"; {rest} more new photos are not listed" if rest > 0 else ""
    create_table_artifact(rows, key="ingest", description=f"What arrived, and what became of it{more}")
    for camera in sorted({each.camera for each in results if each.outcome is Outcome.NEW}):
        latest = catalog_of(settings).latest(camera)
        if latest is None:
            continue
        url = store_with_secrets(settings).url(latest.renditions[-1].key)
        site = settings.site.place
        create_image_artifact(
            image_url=settings.address(url),
            key=f"latest-{camera}",
            description=f"{camera}, {site.local(latest.taken_at):%Y-%m-%d %H:%M %Z}",
        )


def _point_latest(intake: Intake, cameras: Iterable[str]) -> None:
    """The pointer is for those who read the store alone; a store that is away is every photo's trouble, not its own."""
    for camera in sorted(cameras):
        try:
            intake.point_latest(camera)
        except KootenayError as error:
            get_run_logger().warning("the pointer to the latest photo of %s was not moved: %s", camera, error)
