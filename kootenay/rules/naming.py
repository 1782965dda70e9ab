"""Names: what a photo, a rendition, an original and a film are called, in every place they are kept.

A name sorts by time (UTC) and carries a content hash, so the same photo sent twice has the same name and another
photo never takes it.
"""

import re
from datetime import UTC, date, datetime

CAMERA_NAME = r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?"
"""A camera's name is a path segment, a URL segment and part of a file name, so it stays this small."""

RESERVED = frozenset({"static", "media", "health"})
"""Words that the gallery's addresses use themselves."""

PHOTO_STEM = re.compile(rf"(?P<camera>{CAMERA_NAME})_(?P<slot>[0-9]{{8}}T[0-9]{{6}}Z)_(?P<hash>[0-9a-f]{{8}})")


RENDITION_KEY = re.compile(
    rf"(?P<camera>{CAMERA_NAME})/(?P<day>[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}})/"
    r"(?P<slot>[0-9]{8}T[0-9]{6}Z)_(?P<width>[0-9]+)_(?P<hash>[0-9a-f]{12})\.jpg"
)
FILM_KEY = re.compile(
    rf"(?P<camera>{CAMERA_NAME})/films/(?P<kind>[a-z]+)/(?P<period>[0-9-]+)_(?P<hash>[0-9a-f]{{12}})\.(mp4|jpg)"
)


def stamp(at: datetime) -> str:
    """Given an aware instant, return it as `20260621T115000Z`."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def photo_stem(camera: str, slot: datetime, sha256: str) -> str:
    """Given a camera, a slot and the original's hash, return `lake_20260621T115000Z_1a2b3c4d`."""
    return f"{camera}_{stamp(slot)}_{sha256[:8]}"


def slot_prefix(camera: str, slot: datetime) -> str:
    """Given a camera and a slot, return what the stem of every photo of that slot begins with."""
    return f"{camera}_{stamp(slot)}_"


def is_photo_stem(stem: str) -> bool:
    """Given a file name without its suffix, return whether `photo_stem` could have made it."""
    return PHOTO_STEM.fullmatch(stem) is not None


def slot_stamp(stem: str) -> str:
    """Given a photo's stem, return the stamp of its slot; stamps sort by time."""
    return stem.split("_")[1]


def slot_of(stem: str) -> datetime | None:
    """Given a file name without its suffix, return the slot that `photo_stem` wrote into it."""
    found = PHOTO_STEM.fullmatch(stem)
    try:
        return datetime.strptime(found["slot"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None
    except ValueError:  # the 40th of a month
        return None


def day_folder(camera: str, local_date: date) -> str:
    """Given a camera and a local date, return `lake/2026/06/21`."""
    return f"{camera}/{local_date:%Y/%m/%d}"


def original_path(camera: str, local_date: date, slot: datetime, sha256: str) -> str:
    """Given a photo's identity, return its path in the archive, by local day."""
    return f"{day_folder(camera, local_date)}/{photo_stem(camera, slot, sha256)}.jpg"


def rendition_key(camera: str, local_date: date, slot: datetime, width: int, sha256: str) -> str:
    """Given a rendition and the hash of its own bytes, return its key in the store.

    The key never means other bytes, so it may be cached for ever.
    """
    return f"{day_folder(camera, local_date)}/{stamp(slot)}_{width}_{sha256[:12]}.jpg"


def film_key(camera: str, kind: str, period: str, sha256: str, suffix: str = "mp4") -> str:
    """Given a film (or, with suffix `jpg`, its poster) and the hash of its bytes, return its key in the store."""
    return f"{camera}/films/{kind}/{period}_{sha256[:12]}.{suffix}"
