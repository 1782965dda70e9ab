"""The photos in a camera through libgphoto2: left-overs of earlier shots, the files of this one, the card's room.

A file in the folder "/" is in the camera's memory only: libgphoto2 makes up its name, and it is gone once fetched.
"""

import contextlib
import re
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from kootenay.adapters.gphoto2_config import read
from kootenay.adapters.whole_jpeg import flaw_of
from kootenay.errors import NotWholeError, StaleFrameError

POLL_MILLISECONDS = 1
WAIT_MILLISECONDS = 100
DRAIN_SECONDS = 2.0
COMPANION_SECONDS = 10.0
FORGET_SECONDS = 10.0
"""Bounds of what may go on for long: a camera's chatter, its second file of a shot, deleting a month of photos."""

FORMATS = ("imageformat", "imagequality")
"""Canon's key, and everybody else's. "RAW + Large Fine JPEG", "NEF+Basic": a plus means two files a shot."""

JPEG_SUFFIXES = {".jpg", ".jpeg"}
SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
NOT_THERE = {-107, -108}
STALE_SECONDS = 2.0
QUARTER_HOUR, MOST_OF_A_ZONE = 900, 14 * 3600


def drain(gp: Any, camera: Any) -> list[str]:
    """Hear out what the camera still has to say of earlier shots, so that none of it is taken for this one."""
    warnings = []
    until = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < until:
        kind, what = camera.wait_for_event(POLL_MILLISECONDS)
        if kind == gp.GP_EVENT_TIMEOUT:
            break
        if kind == gp.GP_EVENT_FILE_ADDED:
            warnings.append(f"{what.name} of an earlier shot was still in the camera; not taken for this one")
            discard_from_memory(gp, camera, what)
    return warnings


def discard_from_memory(gp: Any, camera: Any, what: Any) -> None:
    """Free the camera's memory of a file, which blocks the next shot (gphoto2 #308); a card's file is left alone."""
    if what.folder == "/":
        with contextlib.suppress(gp.GPhoto2Error):
            camera.file_get(what.folder, what.name, gp.GP_FILE_TYPE_NORMAL)
            camera.file_delete(what.folder, what.name)


def further_files(gp: Any, camera: Any) -> tuple[list[Any], list[str]]:
    """Return the files that follow the first one of a shot, as the image format promises, and words where one lacks."""
    expected = int(any("+" in read(gp, camera, name) for name in FORMATS))
    found: list[Any] = []
    until = time.monotonic() + (COMPANION_SECONDS if expected else DRAIN_SECONDS)
    while time.monotonic() < until:
        kind, what = camera.wait_for_event(WAIT_MILLISECONDS if len(found) < expected else POLL_MILLISECONDS)
        if kind == gp.GP_EVENT_FILE_ADDED:
            found.append(what)
        elif kind in (gp.GP_EVENT_TIMEOUT, gp.GP_EVENT_CAPTURE_COMPLETE) and len(found) >= expected:
            break
    if len(found) < expected:
        return found, ["the camera is set to two files a shot and gave one: set its image format to JPEG"]
    return found, []


def check_fresh(gp: Any, camera: Any, what: Any, shutter: float) -> None:
    """Given a file and the camera's own time as its shutter was asked to open, see that the file is not older.

    A difference of whole quarter hours is a time zone: libgphoto2 reads some cameras' clocks as local time and their
    files' as UTC (libgphoto2 #23, #443). Raises StaleFrameError (libgphoto2 #1124: a left-over shifts all by one).
    """
    with contextlib.suppress(gp.GPhoto2Error):
        facts = camera.file_get_info(what.folder, what.name).file
        if not facts.fields & gp.GP_FILE_INFO_MTIME or facts.mtime <= 0:
            return
        age = shutter - facts.mtime
        zone = round(age / QUARTER_HOUR) * QUARTER_HOUR if abs(age) <= MOST_OF_A_ZONE else 0
        if age - zone > STALE_SECONDS:
            discard_from_memory(gp, camera, what)
            taken = time.strftime("%H:%M:%S", time.localtime(facts.mtime))
            msg = (
                f"the camera handed over an older photo of {taken}, {age:.0f} s before the shutter ({what.name}); "
                "not kept, it will be asked again"
            )
            raise StaleFrameError(msg)


def fetch(gp: Any, camera: Any, files: Sequence[Any], into: Path) -> tuple[list[Path], list[str]]:
    """Given a shot's files, write them beside `into`, which becomes its JPEG; return its companions, and words.

    Raises NotWholeError, with everything still in the camera.
    """
    named: dict[Path, Any] = {}
    warnings = []
    for what in files:
        target = _target(into, what.name)
        if target is None or target in named:
            warnings.append(f"{what.name} is one file too many of a shot and was left in the camera")
            continue
        named[target] = what
    if into not in named:
        names = ", ".join(what.name for what in files)
        msg = f"the camera gave {names} and no JPEG: set its image format to JPEG or RAW+JPEG"
        raise NotWholeError(msg)
    for target, what in named.items():
        camera.file_get(what.folder, what.name, gp.GP_FILE_TYPE_NORMAL).save(str(target))
    if flaw := flaw_of(into):
        msg = f"the camera gave {flaw} ({named[into].name}); it is still in the camera, another will be asked for"
        raise NotWholeError(msg)
    return [target for target in named if target != into], warnings


def _target(into: Path, name: str) -> Path | None:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in JPEG_SUFFIXES:
        return into
    return into.with_suffix(suffix) if SUFFIX.fullmatch(suffix) else None


def delete(gp: Any, camera: Any, files: Sequence[Any]) -> list[str]:
    """Delete a shot's files from the camera; return what stayed there, in words."""
    warnings = []
    for what in files:
        try:
            camera.file_delete(what.folder, what.name)
        except gp.GPhoto2Error as error:
            if what.folder != "/":  # what was fetched from memory may be gone with it
                warnings.append(f"{what.folder}/{what.name} could not be deleted from the camera: {error}")
    return warnings


def forget(gp: Any, camera: Any, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Given the card paths of confirmed photos, oldest first, delete each with its companions of the same stem.

    Returns those that are gone now, and words about the others. What 10 s do not suffice for waits for the next shot.
    """
    gone, warnings = [], []
    until = time.monotonic() + FORGET_SECONDS
    for path in paths:
        if time.monotonic() > until:
            break
        folder, _, name = path.rpartition("/")
        try:
            listed = camera.folder_list_files(folder)
            names = [listed.get_name(index) for index in range(listed.count())]
            for one in names:
                if PurePosixPath(one).stem == PurePosixPath(name).stem:
                    camera.file_delete(folder, one)
        except gp.GPhoto2Error as error:
            if error.code not in NOT_THERE:
                warnings.append(f"{path} could not be deleted from the card: {error}")
                continue
        gone.append(path)
    return gone, warnings


def room(gp: Any, camera: Any) -> dict[str, str]:
    """Return what is free on the camera's cards: card_free_mb, and card_free_images where it is known."""
    try:
        stores = [store for store in camera.get_storageinfo() if store.type != gp.GP_STORAGEINFO_ST_FIXED_ROM]
    except gp.GPhoto2Error:
        return {}
    kilobytes = [store.freekbytes for store in stores if store.fields & gp.GP_STORAGEINFO_FREESPACEKBYTES]
    images = [store.freeimages for store in stores if store.fields & gp.GP_STORAGEINFO_FREESPACEIMAGES]
    facts = {"card_free_mb": str(sum(kilobytes) // 1024)} if kilobytes else {}
    return facts | ({"card_free_images": str(sum(images))} if images else {})
