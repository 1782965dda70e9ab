"""The old way in: Debian's own gphoto2 with its --hook-script, on libgphoto2's virtual camera."""

import os
import subprocess
from pathlib import Path

import pytest

from guard.hook import receive
from kootenay.errors import SettingsError
from kootenay.settings import Settings, load_settings
from kootenay.wiring import ledger_of, spool_of
from rig.prefect_host import CHECKOUT
from tests.adapters.conftest import jpeg

HOOK = CHECKOUT / "guard" / "hook.sh"


@pytest.mark.real("gphoto2")
def test_gphoto2_drops_its_photo_into_the_spool_by_its_hook(settings: Settings, tmp_path: Path) -> None:
    import gphoto2

    scene, shots = tmp_path / "scene", tmp_path / "shots"
    for folder in (scene, shots):
        folder.mkdir()
    (scene / "scene.jpg").write_bytes(jpeg(640, 480))
    vusb = Path(gphoto2.__file__).parent / "libgphoto2" / "vusb"
    command = ["/usr/bin/gphoto2", "--capture-image-and-download", "--filename", "shot.jpg", f"--hook-script={HOOK}"]
    env = os.environ | {"IOLIBS": str(vusb), "VCAMERADIR": str(scene)}
    done = subprocess.run(command, cwd=shots, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (spooled,) = spool_of(settings).waiting()
    assert spooled.photo.read_bytes() == (scene / "scene.jpg").read_bytes()
    assert spooled.sidecar.by == "hook"
    entry = ledger_of(settings).find("fjord", spooled.sidecar.slot)
    assert entry is not None
    assert entry.by == "hook"
    assert list(shots.iterdir()) == []


@pytest.mark.parametrize("action", ["init", "start", "stop", ""])
def test_what_is_no_download_does_nothing(settings: Settings, action: str) -> None:
    assert receive(settings, {"ACTION": action, "ARGUMENT": "shot.jpg"}) == ""
    assert spool_of(settings).waiting() == []


def test_of_several_cameras_one_must_be_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KOOTENAY_CAMERAS__PIER__TITLE", "The pier")
    with pytest.raises(SettingsError, match="set KOOTENAY_CAMERA to one of"):
        receive(load_settings(), {"ACTION": "download", "ARGUMENT": str(tmp_path / "shot.jpg")})
