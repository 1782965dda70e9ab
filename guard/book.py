"""The guard's book-keeping: every slot of a camera gets its line, also those at which nobody was there."""

from datetime import datetime, timedelta
from functools import partial

from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.room import finding_room
from kootenay.adapters.spool import Spool
from kootenay.rules.daylight import Site
from kootenay.rules.slots import SlotState, slot_of, unaccounted
from kootenay.settings import CameraSettings

MOST_SLOTS = 10_000
"""Five weeks of a slot every five minutes: what a gap is explained back to."""

NOBODY = "nobody was there to take it: this host, or both its worker and its guard, were off"


def close_gaps(
    ledger: Ledger, spool: Spool, name: str, camera: CameraSettings, site: Site, now: datetime
) -> list[Entry]:
    """Given a camera and the time, write a line for each slot that is over and has none; return the missed ones.

    A slot whose photo lies in the spool was taken, though its disk had no room for the line. The first time it only
    notes from when on the slots are watched.
    """
    until = slot_of(now - camera.grace, camera.every) + camera.every
    since = ledger.watched_until(name)
    if since is None or since > until:
        finding_room(spool, partial(ledger.account, name, [], until, now))
        return []
    known = {entry.slot for entry in ledger.between(name, since, until)}
    open_slots = unaccounted(since, until, camera.every, known, MOST_SLOTS)
    spooled = _spooled(spool, name) if open_slots else {}
    entries = [
        spooled.get(plan.slot) or Entry(name, plan.slot, SlotState.MISSED, NOBODY)
        if plan.light.shoot
        else Entry(name, plan.slot, SlotState.SKIPPED, plan.light.reason)
        for plan in camera.plan(site, open_slots)
    ]
    if until - since >= camera.every:
        finding_room(spool, partial(ledger.account, name, entries, until, now))
    return [entry for entry in entries if entry.state is SlotState.MISSED]


def _spooled(spool: Spool, name: str) -> dict[datetime, Entry]:
    """Return the lines of a camera's photos as their places in the spool say them, by their slots."""
    places = (
        (spool.waiting, SlotState.TAKEN),
        (spool.unconfirmed, SlotState.UPLOADED),
        (spool.confirmed, SlotState.CONFIRMED),
    )
    return {
        each.sidecar.slot: Entry.of_photo(each.sidecar, state, "found in the spool")
        for photos, state in places
        for each in photos()
        if each.sidecar.camera == name
    }


def next_look(camera: CameraSettings, now: datetime) -> datetime:
    """Given the time, return when the guard looks at the next slot: so long after it that others had their chance."""
    after = timedelta(seconds=camera.guard_after_seconds)
    return slot_of(now - after, camera.every) + camera.every + after
