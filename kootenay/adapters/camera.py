"""The camera, from the caller's side: one photo into a file, within a deadline, whatever its driver does.

The work happens in a child process: libgphoto2's, one that looks into a folder, or any program of the owner's.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kootenay.adapters.bounded import Ended, run
from kootenay.adapters.whole_jpeg import flaw_of
from kootenay.errors import CameraError, CameraHungError, CardFullError, NotWholeError, StaleFrameError

CHILDREN = {
    "gphoto2": "kootenay.adapters.gphoto2_child",
    "virtual": "rig.virtual_camera",
    "folder": "kootenay.adapters.folder_child",
}
"""The module each driver runs as its child process; the driver "command" runs the owner's program instead."""

CHECKOUT = Path(__file__).resolve().parents[2]
KINDS = {kind.__name__: kind for kind in (CardFullError, NotWholeError, StaleFrameError)}

ADVICE = {
    -1: "the camera gave no reason: look at its screen and its focus",
    -2: "the camera was not there: look at its cable and its power",
    -3: "the camera's memory or card is full: empty it",
    -5: "no such port: run `gphoto2 --auto-detect` and correct [cameras.*] port",
    -6: "this camera cannot do that over USB: look whether its model is in libgphoto2's list",
    -7: "the USB link broke: try another cable or port",
    -10: "the camera did not answer in time: switch it off and on",
    -31: "the USB link could not be opened: look at the rights on /dev/bus/usb",
    -34: "the USB link broke as it was read: try another cable or port",
    -35: "the USB link broke as it was written: try another cable or port",
    -52: "no such USB port: run `gphoto2 --auto-detect` and correct [cameras.*] port",
    -53: "another program holds the camera: end it (on a desktop: `gio mount -s gphoto2`)",
    -60: "another program holds the camera: end it (on a desktop: `gio mount -s gphoto2`)",
    -105: "no camera was found: look at its cable and its power",
    -110: "the camera is busy with an earlier photo: it will be asked again",
}
"""What to do about libgphoto2's codes (gphoto2-result.h, gphoto2-port-result.h)."""

CURES = {
    "gphoto2": "switch it off and on",
    "virtual": "switch it off and on",
    "folder": "look whether its folder is a mount that hangs, or a file that is written without end",
    "command": "run its [cameras.*] command by hand",
}
"""What to do about a camera that gives nothing, by its driver."""


@dataclass(frozen=True)
class CameraSpec:
    """How one camera is reached and set. `place` is its site's (latitude, longitude, zone).

    A gphoto2 camera is the one of a serial number, else of a port, else of a model, else the first; `normal` are the
    keys and values that a capture leaves in force.
    """

    name: str
    driver: str
    deadline_seconds: float
    place: tuple[float, float, str]
    port: str = ""
    serial: str = ""
    model: str = ""
    normal: dict[str, str] = field(default_factory=dict)
    keep_on_card: bool = False
    folder: Path | None = None
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shot:
    """A photo as it came from the camera: where it lies, when the shutter was asked to open (UTC), and what was said.

    `settings` are those wanted; `facts` are the camera's own (battery, card_free_mb, clock_drift_seconds); `on_card`
    is where it was left on the card; `deleted` are the paths of `forget` that are on the card no more.
    """

    path: Path
    taken_at: datetime
    model: str
    settings: dict[str, str]
    warnings: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    companions: tuple[Path, ...] = ()
    on_card: str = ""
    deleted: tuple[str, ...] = ()


def shoot(
    camera: CameraSpec,
    at: datetime,
    into: Path,
    settings: dict[str, str],
    *,
    forget: Sequence[str] = (),
    trust_clock: bool = True,
) -> Shot:
    """Given a camera, the slot's instant (UTC), a file to write and the settings to have, take one photo.

    Settings that are not the normal ones are set back afterwards. `forget` are card paths of confirmed photos, oldest
    first, that may be deleted; without `trust_clock` the camera's clock is read, not set. Raises CameraError, after
    which `into` may hold what came, if anything came.
    """
    into.unlink(missing_ok=True)  # nothing of an earlier try is taken for this one
    if camera.driver == "command":
        answer = _run_command(camera, at, into)
    else:
        answer = _ask(camera, _request(camera, at, into, settings, forget, trust_clock))
    if flaw := flaw_of(into):
        msg = f"camera {camera.name!r} gave {flaw}; not kept as a photo, it will be asked again"
        raise NotWholeError(msg)
    return Shot(
        path=into,
        taken_at=datetime.fromisoformat(answer["taken_at"]),
        model=answer.get("model", ""),
        settings=settings,
        warnings=(*answer.get("warnings", ()), *_unsettable(camera, settings)),
        facts=answer.get("facts", {}),
        companions=tuple(Path(path) for path in answer.get("companions", ())),
        on_card=answer.get("on_card", ""),
        deleted=tuple(answer.get("deleted", ())),
    )


