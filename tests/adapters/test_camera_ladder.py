"""What the ladder's hands promise: who holds the camera is ended, the port is reset, the power is cut, in words."""

import fcntl
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters import bounded, ladder
from kootenay.adapters.ladder import USBDEVFS_RESET, power_cycle, release_claim, reset_usb
from kootenay.errors import CameraError
from tests.adapters.conftest import camera_spec, is_running


@pytest.fixture
def without_gio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)


class TestRelease:
    @pytest.fixture(params=ladder.HOLDERS)
    def holder(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
        """A program of the desktop that holds the camera, by its name."""
        program = tmp_path / request.param
        program.symlink_to("/bin/sleep")
        with subprocess.Popen([program, "600"]) as process:
            while not Path(f"/proc/{process.pid}/cmdline").read_bytes():
                time.sleep(0.01)  # an exec has its arguments a moment after it is one
            yield process
            process.kill()

    @pytest.mark.usefixtures("without_gio")
    def test_the_desktops_hold_is_ended_and_named(self, holder: subprocess.Popen[bytes]) -> None:
        words = release_claim()
        assert holder.wait(5) == -15
        assert f"({holder.pid})" in words
        assert any(name in words for name in ladder.HOLDERS)

    @pytest.mark.usefixtures("without_gio")
    def test_what_only_has_it_in_its_arguments_is_left_alone(self) -> None:
        with subprocess.Popen(["/bin/sh", "-c", "read line", "gvfsd-gphoto2"], stdin=subprocess.PIPE) as other:
            while not Path(f"/proc/{other.pid}/cmdline").read_bytes():
                time.sleep(0.01)
            assert release_claim() == "nobody of this desktop holds the camera"
            assert is_running(other.pid)

    def test_the_desktop_is_asked_to_unmount_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        gio = _program(tmp_path / "gio", f'echo "$@" > {tmp_path}/asked')
        monkeypatch.setattr(shutil, "which", lambda name: str(gio))
        assert "unmounted" in release_claim()
        assert (tmp_path / "asked").read_text() == "mount -s gphoto2\n"

    def test_a_desktop_that_does_not_answer_does_not_stop_the_ladder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gio = _program(tmp_path / "gio", "sleep 600")
        monkeypatch.setattr(shutil, "which", lambda name: str(gio))
        monkeypatch.setattr(ladder, "GIO_SECONDS", 0.3)
        monkeypatch.setattr(bounded, "TERM_SECONDS", 0.3)
        assert release_claim() == "nobody of this desktop holds the camera"


class TestReset:
    @pytest.fixture
    def usb(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(ladder, "USB", tmp_path)
        return tmp_path

    def test_the_cameras_own_device_is_reset(self, usb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        device = usb / "001" / "001"
        device.parent.mkdir()
        device.touch()
        asked: list[Any] = []
        monkeypatch.setattr(fcntl, "ioctl", lambda file, *rest: asked.append((file.name, *rest)))
        assert reset_usb(camera_spec()) == "reset the USB port usb:001,001"
        assert asked == [(str(device), USBDEVFS_RESET, 0)]

    @pytest.mark.usefixtures("usb")
    @pytest.mark.parametrize("driver", ["gphoto2", "virtual"], ids=["not found", "gone since"])
    def test_one_that_has_left_the_bus_needs_power(self, monkeypatch: pytest.MonkeyPatch, driver: str) -> None:
        monkeypatch.delenv("VCAMERADIR", raising=False)
        with pytest.raises(CameraError, match="is not on the bus: a USB reset cannot help, only power can"):
            reset_usb(camera_spec(driver))

    @pytest.mark.parametrize("driver", ["folder", "command"])
    def test_one_that_is_not_on_usb_needs_power(self, driver: str) -> None:
        with pytest.raises(CameraError, match="no USB port: only power can help"):
            reset_usb(camera_spec(driver))

    def test_a_device_that_will_not_be_reset_is_said_in_one_line(self, usb: Path) -> None:
        (usb / "001").mkdir()
        (usb / "001" / "001").touch()
        with pytest.raises(CameraError, match=r"001/001 cannot be reset \(Inappropriate ioctl for device\)") as caught:
            reset_usb(camera_spec())
        assert "\n" not in str(caught.value)


class TestPower:
    def test_the_command_is_run_without_a_shell(self, tmp_path: Path) -> None:
        words = power_cycle(["/usr/bin/touch", str(tmp_path / "off; on")], 10)
        assert (tmp_path / "off; on").exists()
        assert "cut the camera's power" in words

    @pytest.mark.parametrize(
        ("command", "words"),
        [
            pytest.param(["/bin/sh", "-c", "echo no relay >&2; exit 2"], "status 2 (no relay)", id="it fails"),
            pytest.param(["/no/relay"], "cannot be started (No such file or directory)", id="it is not there"),
            pytest.param(["/bin/sleep", "600"], "did not end within 0.3 s", id="it hangs"),
        ],
    )
    def test_one_that_fails_is_said_in_one_line(self, command: list[str], words: str) -> None:
        started = time.monotonic()
        with pytest.raises(CameraError) as caught:
            power_cycle(command, 0.3)
        assert words in str(caught.value)
        assert "run it by hand" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert time.monotonic() - started < 5


def _program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
