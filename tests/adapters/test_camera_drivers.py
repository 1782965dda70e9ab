"""What the drivers without libgphoto2 in the house promise: a folder that others write to, and any program."""

import os
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters import bounded
from kootenay.adapters.camera import CameraSpec, shoot
from kootenay.errors import CameraError, CameraHungError, NotWholeError, is_transient
from tests.adapters.conftest import SLOT, camera_spec, is_running, jpeg, start_python

EARLIER, LATER = 1782072000, 1782072300


@pytest.fixture
def into(tmp_path: Path) -> Path:
    bench = tmp_path / "bench"
    bench.mkdir()
    return bench / "photo.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "seen"
    path.mkdir()
    return path


def put(path: Path, content: bytes, at: float = EARLIER) -> Path:
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


class TestFolder:
    def test_the_newest_photo_is_copied_and_left_where_it_is(self, folder: Path, into: Path) -> None:
        put(folder / "z.jpg", jpeg(colour="red"))
        newest = put(folder / "a.JPEG", jpeg(colour="green"), LATER)
        put(folder / "b.txt", b"words", LATER + 1)
        put(folder / ".c.jpg", b"hidden", LATER + 2)
        shot = shoot(camera_spec("folder", folder=folder, normal={}), SLOT, into, {})
        assert shot.path.read_bytes() == newest.read_bytes()
        assert shot.taken_at == datetime.fromtimestamp(LATER, UTC)
        assert newest.stat().st_mtime == LATER
        assert shot.warnings == ()

    def test_of_two_of_one_second_the_last_by_name_is_the_newest(self, folder: Path, into: Path) -> None:
        put(folder / "1.jpg", jpeg(colour="red"))
        last = put(folder / "2.jpg", jpeg(colour="green"))
        assert shoot(camera_spec("folder", folder=folder), SLOT, into, {}).path.read_bytes() == last.read_bytes()

    def test_a_photo_that_is_being_written_is_waited_for(self, folder: Path, into: Path) -> None:
        content = jpeg(640, 480)
        put(folder / "photo.jpg", content[:400], time.time())
        script = (
            "import sys, time; file = open(sys.argv[1], 'ab', buffering=0); content = bytes.fromhex(sys.argv[2])\n"
            "for start in range(0, len(content), len(content) // 8 + 1):\n"
            "    time.sleep(0.25); file.write(content[start:start + len(content) // 8 + 1])"
        )
        with start_python(script, folder / "photo.jpg", content[400:].hex()):
            shot = shoot(camera_spec("folder", folder=folder), SLOT, into, {})
        assert shot.path.read_bytes() == content

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            pytest.param(lambda folder: None, "holds no JPEG: look at what writes there", id="empty"),
            pytest.param(lambda folder: folder.rmdir(), "is no folder", id="missing"),
        ],
    )
    def test_no_photo_is_said_in_one_line(self, folder: Path, into: Path, make: Any, words: str) -> None:
        make(folder)
        with pytest.raises(CameraError) as caught:
            shoot(camera_spec("folder", folder=folder), SLOT, into, {})
        assert words in str(caught.value)
        assert str(folder) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert is_transient(caught.value)

    def test_half_a_photo_is_refused(self, folder: Path, into: Path) -> None:
        put(folder / "photo.jpg", jpeg()[:400])
        with pytest.raises(NotWholeError, match="breaks off after 400 bytes"):
            shoot(camera_spec("folder", folder=folder), SLOT, into, {})

    def test_one_that_is_written_without_end_is_given_up_at_the_deadline(self, folder: Path, into: Path) -> None:
        put(folder / "photo.jpg", jpeg())
        script = "import os, sys, time\nwhile True:\n    time.sleep(0.05); os.utime(sys.argv[1])"
        with start_python(script, folder / "photo.jpg") as writer:
            with pytest.raises(CameraHungError, match="a mount that hangs, or a file that is written without end"):
                shoot(camera_spec("folder", folder=folder, deadline_seconds=2), SLOT, into, {})
            writer.kill()


def by_command(*words: str, **changes: Any) -> CameraSpec:
    return camera_spec("command", command=words, normal={}, **changes)


COPY = (
    "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2]); open(sys.argv[2] + '.at', 'w').write(sys.argv[3])"
)


