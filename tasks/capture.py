"""Capture's touches: a photo into the spool, a line into the ledger."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from kootenay.adapters.ledger import Entry
from kootenay.adapters.room import finding_room
from kootenay.adapters.station import Taken, take
from kootenay.errors import HostError
from kootenay.rules.slots import SlotPlan, SlotState
from kootenay.settings import Settings
from kootenay.wiring import ledger_of, spool_of, station_of
from tasks.clock import now


@task(task_run_name="photo {plan.slot:%H:%M:%SZ}")
def take_photo(
    settings: Settings, camera: str, plan: SlotPlan, every: timedelta, grace: timedelta, by: str, rehearse: bool
) -> Taken:
    """Given a slot with light, put its photo into spool and ledger, unless it is there.

    `every` is the step it belongs to, `grace` how late in it a photo may begin, `by` who asks.

    The camera's own ladder tries again while the slot lasts, so the task does not.
    """
    station = replace(station_of(settings, camera, every), grace=grace)
    taken = take(station, plan, now, by=by, rehearse=rehearse)
    log = get_run_logger()
    for warning in taken.warnings:
        log.warning("camera %s: %s", camera, warning)
    local = settings.site.place.local(plan.slot)
    size = f"{taken.entry.bytes / 1e6:.1f} MB" if taken.fresh else f"taken before by {taken.entry.by or 'a run'}"
    log.info("%s %s: %s (%s)", camera, local.strftime("%H:%M %Z"), size, plan.light.reason)
    return taken


@task(task_run_name="note {state} slots")
def note_slots(settings: Settings, camera: str, plans: list[SlotPlan], state: SlotState, reason: str = "") -> None:
    """Given slots without a photo, write into the ledger why; `reason` stands for the light's where it is given.

    What cannot be written is a warning and no failure: the guard closes the gap when there is room.
    """
    ledger, spool = ledger_of(settings), spool_of(settings)
    try:
        for plan in plans:
            entry = Entry(camera, plan.slot, state, reason or plan.light.reason)
            finding_room(spool, partial(ledger.record, entry, now()))
    except HostError as error:
        get_run_logger().warning("the ledger does not say that slots are %s: %s", state, error)


@task(task_run_name="ledger of {camera}")
def publish_ledger(settings: Settings, camera: str, start: datetime, end: datetime) -> None:
    """Show what became of the slots in [start, end) as a table."""
    site = settings.site.place
    entries = ledger_of(settings).between(camera, start, end)
    rows = [
        {
            "slot": site.local(entry.slot).strftime("%H:%M %Z"),
            "state": entry.state.value,
            "by": entry.by,
            "why": entry.reason,
        }
        for entry in entries
    ]
    create_table_artifact(rows, key=f"slots-{camera}", description=f"Slots of camera **{camera}**")
