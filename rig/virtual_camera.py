"""A PTP camera without a camera: libgphoto2's own virtual one, looking at a painted lake.

It runs as the camera's child process. The scene is painted for the slot's instant and put where the virtual camera
looks (VCAMERADIR); from there on it is the same code, the same library and the same protocol as with a real one.
"""

import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from kootenay.adapters import gphoto2_child
from kootenay.rules.daylight import Site
from rig.scenes import put_scene


def main() -> int:
    """Answer one request of kootenay.adapters.camera with a photo of the painted scene."""
    request = json.loads(sys.stdin.read())
    with tempfile.TemporaryDirectory(dir=Path(request["into"]).parent) as scene:
        put_scene(Site(*request["place"]), datetime.fromisoformat(request["at"]), Path(scene) / "scene.jpg")
        os.environ["VCAMERADIR"] = scene  # read when gphoto2 is imported
        _stay_on()
        return gphoto2_child.answer(request)


def _stay_on() -> None:
    """libgphoto2 sleeps 0.3 s as it lets a Nikon go, a third of a rehearsed slot; this one goes with its process."""
    import gphoto2 as gp

    class AlwaysOn(gp.Camera):  # type: ignore[misc]
        def exit(self) -> None:
            """Stay."""

    gp.Camera = AlwaysOn


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the camera's own end would sleep as well
