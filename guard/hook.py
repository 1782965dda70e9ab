"""The old way in: `gphoto2 --capture-image-and-download --hook-script=guard/hook.sh` drops its photos into the spool.

gphoto2 calls its hook with ACTION=download and ARGUMENT=the file it has just written (gphoto2(1), --hook-script).
"""

from collections.abc import Mapping
from pathlib import Path

from kootenay.adapters import clock
from kootenay.adapters.station import receive as receive_file
from kootenay.errors import SettingsError
from kootenay.rules.slots import slot_of
from kootenay.settings import Settings
from kootenay.wiring import station_of


def receive(settings: Settings, env: Mapping[str, str]) -> str:
    """Given the hook's environment, take a downloaded photo into the spool as that of the slot of now.

    `KOOTENAY_CAMERA` says whose it is where there is more than one camera. Returns a line to print. A second photo of
    a slot stays where it is. Raises SettingsError, or CameraError for what is no photo; the file is left alone then.
    """
    if env.get("ACTION") != "download":
        return ""
    name = env.get("KOOTENAY_CAMERA") or next(iter(settings.cameras))
    if not env.get("KOOTENAY_CAMERA") and len(settings.cameras) > 1:
        msg = (
            f"there are several cameras: set KOOTENAY_CAMERA to one of {', '.join(settings.cameras)}; nothing was moved"
        )
        raise SettingsError(msg)
    camera, file = settings.camera(name), Path(env.get("ARGUMENT", ""))
    (plan,) = camera.plan(settings.site.place, [slot_of(clock.now(), camera.every)])
    taken = receive_file(station_of(settings, name), plan, file, by="hook")
    if not taken.fresh:
        return f"{file} was left where it is: the slot {plan.slot:%H:%M} UTC has its photo\n"
    return f"{file.name} is the photo of {plan.slot:%H:%M} UTC\n"
