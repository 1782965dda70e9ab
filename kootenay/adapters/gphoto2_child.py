"""The process that touches the camera: one photo through libgphoto2, then gone.

A process of its own because C code that hangs or crashes must not take the caller along, and because two cameras in
one process corrupt each other. It reads a request as JSON on standard input and answers with JSON on standard output.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FACTS = ("manufacturer", "cameramodel", "serialnumber", "batterylevel")


def main() -> int:
    """Take the photo that standard input asks for; exit 0 with its facts, or 1 with libgphoto2's code and words."""
    request = json.loads(sys.stdin.read())
    return answer(request)


def answer(request: dict[str, Any]) -> int:
    """Given a request {into, port, settings, restore}, photograph and print the answer."""
    import gphoto2 as gp

    try:
        print(json.dumps(photograph(gp, request)))  # noqa: T201
    except gp.GPhoto2Error as error:
        print(json.dumps({"code": error.code, "error": error.string}))  # noqa: T201
        return 1
    return 0


def photograph(gp: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Given libgphoto2 and a request, take one photo into the file `into`; return what is known about it.

    What was set for this photo is set back afterwards, also when the shot failed. Raises gp.GPhoto2Error.
    """
    camera = gp.Camera()
    if request["port"]:
        ports = gp.PortInfoList()
        ports.load()
        camera.set_port_info(ports[ports.lookup_path(request["port"])])
    camera.init()
    try:
        known = {name: _read(gp, camera, name) for name in FACTS}
        warnings = _apply(gp, camera, request["settings"])
        try:
            shutter = datetime.now(UTC)
            taken = camera.capture(gp.GP_CAPTURE_IMAGE)
            camera.file_get(taken.folder, taken.name, gp.GP_FILE_TYPE_NORMAL).save(request["into"])
        finally:
            warnings += _apply(gp, camera, request["restore"])
    finally:
        camera.exit()
    return {
        "taken_at": shutter.isoformat(),
        "name": taken.name,
        "bytes": Path(request["into"]).stat().st_size,
        "camera": {name: value for name, value in known.items() if value},
        "warnings": warnings,
    }


def _apply(gp: Any, camera: Any, settings: dict[str, str]) -> list[str]:
    """Set each key and read it back; a camera that will not is a warning, and the photo is taken all the same."""
    warnings = []
    for name, wanted in settings.items():
        try:
            widget = camera.get_single_config(name)
            if widget.get_value() == wanted:
                continue
            widget.set_value(wanted)
            camera.set_single_config(name, widget)
            found = _read(gp, camera, name)
        except (gp.GPhoto2Error, TypeError) as error:
            warnings.append(f"{name} could not be set to {wanted}: {error}")
            continue
        if found != wanted:
            warnings.append(f"{name} was set to {wanted} and reads {found}")
    return warnings


def _read(gp: Any, camera: Any, name: str) -> str:
    try:
        return str(camera.get_single_config(name).get_value())
    except gp.GPhoto2Error:
        return ""


if __name__ == "__main__":
    sys.exit(main())
