"""Readiness: which names in the incoming place are photos, whose they are, and when one has arrived whole.

A sidecar comes last and vouches for its photo. A photo without one is ready when it has been left alone for a while and
is a complete JPEG; "left alone" is counted from an instant that no sender can set, so no clock of theirs stalls it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from kootenay.errors import SidecarError
from kootenay.rules import naming
from kootenay.rules.sidecar import Sidecar

PHOTO_SUFFIXES = (".jpg", ".jpeg")
"""In upper or lower case; what else lies there belongs to a photo whose sidecar names it, or to somebody else."""

FOLDERS_OF_OURS = frozenset({"receipts", "status", "claims"})
"""Folders in the incoming place that hold no photos, even if a camera is called so."""

PATIENCE = timedelta(hours=1)
"""A sender that stalled may go on within minutes (rsync, FTP's REST); what has not moved for so long will not."""


@dataclass(frozen=True)
class Entry:
    """A file as it is listed: its size, and since when nobody has changed it; `version` is another after a change."""

    bytes: int
    modified: datetime
    still: timedelta
    version: str


class State(Enum):
    """What is to be done about a photo: take it, look again soon, leave it until something happens, set it aside."""

    READY = "ready"
    SETTLING = "settling"
    WAITING = "waiting"
    MISFIT = "misfit"


@dataclass(frozen=True)
class Verdict:
    """A photo's state, its camera if it is known, and why it is not ready."""

    state: State
    camera: str = ""
    reason: str = ""


def still_for(changed: datetime, first_seen: datetime, now: datetime) -> timedelta:
    """Given when a file last changed and when it was first seen so, return how long it has surely been left alone.

    A clock that was set back makes the first of the two an instant to come; the second one counts then.
    """
    return max(now - changed, now - first_seen, timedelta())


def is_photo(name: str) -> bool:
    """Given a file's name without its folder, return whether it is a photo's."""
    stem, suffix = split(name)
    return bool(stem) and not is_hidden(name) and suffix.lower() in PHOTO_SUFFIXES


def is_hidden(name: str) -> bool:
    """Given a name without its folder, return whether it is hidden, or that of a file still being written."""
    return name.startswith(".") or name.endswith(".part")


def split(name: str) -> tuple[str, str]:
    """Given `a.b.jpg`, return (`a.b`, `.jpg`); a name without a dot has the suffix ""."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if dot else (name, "")


def sidecar_name(photo: str) -> str:
    """Given a photo's name, return its sidecar's."""
    return split(photo)[0] + ".json"


def printable(name: str) -> str:
    """Given any file name, return it on one line, in signs that every log and page can show."""
    if name.isprintable():
        return name
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)


def camera_of(name: str, cameras: Collection[str]) -> str:
    """Given `IMG_1.jpg` or `lake/IMG_1.jpg`, return its camera, "" when nothing says which of several it is.

    Its own stem says it, else its folder, else there is only one.
    """
    folder, _, file = name.rpartition("/")
    found = naming.PHOTO_STEM.fullmatch(split(file)[0])
    if found and found["camera"] in cameras:
        return found["camera"]
    if folder in cameras:
        return folder
    return next(iter(cameras)) if len(cameras) == 1 else ""


def judge(
    name: str,
    photo: Entry,
    sidecar: Sidecar | SidecarError | None,
    beside: Mapping[str, Entry],
    quiet: timedelta,
    cameras: Collection[str],
    flaw: Callable[[], str],
) -> Verdict:
    """Given a photo with its sidecar (None: there is none) and the files in the same folder, return its verdict.

    `quiet` is how long a photo without sidecar must have been left alone; `flaw` says why it is no complete JPEG, ""
    when it is one, and is asked only where that decides. Nothing is set aside before it has been left alone.
    """
    if sidecar is None:
        verdict = _by_itself(name, photo, quiet, cameras, flaw)
    else:
        verdict = _by_sidecar(name.rpartition("/")[2], photo, sidecar, beside)
    if verdict.state is State.MISFIT and photo.still < quiet:
        return Verdict(State.SETTLING, verdict.camera)
    return verdict


def _by_sidecar(file: str, photo: Entry, sidecar: Sidecar | SidecarError, beside: Mapping[str, Entry]) -> Verdict:
    if isinstance(sidecar, SidecarError):
        return Verdict(State.MISFIT, reason=str(sidecar))
    stem, shown = split(file)[0], printable(file)
    if sidecar.stem != stem:
        reason = f"{shown} is not the photo its sidecar speaks of ({sidecar.stem})"
        return Verdict(State.MISFIT, sidecar.camera, reason)
    companions = {stem + each.suffix: each.bytes for each in sidecar.companions}
    missing = [each for each in companions if each not in beside]
    if missing:
        return _overdue(photo, sidecar.camera, f"{shown} came without {missing[0]}, which its sidecar names")
    sizes = {file: (photo.bytes, sidecar.bytes)} | {
        each: (beside[each].bytes, size) for each, size in companions.items()
    }
    for each, (found, said) in sizes.items():
        if found != said:
            reason = f"{printable(each)} has {found} bytes, its sender says {said}: damaged on the way"
            return Verdict(State.MISFIT, sidecar.camera, reason)
    return Verdict(State.READY, sidecar.camera)


def _by_itself(name: str, photo: Entry, quiet: timedelta, cameras: Collection[str], flaw: Callable[[], str]) -> Verdict:
    camera, shown = camera_of(name, cameras), printable(name)
    if photo.still < quiet:
        return Verdict(State.SETTLING, camera)
    found = flaw()
    if found:
        return _overdue(photo, camera, f"{shown} is {found}")
    if not camera:
        known = ", ".join(sorted(cameras)) or "no camera"
        todo = f"put it into a folder called like its camera, such as {min(cameras, default='lake')}/"
        return Verdict(State.MISFIT, reason=f"{shown} does not say which camera it is of ({known}): {todo}")
    return Verdict(State.READY, camera)


def _overdue(photo: Entry, camera: str, reason: str) -> Verdict:
    return Verdict(State.MISFIT if photo.still >= PATIENCE else State.WAITING, camera, reason)
