"""The process that touches the camera: one photo through libgphoto2, then gone.

A process of its own because C code that hangs or crashes must not take the caller along, and because two cameras in
one process corrupt each other. It reads a request as JSON on standard input and answers with JSON on standard output.
"""

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kootenay.adapters.gphoto2_config import aim, apply, correct_clock, drift_of, read
from kootenay.adapters.gphoto2_files import check_fresh, delete, drain, fetch, forget, further_files, room
from kootenay.adapters.gphoto2_find import close, open_camera, port_of
from kootenay.errors import CameraError, CardFullError

FACTS = {
    "serial": "serialnumber",
    "battery": "batterylevel",
    "temperature": "temperature",
    "shutter_count": "shuttercounter",
    "lens": "lensname",
}
"""What is recorded of a camera that has it, and libgphoto2's key for it."""

FULL = {-3, -115}
"""GP_ERROR_NO_MEMORY, which is PTP's StoreFull, and GP_ERROR_NO_SPACE."""

ZONES = Path("/usr/share/zoneinfo")


def main() -> int:
    """Do what standard input asks for; exit 0 with an answer, or 1 with an error's kind, code and words."""
    request = json.loads(sys.stdin.read())
    _be_in(request["zone"])
    return answer(request)


def answer(request: dict[str, Any]) -> int:
    """Given a request {do, ...}, carry it out and print the answer."""
    import gphoto2 as gp

    try:
        reply = WORK[request["do"]](gp, request)
    except gp.GPhoto2Error as error:
        reply = {"kind": "CameraError", "code": error.code, "error": error.string}
    except CameraError as error:
        reply = {"kind": type(error).__name__, "code": error.code, "error": str(error)}
    print(json.dumps(reply))  # noqa: T201
    return int("error" in reply)


def photograph(gp: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Given libgphoto2 and a request, take one photo into the file `into`; return what is known about it.

    The request is {port, serial, model, into, settings, restore, keep_on_card, forget, set_clock}. What was set for
    this photo is set back afterwards, also when the shot failed. Raises gp.GPhoto2Error or CameraError.
    """
    camera, warnings = open_camera(gp, request)
    try:
        warnings += drain(gp, camera)
        deleted, words = forget(gp, camera, request["forget"])
        warnings += words
        facts = {fact: value for fact, name in FACTS.items() if (value := read(gp, camera, name))} | room(gp, camera)
        model = f"{read(gp, camera, 'manufacturer')} {read(gp, camera, 'cameramodel')}".strip()
        drift = _clock(gp, camera, request["set_clock"], facts, warnings)
        warnings += aim(gp, camera, card=request["keep_on_card"])
        warnings += apply(gp, camera, request["settings"])
        try:
            shot = _shoot(gp, camera, request, drift, warnings)
        finally:
            warnings += apply(gp, camera, request["restore"])
    finally:
        close(gp, camera)
    return shot | {"model": model, "facts": facts, "deleted": deleted, "warnings": warnings}


def locate(gp: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Given a request {port, serial, model}, return its camera's port. Raises gp.GPhoto2Error or CameraError."""
    return {"port": port_of(gp, request)}


WORK: dict[str, Callable[[Any, dict[str, Any]], dict[str, Any]]] = {"photograph": photograph, "locate": locate}


def _clock(gp: Any, camera: Any, may_set: bool, facts: dict[str, str], warnings: list[str]) -> float | None:
    """Read the camera's clock and, where this host's is to be trusted, put it right; return its drift in seconds."""
    drift = drift_of(gp, camera)
    if drift is None:
        return None
    facts["clock_drift_seconds"] = str(round(drift))
    if may_set:
        drift, words = correct_clock(gp, camera, drift)
        warnings += words
    return drift


def _shoot(gp: Any, camera: Any, request: dict[str, Any], drift: float | None, warnings: list[str]) -> dict[str, Any]:
    """Open the shutter and fetch what comes of it."""
    keep = request["keep_on_card"]
    shutter, first, on_card = _capture(gp, camera, keep, warnings)
    if drift is not None:
        check_fresh(gp, camera, first, shutter.timestamp() + drift)
    others, words = further_files(gp, camera)
    warnings += words
    files = [first, *others]
    companions, words = fetch(gp, camera, files, Path(request["into"]))
    warnings += words
    kept_at = _kept_at(files) if on_card else ""
    if on_card and not kept_at:
        warnings.append("the camera does not say where on its card the photo is: it will not be deleted from there")
    if not on_card:
        warnings += delete(gp, camera, files)
    return {"taken_at": shutter.isoformat(), "companions": [str(path) for path in companions], "on_card": kept_at}


def _capture(gp: Any, camera: Any, keep: bool, warnings: list[str]) -> tuple[datetime, Any, bool]:
    """Take a photo, onto the card or, when that is full, into the camera's memory; return when, its file, and which."""
    try:
        return datetime.now(UTC), camera.capture(gp.GP_CAPTURE_IMAGE), keep
    except gp.GPhoto2Error as error:
        if not (error.code in FULL or (keep and room(gp, camera).get("card_free_images") == "0")):
            raise
        full = error
    if keep:
        warnings += aim(gp, camera, card=False)
        try:
            taken = datetime.now(UTC), camera.capture(gp.GP_CAPTURE_IMAGE), False
        except gp.GPhoto2Error as error:
            full = error
        else:
            warnings.append("the card is full of photos that are not confirmed yet: this one is not on it")
            return taken
    msg = f"the camera's card is full ({full.string}): empty it, or put in a larger one; nothing on it was deleted"
    raise CardFullError(msg, full.code)


def _kept_at(files: list[Any]) -> str:
    """Where on the card the photo's own file is; "" for one that libgphoto2 has only from the camera's memory."""
    names = [f"{what.folder}/{what.name}" for what in files if what.folder != "/"]
    return next((name for name in names if name.lower().endswith((".jpg", ".jpeg"))), "")


def _be_in(zone: str) -> None:
    """Live in the site's time zone: a camera's clock shows local time, and libgphoto2 takes this process's for it."""
    wheel = importlib.util.find_spec("tzdata")
    wheels = [Path(folder, "zoneinfo") for folder in (wheel and wheel.submodule_search_locations) or ()]
    for path in (folder / zone for folder in (ZONES, *wheels)):
        if path.is_file():
            os.environ["TZ"] = f":{path}"  # tzset(3): a file, wherever it is
            time.tzset()
            return


if __name__ == "__main__":
    sys.exit(main())