def locate(camera: CameraSpec) -> str:
    """Given a camera, return its port, such as usb:001,004. Raises CameraError, also when it is not libgphoto2's."""
    if camera.driver not in ("gphoto2", "virtual"):
        msg = f"camera {camera.name!r} has the driver {camera.driver!r} and no USB port: only power can help"
        raise CameraError(msg)
    port: str = _ask(camera, _address(camera) | {"do": "locate"})["port"]
    return port


def _address(camera: CameraSpec) -> dict[str, Any]:
    return {"port": camera.port, "serial": camera.serial, "model": camera.model, "zone": camera.place[2]}


def _request(
    camera: CameraSpec, at: datetime, into: Path, settings: dict[str, str], forget: Sequence[str], trust_clock: bool
) -> dict[str, Any]:
    """What the child process is asked; the virtual camera paints `place` as it is `at` the slot's instant."""
    return _address(camera) | {
        "do": "photograph",
        "into": str(into),
        "at": at.isoformat(),
        "place": camera.place,
        "folder": str(camera.folder),
        "settings": settings,
        "restore": {key: value for key, value in camera.normal.items() if settings.get(key, value) != value},
        "keep_on_card": camera.keep_on_card,
        "forget": list(forget),
        "set_clock": trust_clock,
    }


def _run_command(camera: CameraSpec, at: datetime, into: Path) -> dict[str, Any]:
    """Run the owner's program, {into} and {at} filled in, without a shell."""
    values = {"{into}": str(into), "{at}": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    arguments = list(camera.command)
    for mark, value in values.items():
        arguments = [argument.replace(mark, value) for argument in arguments]
    started = datetime.now(UTC)
    ended = _bounded(camera, arguments)
    if ended.status != 0:
        msg = (
            f"camera {camera.name!r} gave no photo: {arguments[0]} ended with status {ended.status} "
            f"({ended.last_words}); {CURES['command']}"
        )
        raise CameraError(msg)
    return {"taken_at": started.isoformat()}


def _ask(camera: CameraSpec, request: dict[str, Any]) -> dict[str, Any]:
    ended = _bounded(camera, [sys.executable, "-m", CHILDREN[camera.driver]], json.dumps(request), CHECKOUT)
    try:
        answer: dict[str, Any] = json.loads(ended.out.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        msg = (
            f"camera {camera.name!r}: its process died ({ended.last_words}); "
            "no photo was kept, the next try starts a new one"
        )
        raise CameraError(msg) from None
    if "error" in answer:
        raise _error_of(camera, answer)
    return answer


def _bounded(camera: CameraSpec, arguments: Sequence[str], words: str = "", folder: Path | None = None) -> Ended:
    try:
        return run(arguments, camera.deadline_seconds, words, folder)
    except subprocess.TimeoutExpired:
        msg = (
            f"camera {camera.name!r} gave nothing within {camera.deadline_seconds:g} s and was stopped; "
            f"no photo was kept: {CURES[camera.driver]}"
        )
        raise CameraHungError(msg) from None
    except OSError as error:
        msg = f"camera {camera.name!r}: {arguments[0]} cannot be started ({error.strerror}); {CURES[camera.driver]}"
        raise CameraError(msg) from None


def _error_of(camera: CameraSpec, answer: dict[str, Any]) -> CameraError:
    kind, code = KINDS.get(answer["kind"]), answer["code"]
    if kind is not None:
        return kind(f"camera {camera.name!r}: {answer['error']}", code)
    said = f"camera {camera.name!r} gave no photo: {answer['error']}"
    if code is None:
        return CameraError(said)
    return CameraError(f"{said} ({code}); {ADVICE.get(code, 'it will be asked again')}", code)


def _unsettable(camera: CameraSpec, settings: dict[str, str]) -> tuple[str, ...]:
    """What was wanted of a camera that cannot be set from here."""
    if not settings or camera.driver not in ("folder", "command"):
        return ()
    return (f"{', '.join(settings)} cannot be set on a camera of the driver {camera.driver!r}",)
