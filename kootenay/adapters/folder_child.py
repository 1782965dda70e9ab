"""The process that looks into a folder where another program, or a camera of the network, puts its photos.

A process of its own because a folder may be a network mount, and those hang. It reads a request as JSON on standard
input and answers with JSON on standard output, as kootenay.adapters.gphoto2_child does.
"""

import json
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kootenay.errors import CameraError

QUIET_SECONDS = 1.0
SUFFIXES = {".jpg", ".jpeg"}


def main() -> int:
    """Copy the photo that standard input asks for; exit 0 with its instant, or 1 with what was wrong."""
    request = json.loads(sys.stdin.read())
    try:
        reply: dict[str, Any] = {"taken_at": copy_newest(Path(request["folder"]), Path(request["into"])).isoformat()}
    except (CameraError, OSError) as error:
        reply = {"kind": "CameraError", "code": None, "error": str(error)}
    print(json.dumps(reply))  # noqa: T201
    return int("error" in reply)


def copy_newest(folder: Path, into: Path) -> datetime:
    """Copy a folder's newest JPEG, once nobody has written to it for a second; return when it was written last.

    Raises CameraError when there is none, and OSError.
    """
    photo = newest(folder)
    before, quiet_since = None, time.monotonic()
    while time.monotonic() - quiet_since < QUIET_SECONDS:
        try:
            facts = photo.stat()
        except FileNotFoundError:  # the writer has put another in its place
            photo, before = newest(folder), None
            continue
        if (facts.st_size, facts.st_mtime_ns) != before:
            before, quiet_since = (facts.st_size, facts.st_mtime_ns), time.monotonic()
        time.sleep(QUIET_SECONDS / 20)
    shutil.copyfile(photo, into)
    return datetime.fromtimestamp(facts.st_mtime, UTC)


def newest(folder: Path) -> Path:
    """Return a folder's newest JPEG, of two of one instant the last by name. Raises CameraError when there is none."""
    if not folder.is_dir():
        msg = f"{folder} is no folder: correct [cameras.*] folder, or mount it"
        raise CameraError(msg)
    photos = []
    for path in folder.iterdir():
        if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            try:
                photos.append((path.stat().st_mtime_ns, path.name, path))
            except FileNotFoundError:
                continue
    if not photos:
        msg = f"{folder} holds no JPEG: look at what writes there"
        raise CameraError(msg)
    return max(photos)[2]


if __name__ == "__main__":
    sys.exit(main())
