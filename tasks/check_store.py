"""The check's touches: a month as catalog, store and archive have it, the plan of what is mended, and mending it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from kootenay.adapters.checkup import Checkup
from kootenay.rules.store_check import Finding, Remedy, findings_of, refusal
from kootenay.settings import Settings
from tasks import retry
from tasks.blocks import intake_with_secrets
from tasks.clock import now

MOST_ROWS = 200
"""A table of more is read by nobody, and kept in Prefect's database."""


@dataclass(frozen=True)
class Checked:
    """A camera's month, or without one its pointer: what does not agree there, and why that is not to be mended."""

    camera: str
    month: date | None
    findings: list[Finding]
    refusal: str = ""


@task(task_run_name="months of {camera}", **retry.NETWORK)
def months_of(settings: Settings, camera: str) -> list[date]:
    """Return the first day of every month that catalog or archive know of."""
    return Checkup(intake_with_secrets(settings)).months(camera)


@task(task_run_name="{camera}, {month:%Y-%m}", **retry.NETWORK)
def check_month(settings: Settings, camera: str, month: date, deep: bool) -> Checked:
    """Compare a month's rows, objects and originals. A listing that breaks off is an error, not an empty month."""
    found = Checkup(intake_with_secrets(settings), deep).month(camera, month, now())
    findings = findings_of(found)
    return Checked(camera, month, findings, refusal(found, findings))


@task(task_run_name="latest of {camera}", **retry.NETWORK)
def check_latest(settings: Settings, camera: str) -> Checked:
    """See whether the camera's pointer names its latest photo."""
    return Checked(camera, None, Checkup(intake_with_secrets(settings)).pointer(camera))


@task(task_run_name="show what does not agree")
def publish_plan(findings: Sequence[Finding]) -> None:
    """Show each finding, why it is one and what mends it; those that need a person come first."""
    first = sorted(findings, key=lambda each: each.remedy is not Remedy.NONE)
    rows = [
        {"what": each.kind, "where": each.place, "why": each.reason, "remedy": each.remedy.value}
        for each in first[:MOST_ROWS]
    ]
    more = f", the first {MOST_ROWS} of {len(findings)}" if len(findings) > MOST_ROWS else ""
    create_table_artifact(rows, key="check-store", description=f"What catalog, store and archive do not agree on{more}")


@task(task_run_name="mend {checked.camera}, {checked.month}")
def mend(settings: Settings, checked: Checked) -> list[str]:
    """Mend what a check has found, in its order; return why each that could not be mended was not."""
    checkup, troubles = Checkup(intake_with_secrets(settings)), []
    for each in checked.findings:
        if each.remedy is Remedy.NONE:
            continue
        if trouble := checkup.mend(each, now()):
            troubles.append(trouble)
            get_run_logger().warning("%s: %s", each.place, trouble)
        else:
            get_run_logger().info("%s: %s", each.place, each.remedy.value)
    return troubles


def again(settings: Settings, checked: Checked, deep: bool) -> Checked:
    """Look at the same month, or pointer, once more."""
    if checked.month is None:
        return check_latest(settings, checked.camera)
    return check_month(settings, checked.camera, checked.month, deep)
