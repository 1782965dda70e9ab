"""The guard's looks, one after the other in this process: its own CPU, and apart from it that of the camera's child.

`python -m bench.looks SCENE CONFIG...`: for each settings file a fresh photo before the virtual camera, and a look at
the slot of now by the guard of its camera. Prints a line of JSON a look.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

from bench.scene import renew
from guard.watch import Watch
from kootenay.adapters import clock
from kootenay.settings import load_settings


def main(scene: Path, configs: list[str]) -> int:
    """Look once a settings file; exit 1 at the first look that takes no photo."""
    for config in configs:
        os.environ["KOOTENAY_CONFIG"] = config
        settings = load_settings()
        watch = Watch(settings, next(iter(settings.cameras)))
        renew(scene)
        own, child = time.process_time(), _children()
        told = watch.look(clock.now())
        own, child = time.process_time() - own, _children() - child
        sys.stdout.write(json.dumps({"own": own, "child": child, "told": told}) + "\n")
        if "taken by the guard" not in told:
            return 1
    return 0


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
