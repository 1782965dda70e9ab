"""The re-ingest's touches: the chunks that there are, one of them done by a worker, and all of them by many."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

from prefect import get_run_logger, task, unmapped
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.futures import as_completed

from kootenay.adapters.renewal import Renewed, days_with_photos, renew_chunk
from kootenay.errors import KootenayError
from kootenay.rules.reingest import Chunk, chunks_of
from kootenay.settings import Settings
from tasks import retry
from tasks.background import step_back
from tasks.blocks import intake_with_secrets
from tasks.clock import now
from tasks.runners import runner_of


@task(task_run_name="chunks of {camera}", **retry.NETWORK)
def plan_chunks(settings: Settings, camera: str, since: date, until: date) -> list[Chunk]:
    """Return the camera's days, a few quiet ones or a busy one at a time."""
    return list(chunks_of(camera, days_with_photos(intake_with_secrets(settings), camera, since, until)))


@task(task_run_name="{chunk}", **retry.NETWORK)
def reingest_chunk(settings: Settings, chunk: Chunk) -> Renewed:
    """Do one chunk, wherever this runs."""
    step_back()
    renewed = renew_chunk(intake_with_secrets(settings), chunk, now())
    log = get_run_logger()
    for trouble in renewed.troubles:
        log.warning("%s", trouble)
    log.info("%s: %d made again, %d taken in, %d were done", chunk, renewed.made, renewed.taken_in, renewed.done)
    return renewed


@task(task_run_name="latest of {camera}", **retry.NETWORK)
def point_latest(settings: Settings, camera: str) -> None:
    """Let the camera's pointer name its latest photo's new renditions."""
    intake_with_secrets(settings).point_latest(camera)


def do_chunks(settings: Settings, chunks: Sequence[Chunk]) -> Iterator[Renewed]:
    """Map the chunks over the workers that [reingest] names, and yield each as it is done; a bar shows how many are.

    A chunk that could not be done, after its tries, is a trouble: the others go on.
    """
    with runner_of(settings) as runner:
        progress = cast(UUID, create_progress_artifact(0.0, key="reingest", description=f"0 of {len(chunks)} chunks"))
        mapped = runner.map(cast(Any, reingest_chunk), {"settings": unmapped(settings), "chunk": chunks})
        for number, future in enumerate(as_completed(list(mapped)), 1):
            try:
                yield future.result()
            except (KootenayError, OSError) as error:
                yield Renewed(troubles=(str(error),))
            update_progress_artifact(progress, 100 * number / len(chunks), f"{number} of {len(chunks)} chunks")
