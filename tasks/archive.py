"""The archive's touches: what it holds, the plan of what leaves its first place, and leaving it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from kootenay.errors import KootenayError
from kootenay.rules.keeping import Decision, Original, first_to_stay
from kootenay.settings import Settings
from tasks import retry
from tasks.blocks import archive_with_secrets

MOST_ROWS = 200
"""A table of more is read by nobody, and kept in Prefect's database."""


@dataclass(frozen=True)
class Holdings:
    """What the first place has left of its disk, in bytes, and its originals that are old enough to ask about."""

    free: int
    originals: list[Original]


@task(task_run_name="originals until {today}", **retry.NETWORK)
def read_archive(settings: Settings, today: date) -> Holdings:
    """Return the originals that may be to go, oldest first; all of them when the disk is low."""
    archive = archive_with_secrets(settings)
    free = archive.first.free_bytes()
    return Holdings(free, list(archive.oldest_first(first_to_stay(settings.archive.policy, free, today))))


@task(task_run_name="show what leaves")
def publish_plan(decisions: Sequence[Decision]) -> None:
    """Show each original that leaves, or would if it were in the second place, and why."""
    rows = [
        {"original": each.original.place, "leaves": "yes" if each.goes else "no", "MB": _mb([each]), "why": each.reason}
        for each in decisions[:MOST_ROWS]
    ]
    more = f", the first {MOST_ROWS} of {len(decisions)}" if len(decisions) > MOST_ROWS else ""
    create_table_artifact(rows, key="archive", description=f"What leaves the archive's folder{more}")


@task(task_run_name="let originals go")
def let_go(settings: Settings, decisions: Sequence[Decision]) -> tuple[int, list[str]]:
    """Let originals go, each once the second place has shown its hash; return how many went, and why others did not."""
    archive, troubles = archive_with_secrets(settings), []
    for each in decisions:
        try:
            archive.let_go(each.original)
        except KootenayError as error:
            troubles.append(str(error))
            get_run_logger().warning("%s", error)
    return len(decisions) - len(troubles), troubles


@task(task_run_name="tidy the archive")
def tidy(settings: Settings) -> int:
    """Remove what kills left of copies; return the first place's free bytes."""
    archive = archive_with_secrets(settings)
    archive.first.tidy()
    return archive.first.free_bytes()


def _mb(decisions: Sequence[Decision]) -> str:
    return f"{sum(each.original.bytes for each in decisions) / 1e6:.1f}"
