"""What `python -m guard` promises as a process: small, loud when it cannot do its work, and no photo is cut short."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kootenay.adapters import clock
from kootenay.rules.daylight import Site, sun_elevation
from kootenay.rules.slots import SlotState, slot_of
from kootenay.settings import CHECKOUT, Settings, load_settings
from kootenay.wiring import ledger_of, spool_of
from tests.adapters.conftest import jpeg

GUARD = [sys.executable, "-m", "guard"]
RESIDENT = 40_000_000
HEAVY = {"prefect", "asyncio", "ssl", "pydantic_settings", "sqlalchemy", "boto3", "paramiko", "PIL", "numpy"}

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start guards, and end those that are left."""
    running: list[subprocess.Popen[str]] = []

    def guard(*command: str, **env: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        environment = os.environ | {"PYDANTIC_DISABLE_PLUGINS": "1"} | env  # as in its systemd unit
        running.append(
            subprocess.Popen(command or GUARD, cwd=CHECKOUT, env=environment, stdout=pipe, stderr=pipe, text=True)
        )
        return running[-1]

    yield guard
    for each in running:
        each.kill()
        each.communicate()


@pytest.fixture
def soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A camera of two seconds, in light, whose slot of now the guard looks at in three."""
    now, scene, begun = clock.now(), tmp_path / "scene.jpg", tmp_path / "begun"
    scene.write_bytes(jpeg())
    step = next(step for step in (60, 59) if now - slot_of(now, timedelta(minutes=step)) < timedelta(minutes=step - 3))
    after = (now - slot_of(now, timedelta(minutes=step))).total_seconds() + 3
    latitude = max((89, -89), key=lambda latitude: sun_elevation(Site(latitude, 0, "UTC"), now))
    config = tmp_path / "soon.toml"
    config.write_text(
        f"""
        home = "{tmp_path / "home"}"
        [site]
        latitude = {latitude}
        timezone = "UTC"
        [cameras.fjord]
        driver = "command"
        command = ["sh", "-c", "touch {begun} && sleep 2 && cp {scene} $0", "{{into}}"]
        normal = {{}}
        bands = []
        every_minutes = {step}
        threshold = -18
        guard_after_seconds = {after}
        grace_seconds = {step * 60 - 60}
        [spool]
        floor_megabytes = 0
        """
    )
    monkeypatch.setenv("KOOTENAY_CONFIG", str(config))
    monkeypatch.delenv("KOOTENAY_HOME", raising=False)
    return load_settings()


def wait_for(what: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def resident(pid: int) -> int:
    """Bytes (proc_pid_status(5))."""
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kilobytes) * 1024


def test_a_guard_with_nothing_to_do_is_small(start: Start, settings: Settings, figure: Callable[[str], None]) -> None:
    guard = start()
    assert guard.stderr is not None
    assert guard.stderr.readline() == "INFO watching fjord\n"
    time.sleep(1)
    figure(f"guard: {resident(guard.pid) / 1e6:.1f} MB resident with nothing to do")
    assert resident(guard.pid) < RESIDENT
    guard.terminate()
    assert guard.wait(10) == 0


def test_it_loads_nothing_that_weighs(start: Start, settings: Settings) -> None:
    guard = start(sys.executable, "-X", "importtime", "-m", "guard")
    time.sleep(3)
    guard.terminate()
    loaded = {line.rpartition("|")[2].strip() for line in guard.communicate(timeout=10)[1].splitlines()}
    assert {"guard.watch", "pydantic"} <= loaded
    assert loaded & HEAVY == set()


def test_told_to_end_it_finishes_the_photo_that_is_being_taken(start: Start, soon: Settings, tmp_path: Path) -> None:
    guard = start()
    wait_for((tmp_path / "begun").exists)
    guard.send_signal(signal.SIGTERM)
    assert guard.wait(20) == 0
    (photo,) = spool_of(soon).waiting()
    assert photo.photo.read_bytes() == jpeg()
    entry = ledger_of(soon).find("fjord", photo.sidecar.slot)
    assert entry is not None
    assert (entry.state, entry.by) == (SlotState.TAKEN, "guard")


def test_told_to_end_many_times_at_once_it_ends(start: Start, settings: Settings) -> None:
    guard = start()
    assert guard.stderr is not None
    guard.stderr.readline()
    for _ in range(50):
        guard.send_signal(signal.SIGTERM)
        guard.send_signal(signal.SIGINT)
    assert guard.wait(10) == 0


def test_two_guards_take_one_photo(start: Start, soon: Settings) -> None:
    guards = [start(), start()]
    wait_for(lambda: bool(spool_of(soon).waiting()))
    for each in guards:
        each.terminate()
    told = "".join(each.communicate(timeout=20)[1] for each in guards)
    assert len(spool_of(soon).waiting()) == 1
    assert told.count("taken by the guard") == 1
    assert "Traceback" not in told


def test_a_home_that_cannot_be_used_is_one_line(start: Start, settings: Settings) -> None:
    guard = start(KOOTENAY_HOME=os.devnull)
    _, told = guard.communicate(timeout=20)
    assert guard.returncode == 1
    assert re.fullmatch(r"guard: .*Not a directory: '/dev/null/camera-host'; see `home` in .*\n", told)


def test_a_watch_that_breaks_ends_them_all(start: Start, settings: Settings) -> None:
    breaking = """if True:
        import sys, guard.__main__, guard.watch as watch
        watch.Watch.look = lambda self, now: 1 / 0 if self.name == "fjord" else ""
        watch.next_look = lambda camera, now: now
        sys.exit(guard.__main__.main([]))"""
    guard = start(sys.executable, "-c", breaking, KOOTENAY_CAMERAS__PIER__TITLE="Pier")
    _, told = guard.communicate(timeout=20)
    assert guard.returncode == 1
    assert "watching fjord, pier" in told
    assert "ZeroDivisionError" in told


def test_the_units_program_is_the_one_that_is_measured() -> None:
    unit = (CHECKOUT / "deployments/systemd/kootenay-guard.service").read_text()
    assert "ExecStart=/opt/kootenay/.venv/bin/python -m guard\n" in unit
    assert "PYDANTIC_DISABLE_PLUGINS=1" in unit