class TestCommand:
    def test_it_is_told_the_file_to_write_and_the_slots_instant(self, tmp_path: Path, into: Path) -> None:
        (tmp_path / "given").write_bytes(jpeg())
        before = datetime.now(UTC)
        camera = by_command(sys.executable, "-c", COPY, str(tmp_path / "given"), "{into}", "{at}")
        shot = shoot(camera, SLOT, into, {})
        assert shot.path.read_bytes() == jpeg()
        assert into.with_name("photo.jpg.at").read_text() == "2026-06-21T20:00:00Z"
        assert before < shot.taken_at < datetime.now(UTC)
        assert shot.model == ""

    def test_it_is_run_without_a_shell(self, tmp_path: Path, into: Path) -> None:
        (tmp_path / "given; touch owned").write_bytes(jpeg())
        shoot(by_command("/bin/cp", str(tmp_path / "given; touch owned"), "{into}"), SLOT, into, {})
        assert not list(tmp_path.rglob("owned"))

    def test_a_web_cameras_snapshot(self, into: Path) -> None:
        with WebCamera(jpeg()) as address:
            fetch = "import sys, urllib.request as web; web.urlretrieve(sys.argv[1], sys.argv[2])"
            shot = shoot(by_command(sys.executable, "-c", fetch, address, "{into}"), SLOT, into, {})
        assert shot.path.read_bytes() == jpeg()

    def test_a_web_cameras_error_page_is_no_photo(self, into: Path) -> None:
        with WebCamera(b"<html>busy</html>") as address:
            fetch = "import sys, urllib.request as web; web.urlretrieve(sys.argv[1], sys.argv[2])"
            with pytest.raises(NotWholeError, match="gave a web page of 17 bytes"):
                shoot(by_command(sys.executable, "-c", fetch, address, "{into}"), SLOT, into, {})

    @pytest.mark.real("gphoto2")
    def test_debians_gphoto2_itself(self, tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another build of the library than the wheel's, on the wheel's virtual USB."""
        (tmp_path / "scene").mkdir()
        (tmp_path / "scene" / "scene.jpg").write_bytes(jpeg())
        where = "import gphoto2, os; print(os.environ['IOLIBS'])"
        monkeypatch.setenv("VCAMERADIR", str(tmp_path / "scene"))
        with start_python(where) as process:
            monkeypatch.setenv("IOLIBS", process.communicate(timeout=60)[0].strip())
        monkeypatch.delenv("CAMLIBS", raising=False)
        words = ("gphoto2", "--capture-image-and-download", "--force-overwrite", "--filename", "{into}")
        assert shoot(by_command(*words), SLOT, into, {}).path.read_bytes() == jpeg()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            pytest.param(("/bin/sh", "-c", "echo one; echo two >&2; exit 3"), "status 3 (two)", id="a status"),
            pytest.param(("/bin/sh", "-c", "kill -9 $$"), "status -9 (it said nothing)", id="a signal"),
            pytest.param(("/no/such/program",), "/no/such/program cannot be started (No such file", id="no program"),
        ],
    )
    def test_what_went_wrong_is_said_in_one_line(self, into: Path, words: tuple[str, ...], said: str) -> None:
        with pytest.raises(CameraError) as caught:
            shoot(by_command(*words), SLOT, into, {})
        assert said in str(caught.value)
        assert "run its [cameras.*] command by hand" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert is_transient(caught.value)

    def test_one_that_writes_nothing_gave_no_file(self, into: Path) -> None:
        into.write_bytes(jpeg())  # an earlier try's
        with pytest.raises(NotWholeError, match="gave no file"):
            shoot(by_command("/bin/true"), SLOT, into, {})

    def test_one_that_hangs_is_stopped_with_all_it_started(
        self, tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounded, "TERM_SECONDS", 0.3)
        script = f"trap '' TERM; sleep 600 & echo $! > {tmp_path}/pid; wait"
        started = time.monotonic()
        with pytest.raises(CameraHungError, match=r"gave nothing within 0\.5 s"):
            shoot(by_command("/bin/sh", "-c", script, deadline_seconds=0.5), SLOT, into, {})
        assert time.monotonic() - started < 4
        pid, deadline = int((tmp_path / "pid").read_text()), time.monotonic() + 5
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(0.01)  # a process that was killed may take a moment to die
        assert not is_running(pid)

    def test_one_that_talks_without_end_is_heard_out(self, into: Path) -> None:
        """A full pipe would stop it (gphoto2 #181)."""
        script = "import sys; sys.stdout.write('x' * 3_000_000); sys.stderr.write('y' * 3_000_000); sys.exit(1)"
        with pytest.raises(CameraError, match="status 1"):
            shoot(by_command(sys.executable, "-c", script, deadline_seconds=20), SLOT, into, {})


@pytest.mark.parametrize("driver", ["folder", "command"])
def test_settings_that_nobody_can_set_are_a_warning(folder: Path, into: Path, driver: str) -> None:
    photo = put(folder / "photo.jpg", jpeg())
    camera = camera_spec(driver, folder=folder, command=("/bin/cp", str(photo), "{into}"))
    shot = shoot(camera, SLOT, into, {"iso": "100"})
    assert shot.warnings == (f"iso cannot be set on a camera of the driver {driver!r}",)


class WebCamera:
    """A camera of the network that answers every request with the same bytes."""

    def __init__(self, content: bytes) -> None:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *words: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}/snapshot.jpg"

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
