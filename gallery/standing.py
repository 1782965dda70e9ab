"""Standing: how a camera stands right now, and in words why there is no newer photo.

Night and a camera that has failed look the same in the catalog; the sun tells them apart. A camera is late
only when a slot with light has passed, and its photo has had time to travel, and it is not there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gallery.words import ago, clock, in_sentence, long_date, span
from kootenay.adapters.catalog import Photo
from kootenay.rules.daylight import DAY, YEAR, Site, daylight_windows, next_light
from kootenay.rules.slots import slot_of
from kootenay.settings import CameraSettings

ON_THE_WAY = timedelta(minutes=5)
"""How long a photo may take from the camera to this page before somebody should wonder."""


@dataclass(frozen=True)
class Standing:
    """`kind` is for the eye (late: somebody should look), the rest to be read; `age` is empty if the note says it."""

    kind: Literal["fresh", "dawn", "night", "late"]
    age: str
    note: str


def standing_of(site: Site, camera: CameraSettings, photo: Photo | None, now: datetime) -> Standing:
    """Given a camera, its newest photo (if any) and the time, return how it stands."""
    place = in_sentence(camera.title)
    coming = next_slot(site, camera, now)
    due = last_slot(site, camera, now - camera.every - ON_THE_WAY)
    age = "" if photo is None else ago(photo.taken_at, now)
    dark = coming is None or coming - now > camera.every
    if due is not None and (photo is None or photo.slot < due):
        late = _late(photo, now)
        return Standing("late", "", f"{late} {_night(place, site, coming, now)}" if dark else late)
    if photo is not None and photo.slot > now + ON_THE_WAY:
        return Standing("late", age, "The camera’s clock is ahead, or the one here is behind.")
    if dark:
        return Standing("night", age, _night(place, site, coming, now))
    if photo is None or _a_night_lies_after(photo, site, camera):
        return Standing("dawn", age, f"Day breaks at {place}: the first photo is about to come.")
    return Standing("fresh", age, f"A new photo {_every(camera)} of daylight.")


def next_slot(site: Site, camera: CameraSettings, now: datetime) -> datetime | None:
    """Given the time, return the first slot after it that has light, or None when a year brings none."""
    slot = slot_of(now, camera.every) + camera.every
    while (light := next_light(site, slot, **_limits(camera))) is not None and light - now < YEAR:
        if light == slot:
            return slot
        slot = _slot_from(light, camera.every)
    return None


def last_slot(site: Site, camera: CameraSettings, before: datetime) -> datetime | None:
    """Given an instant, return the last slot with light not after it, within three local days, or None."""
    today = site.local(before).date()
    for day in (today - index * DAY for index in range(3)):
        for rise, fall in reversed(daylight_windows(site, day, **_limits(camera))):
            last = slot_of(min(fall, before), camera.every)
            if last >= rise:
                return last
    return None


def _limits(camera: CameraSettings) -> dict[str, float]:
    return {
        "threshold": camera.threshold,
        "after_rise": camera.after_rise_minutes,
        "before_set": camera.before_set_minutes,
    }


def _a_night_lies_after(photo: Photo, site: Site, camera: CameraSettings) -> bool:
    following = next_slot(site, camera, photo.slot)
    return following is not None and following - photo.slot > camera.every


def _slot_from(at: datetime, every: timedelta) -> datetime:
    slot = slot_of(at, every)
    return slot if slot == at else slot + every


def _late(photo: Photo | None, now: datetime) -> str:
    if photo is None:
        return "The camera is late: no photo of it has arrived yet."
    return f"The camera is late: the last photo is {span(now - photo.taken_at)} old."


def _night(place: str, site: Site, coming: datetime | None, now: datetime) -> str:
    if coming is None:
        return f"Its settings leave {place} without light for a year."
    local = site.local(coming)
    if coming - now > DAY:
        return f"Polar night at {place}: the next photo on {long_date(local)} at {clock(local)}."
    return f"Night at {place}: the next photo at {clock(local)}."


def _every(camera: CameraSettings) -> str:
    return "every minute" if camera.every_minutes == 1 else f"every {camera.every_minutes} minutes"
