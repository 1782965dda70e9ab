"""Capture's touches: a photo into the spool, a line into the ledger."""

from datetime import datetime

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from kootenay.adapters.ledger import Entry
from kootenay.adapters.station import Taken, take
from kootenay.rules.daylight import Light
from kootenay.rules.slots import SlotPlan, SlotState
from kootenay.settings import Settings
from kootenay.wiring import ledger_of, station_of
from tasks import retry
from tasks.clock import now


@task(task_run_name="photo {slot:%H:%M:%SZ}", **retry.CAMERA)
def take_photo(settings: Settings, camera: str, slot: datetime, light: Light, rehearse: bool) -> Taken:
    """Given a slot with light, put its photo into the spool and the ledger, unless it is there."""
    taken = take(station_of(settings, camera), slot, light, now, rehearse=rehearse)
    log = get_run_logger()
    for warning in taken.warnings:
        log.warning("camera %s: %s", camera, warning)
    local = settings.site.place.local(slot)
    size = f"{taken.entry.bytes / 1e6:.1f} MB" if taken.fresh else "taken before"
    log.info("%s %s: %s (%s)", camera, local.strftime("%H:%M %Z"), size, light.reason)
    return taken


@task(task_run_name="note {state} slots")
def note_slots(settings: Settings, camera: str, plans: list[SlotPlan], state: SlotState, reason: str = "") -> None:
    """Given slots without a photo, write into the ledger why; `reason` stands for the light's where it is given."""
    ledger = ledger_of(settings)
    for plan in plans:
        ledger.record(Entry(camera, plan.slot, state, reason or plan.light.reason), now())


@task(task_run_name="ledger of {camera}")
def publish_ledger(settings: Settings, camera: str, start: datetime, end: datetime) -> None:
    """Show what became of the slots in [start, end) as a table."""
    site = settings.site.place
    entries = ledger_of(settings).between(camera, start, end)
    rows = [
        {"slot": site.local(entry.slot).strftime("%H:%M %Z"), "state": entry.state.value, "why": entry.reason}
        for entry in entries
    ]
    create_table_artifact(rows, key=f"slots-{camera}", description=f"Slots of camera **{camera}**")
