"""Keys: what an object may be called, what it is, and how long whoever fetched it may keep it.

All but the `latest` pointers carry a hash of their bytes, so their address never means anything else.
"""

import re

from kootenay.errors import StoreRefusedError
from kootenay.rules.naming import CAMERA_NAME

CONTENT_TYPES = {".jpg": "image/jpeg", ".json": "application/json", ".mp4": "video/mp4"}

FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_MOMENT = "public, max-age=30, stale-while-revalidate=60"

_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}"
_KEY = re.compile(rf"({_SEGMENT}/)*{_SEGMENT}({'|'.join(map(re.escape, CONTENT_TYPES))})")
_PREFIX = re.compile(rf"({_SEGMENT}/)*({_SEGMENT})?")
_POINTER = re.compile(rf"latest/{CAMERA_NAME}\.json")


def pointer_key(camera: str) -> str:
    """Given a camera, return the key of its `latest` pointer."""
    return f"latest/{camera}.json"


def is_pointer(key: str) -> bool:
    """Given a key, return whether it is that of a pointer, whose bytes change."""
    return _POINTER.fullmatch(key) is not None


def cache_control(key: str) -> str:
    """Given a key, return its object's Cache-Control."""
    return FOR_A_MOMENT if is_pointer(key) else FOR_EVER


def checked(key: str) -> str:
    """Return a key that is one. Raises StoreRefusedError: a key is a path below the store, and leads nowhere else."""
    if not _KEY.fullmatch(key) or len(key) > 900:  # S3 takes 1024 bytes, with the store's own prefix
        kinds = " or ".join(CONTENT_TYPES)
        msg = f"{key!r} is no key (a path of letters, digits, '.', '_' and '-' to a {kinds}); nothing was touched"
        raise StoreRefusedError(msg)
    return key


def checked_prefix(prefix: str) -> str:
    """Return what keys may begin with. Raises StoreRefusedError."""
    if not _PREFIX.fullmatch(prefix):
        msg = f"no key begins with {prefix!r}: nothing was listed"
        raise StoreRefusedError(msg)
    return prefix
