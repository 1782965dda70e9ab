"""The camera, from the caller's side: one photo into a file, within a deadline, whatever libgphoto2 does.

The work happens in a child process in a group of its own. A hung libgphoto2 swallows the first SIGTERM, so the group
gets SIGTERM, then SIGKILL.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from kootenay.errors import CameraError

CHILDREN = {"gphoto2": "kootenay.adapters.gphoto2_child", "virtual": "rig.virtual_camera"}
"""The module each driver runs as its child process."""

TERM_SECONDS = 5

ADVICE = {
    -1: "the camera gave no reason: look at its screen and its focus",
    -2: "the camera was not there: look at its cable and its power",
    -3: "the camera's memory or card is full: empty it",
    -5: "no such port: run `gphoto2 --auto-detect` and correct [cameras.*] port",
    -7: "the USB link broke: try another cable or port",
    -10: "the camera did not answer in time: switch it off and on",
    -52: "no such USB port: run `gphoto2 --auto-detect` and correct [cameras.*] port",
    -53: "another program holds the camera: end it (on a desktop: `gio mount -s gphoto2`)",
    -60: "another program holds the camera: end it (on a desktop: `gio mount -s gphoto2`)",
    -105: "no camera was found: look at its cable and its power",
    -110: "the camera is busy with an earlier photo: it will be asked again",
}
"""What to do about libgphoto2's codes (gphoto2-result.h, gphoto2-port-result.h)."""


@dataclass(frozen=True)
class CameraSpec:
    """How one camera is reached and set. `place` is its site's (latitude, longitude, zone): a virtual one paints it."""

    name: str
    driver: str
    port: str
    normal: dict[str, str]
    boost: dict[str, str]
    deadline_seconds: float
    place: tuple[float, float, str]


@dataclass(frozen=True)
class Shot:
    """A photo as it came from the camera: where it lies, when the shutter was asked to open, and what was said."""

    path: Path
    taken_at: datetime
    model: str
    settings: dict[str, str]
    warnings: tuple[str, ...] = field(default=())


def shoot(camera: CameraSpec, at: datetime, into: Path, *, boost: bool) -> Shot:
    """Given a camera, the slot's instant and a file to write, take one photo, with the boost's settings or without.

    Raises CameraError, after which `into` may hold anything.
    """
    settings = camera.normal | camera.boost if boost else camera.normal
    request = {
        "into": str(into),
        "port": camera.port,
        "settings": settings,
        "restore": camera.normal if boost else {},
        "at": at.isoformat(),
        "place": camera.place,
    }
    answer = _ask(camera, request)
    _check_whole(camera, into)
    return Shot(
        path=into,
        taken_at=datetime.fromisoformat(answer["taken_at"]),
        model=" ".join(answer["camera"].get(fact, "") for fact in ("manufacturer", "cameramodel")).strip(),
        settings=settings,
        warnings=tuple(answer["warnings"]),
    )


def _ask(camera: CameraSpec, request: dict[str, Any]) -> dict[str, Any]:
    child = subprocess.Popen(  # noqa: S603 (the module's name is one of CHILDREN)
        [sys.executable, "-m", CHILDREN[camera.driver]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    try:
        out, err = child.communicate(json.dumps(request), timeout=camera.deadline_seconds)
    except subprocess.TimeoutExpired:
        msg = (
            f"camera {camera.name!r} gave nothing within {camera.deadline_seconds:g} s and was stopped; "
            "no photo was kept: switch it off and on"
        )
        raise CameraError(msg) from None
    finally:
        _end(child)
    return _understood(camera, out, err)


def _understood(camera: CameraSpec, out: str, err: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        cause = err.strip().splitlines()[-1] if err.strip() else "it said nothing"
        msg = f"camera {camera.name!r}: its process died ({cause}); no photo was kept, the next try starts a new one"
        raise CameraError(msg) from None
    if "error" in answer:
        code = answer["code"]
        advice = ADVICE.get(code, "it will be asked again")
        msg = f"camera {camera.name!r} gave no photo: {answer['error']} ({code}); {advice}"
        raise CameraError(msg, code)
    return answer


def _check_whole(camera: CameraSpec, photo: Path) -> None:
    """A JPEG begins with SOI and ends with EOI (ITU-T T.81, B.1.1.3); cameras do hand over empty and half files."""
    content = photo.read_bytes() if photo.exists() else b""
    if not (content.startswith(b"\xff\xd8") and content.rstrip(b"\0").endswith(b"\xff\xd9")):
        msg = (
            f"camera {camera.name!r} gave {len(content)} bytes that are no whole JPEG; not kept, it will be asked again"
        )
        raise CameraError(msg)


def _end(child: subprocess.Popen[str]) -> None:
    """End the child and all of its group, also what a child that is gone has left there."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(TERM_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.communicate(timeout=TERM_SECONDS)
