"""Capture: a photo of every slot that has light, into the camera host's spool.

Requires: the pool `camera-host` beside the camera; [site] and [cameras.*] in kootenay.toml. No block, no network
besides Prefect's.
Safe to repeat because: a slot that has its photo keeps it; the camera's lock lets one run at a time touch it.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Failed
from pydantic import AwareDatetime, Field

from kootenay.errors import CameraError, HostError, SettingsError, TooLateError
from kootenay.rules.daylight import local_day
from kootenay.rules.slots import SlotPlan, SlotState, is_late, slot_of, slots_between, spread
from kootenay.settings import CameraName, Settings, load_settings
from tasks import events
from tasks.capture import note_slots, publish_ledger, take_photo
from tasks.clock import by_schedule, now, scheduled, wait_until
from tasks.outcomes import done, one_line_errors, skipped

BY_RUN, BY_HAND, BY_SESSION = "run", "hand", "session"
"""Who took a photo, as the ledger has it; the guard and the hook have their own words."""

ANNOUNCE_EVERY = timedelta(seconds=60)
"""A session tells of its first photo at once and of others at most so often: each telling starts an upload run."""


def _capture_name() -> str:
    slot = flow_run.parameters.get("slot") or scheduled()
    return f"{flow_run.parameters['camera']} {slot.astimezone(UTC):%Y-%m-%d %H:%MZ}"


@flow(flow_run_name=_capture_name)
@one_line_errors
def capture(camera: CameraName = "lake", slot: AwareDatetime | None = None) -> Any:
    """Take the photo of one slot.

    Without `slot` it is the one this run was scheduled for, and a run that starts too late for it takes nothing; a run
    asked for by hand takes the slot of now. A `slot` at another time than now is a rehearsal: it is taken now, in the
    light and under the name of its instant, and only by a virtual camera.
    """
    settings = load_settings()
    its, site = settings.camera(camera), settings.site.place
    due = slot_of(slot or scheduled(), its.every)
    (plan,) = its.plan(site, [due])
    rehearse = slot is not None and (due > now() or is_late(due, now(), its.grace))
    if not plan.light.shoot:
        note_slots(settings, camera, [plan], SlotState.SKIPPED)
        return skipped(plan.light.reason)
    if slot is None and by_schedule():
        wait_until(due)  # Prefect starts a run up to half a second early
        if is_late(due, now(), its.grace):
            reason = f"the run started {(now() - due).total_seconds():.0f} s after its slot"
            note_slots(settings, camera, [plan], SlotState.MISSED, reason)
            return skipped(f"{reason}; a photo now would be of another moment")
    try:
        by, grace = (BY_RUN, its.grace) if by_schedule() else (BY_HAND, its.every)
        taken = _take(settings, camera, plan, its.every, grace, by=by, rehearse=rehearse)
    except TooLateError as error:
        return skipped(str(error))
    if not taken.fresh:
        return skipped("this slot has its photo")
    events.photo_spooled(camera, 1)
    return done(f"{site.local(due):%H:%M %Z}: {taken.entry.bytes / 1e6:.1f} MB, {plan.light.reason}")


def _session_name() -> str:
    start = flow_run.parameters.get("start") or scheduled()
    return f"{flow_run.parameters['camera']} {start:%Y-%m-%d}, a session"


@flow(flow_run_name=_session_name)
@one_line_errors
def capture_session(
    camera: CameraName = "lake",
    start: AwareDatetime | None = None,
    end: AwareDatetime | None = None,
    every_seconds: Annotated[int | None, Field(ge=2, le=3600)] = None,
    at_most: Annotated[int | None, Field(ge=1, le=43200)] = None,
    rehearse: bool = False,
) -> Any:
    """Take a span of slots in one run: for short intervals, or a host too small for a run a slot.

    The span is [start, end), from now to the end of the local day unless given, with the camera's own step unless
    `every_seconds` is. It waits for each slot, unless it is a rehearsal, which takes them one after the other now,
    each in the light of its instant. `at_most` takes only so many, spread over the light.
    """
    settings = load_settings()
    its, site = settings.camera(camera), settings.site.place
    midnights = local_day(site, site.local(now()).date())
    first = start or (midnights[0] if rehearse else now())
    last = end or midnights[1]
    every = timedelta(seconds=every_seconds) if every_seconds else its.every
    plans = its.plan(site, slots_between(first, last, every))
    lit = [plan for plan in plans if plan.light.shoot]
    note_slots(settings, camera, [plan for plan in plans if not plan.light.shoot], SlotState.SKIPPED)
    missed = _take_all(settings, camera, spread(lit, at_most or len(lit)), every, rehearse=rehearse)
    publish_ledger(settings, camera, first, last)
    wanted = min(at_most or len(lit), len(lit))
    if missed:
        earliest = site.local(missed[0].slot)
        return Failed(
            message=f"{len(missed)} of {wanted} slots have no photo, the first at {earliest:%H:%M %Z}; "
            "the others are in the spool, and the ledger has the reason of each"
        )
    return done(f"{wanted} slots with light have their photo, {len(plans) - len(lit)} were dark")


def _take_all(
    settings: Settings, camera: str, plans: list[SlotPlan], every: timedelta, *, rehearse: bool
) -> list[SlotPlan]:
    """Take each slot in turn and return those that were missed; one bad slot does not end the day."""
    missed: list[SlotPlan] = []
    told: datetime | None = None
    fresh = 0
    grace = min(settings.camera(camera).grace, every)
    for plan in plans:
        if not rehearse:
            wait_until(plan.slot)
        try:
            fresh += _take(settings, camera, plan, every, grace, by=BY_SESSION, rehearse=rehearse).fresh
        except (CameraError, HostError, OSError):
            missed.append(plan)
            continue
        if fresh and (told is None or now() - told > ANNOUNCE_EVERY):
            events.photo_spooled(camera, fresh)
            told, fresh = now(), 0
    if fresh:
        events.photo_spooled(camera, fresh)
    return missed


def _take(
    settings: Settings,
    camera: str,
    plan: SlotPlan,
    every: timedelta,
    grace: timedelta,
    *,
    by: str,
    rehearse: bool,
) -> Any:
    """Take a slot's photo, or write into the ledger why there is none."""
    if rehearse and settings.camera(camera).driver != "virtual":
        msg = f"camera {camera!r} is a real one: it cannot take {plan.slot:%Y-%m-%d %H:%M} UTC now; nothing was taken"
        raise SettingsError(msg)
    try:
        return take_photo(settings, camera, plan, every, grace, by=by, rehearse=rehearse)
    except (CameraError, HostError, OSError) as error:
        note_slots(settings, camera, [plan], SlotState.MISSED, str(error))
        raise
