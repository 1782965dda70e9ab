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
from rig.painter import paint, save


def main() -> int:
    """Answer one request of kootenay.adapters.camera with a photo of the painted scene."""
    request = json.loads(sys.stdin.read())
    with tempfile.TemporaryDirectory(dir=Path(request["into"]).parent) as scene:
        at = datetime.fromisoformat(request["at"])
        site = Site(*request["place"])
        save(paint(site, at), Path(scene) / "scene.jpg", site.local(at))
        os.environ["VCAMERADIR"] = scene  # read when gphoto2 is imported
        return gphoto2_child.answer(request)


if __name__ == "__main__":
    sys.exit(main())
