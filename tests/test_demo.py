"""`make demo` as a newcomer meets it: a clean clone, a HOME elsewhere, nothing installed but Python, git and make.

It is run three times: on a terminal, from an environment made with uv, until Ctrl-C; without one, from an environment
made with pip, to its end; and cut short by Ctrl-C.
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from kootenay.adapters.files import sha256_of
from kootenay.rules.daylight import Site, light_at, sun_elevation
from kootenay.settings import Settings, load_settings
from kootenay.wiring import catalog_of, ledger_of
from rig.painter import SIZE, disc_visible, elevation_at, paint, save
from rig.processes import free_port
from tests.parts import PARTS

CHECKOUT = Path(__file__).resolve().parents[1]
DAY = datetime.fromisoformat("2026-06-21").date()
PHOTOS = 8
PATIENCE_SECONDS = 420
SERVING = "Serving until Ctrl-C"


@dataclass
class Newcomer:
    """A clone with a HOME and a temporary folder of its own, and a PATH with uv or without."""

    folder: Path
    path: str
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(parents=True)
        self.env = {
            "PATH": self.path,
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHON": f"{sys.base_prefix}/bin/python3",
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))},
        }
        subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(self.clone)], check=True)
        changes = subprocess.run(
            ["git", "diff", "HEAD", "--binary"], cwd=CHECKOUT, capture_output=True, check=True
        ).stdout
        if changes:
            subprocess.run(["git", "apply"], cwd=self.clone, input=changes, check=True)

    @property
    def clone(self) -> Path:
        return self.folder / "kootenay"

    def make(self, target: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", target],
            cwd=self.clone,
            env=self.env | env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
        )

    def installed(self) -> set[str]:
        code = "import importlib.metadata as m; print(*sorted(f'{d.name}=={d.version}' for d in m.distributions()))"
        answer = subprocess.run(
            [self.clone / ".venv/bin/python", "-c", code], capture_output=True, text=True, check=True
        )
        return set(answer.stdout.split())

    def processes(self) -> list[str]:
        """The processes that run in this clone, by their environment."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if str(self.clone).encode() in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def litter(self) -> list[str]:
        """What lies outside .demo/ that setup did not put there."""
        status = subprocess.run(
            ["git", "status", "--porcelain", "--ignored"], cwd=self.clone, capture_output=True, text=True, check=True
        ).stdout
        own = re.compile(r"!! (\.venv/|\.demo/|.*__pycache__/)$| M ")
        strays = [line for line in status.splitlines() if not own.match(line)]
        homes = [str(path) for name in ("home", "tmp") for path in (self.folder / name).iterdir()]
        return strays + [path for path in homes if not path.endswith(("/.cache", "/.local"))]


@dataclass
class Setup:
    """A newcomer after `make setup`, and the seconds it took."""

    newcomer: Newcomer
    seconds: float


def set_up(folder: Path, path: str) -> Setup:
    newcomer = Newcomer(folder, path)
    began = time.monotonic()
    done = newcomer.make("setup")
    assert done.returncode == 0, done.stderr
    return Setup(newcomer, time.monotonic() - began)


@pytest.fixture(scope="module")
def by_uv(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    tools = tmp_path_factory.mktemp("tools")
    (tools / "uv").symlink_to(Path(sys.executable).parent / "uv")
    return set_up(tmp_path_factory.mktemp("uv"), f"{tools}:/usr/bin:/bin")


@pytest.fixture(scope="module")
def by_pip(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    assert shutil.which("uv", path="/usr/bin:/bin") is None
    return set_up(tmp_path_factory.mktemp("pip"), "/usr/bin:/bin")


@dataclass
class Tour:
    """A demo on a terminal, at the moment when it serves."""

    newcomer: Newcomer
    process: subprocess.Popen[bytes]
    said: str
    seconds: float
    prefect: str
    gallery: str
    film: str

    @property
    def settings(self) -> Settings:
        return load_settings(home=self.newcomer.clone / ".demo" / "data")


def ports() -> dict[str, str]:
    return {"DEMO_PREFECT_PORT": str(free_port()), "DEMO_GALLERY_PORT": str(free_port())}


@pytest.fixture(scope="module")
def tour(by_uv: Setup) -> Iterator[Tour]:
    newcomer = by_uv.newcomer
    terminal, end = pty.openpty()
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "demo"],
        cwd=newcomer.clone,
        env=newcomer.env | ports() | {"DEMO_SLOTS": str(PHOTOS), "TERM": "xterm"},
        stdin=end,
        stdout=end,
        stderr=end,
        start_new_session=True,
    )
    os.close(end)
    try:
        said = read_until(terminal, SERVING)
        seconds = time.monotonic() - began
        found = dict(re.findall(r"^  (Prefect UI|gallery|film) +(http\S+)", said, re.MULTILINE))
        yield Tour(newcomer, process, said, seconds, found["Prefect UI"], found["gallery"], found["film"])
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(60)


def read_until(terminal: int, words: str) -> str:
    said = ""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while words not in said and time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            try:
                said += os.read(terminal, 4096).decode(errors="replace").replace("\r\n", "\n")
            except OSError:
                break
    assert words in said, said
    return said


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PARTS["chromium"][0])
        page = browser.new_page()
        page.complaints = []  # type: ignore[attr-defined]
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        yield page
        browser.close()


def test_uv_and_pip_install_the_same_set(by_uv: Setup, by_pip: Setup, figure: Callable[[str], None]) -> None:
    assert by_uv.newcomer.installed() == by_pip.newcomer.installed()
    figure(f"install: {by_uv.seconds:.0f} s with uv, {by_pip.seconds:.0f} s with pip")


def test_bytecode_is_compiled_at_install(by_pip: Setup) -> None:
    site = next((by_pip.newcomer.clone / ".venv" / "lib").glob("python3*/site-packages"))
    assert list((site / "prefect" / "__pycache__").glob("flow_engine.*.pyc"))


def test_setup_does_nothing_when_all_is_there(by_uv: Setup) -> None:
    done = by_uv.newcomer.make("setup")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class TestTheDay:
    def test_every_wanted_slot_has_its_photo_and_every_photo_had_light(self, tour: Tour) -> None:
        settings = tour.settings
        photos = catalog_of(settings).day("lake", DAY)
        assert len(photos) == len({photo.slot for photo in photos}) == PHOTOS
        assert all(light_at(settings.site.place, photo.slot).shoot for photo in photos)
        assert [photo.boost for photo in photos] == [True, *[False] * (PHOTOS - 2), True]

    def test_the_ledger_explains_every_other_slot(self, tour: Tour) -> None:
        settings = tour.settings
        start = settings.site.place.local(catalog_of(settings).day("lake", DAY)[0].slot).replace(hour=0, minute=0)
        entries = ledger_of(settings).between("lake", start, start + timedelta(days=1))
        assert [entry.state.value for entry in entries].count("confirmed") == PHOTOS
        dark = [entry for entry in entries if entry.state.value == "skipped"]
        assert len(dark) == 46
        assert all(entry.reason.startswith("night") for entry in dark)

    def test_originals_are_byte_identical_to_what_the_camera_saw(self, tour: Tour, tmp_path: Path) -> None:
        settings = tour.settings
        site = settings.site.place
        for photo in catalog_of(settings).day("lake", DAY):
            original = settings.path(settings.archive.folder) / photo.archive_path
            save(paint(site, photo.slot), tmp_path / "scene.jpg", site.local(photo.slot))
            assert sha256_of(original) == photo.sha256 == sha256_of(tmp_path / "scene.jpg")

    def test_every_size_stands_in_the_store_once(self, tour: Tour) -> None:
        settings = tour.settings
        renditions = [each for photo in catalog_of(settings).day("lake", DAY) for each in photo.renditions]
        store = settings.path("store")
        assert sorted(path.relative_to(store).as_posix() for path in store.rglob("*.jpg")) == sorted(
            each.key for each in renditions
        )
        for each in renditions:
            with Image.open(store / each.key) as image:
                assert image.size == (each.width, each.height)

    def test_the_sun_in_the_frames_agrees_with_the_light_rule(self, tour: Tour) -> None:
        settings = tour.settings
        site = settings.site.place
        seen = 0
        for photo in catalog_of(settings).day("lake", DAY):
            if disc_visible(site, photo.slot):
                found = elevation_at(disc_row(settings.path(settings.archive.folder) / photo.archive_path), SIZE)
                assert found == pytest.approx(almanac_elevation(site, photo.slot), abs=0.7)
                assert photo.elevation == pytest.approx(sun_elevation(site, photo.slot), abs=0.01)
                seen += 1
        assert seen >= PHOTOS - 3

    @pytest.mark.real("ffprobe")
    def test_the_film_has_a_frame_for_every_photo_by_another_decoder(self, tour: Tour, tmp_path: Path) -> None:
        with urllib.request.urlopen(tour.film) as answer:
            (tmp_path / "film.mp4").write_bytes(answer.read())
        probe = [PARTS["ffprobe"][0], "-v", "error", "-count_frames", "-of", "json"]
        facts = subprocess.run(
            [*probe, "-show_entries", "stream=nb_read_frames,pix_fmt", tmp_path / "film.mp4"],
            capture_output=True,
            check=True,
        )
        (stream,) = json.loads(facts.stdout)["streams"]
        assert stream == {"pix_fmt": "yuv420p", "nb_read_frames": str(PHOTOS)}

    def test_the_terminal_shows_the_table(self, tour: Tour, figure: Callable[[str], None]) -> None:
        assert re.search(r"slots of the day +144, 98 with light", tour.said)
        assert re.search(rf"taken +{PHOTOS}, of which {PHOTOS} confirmed", tour.said)
        assert re.search(r"skipped +46: night", tour.said)
        assert re.search(r"missed +0\n", tour.said)
        assert re.search(rf"film +{PHOTOS} frames", tour.said)
        assert "Traceback" not in tour.said
        assert "Warning" not in tour.said
        slot_to_page = re.search(r"slot to page +([\d.]+) s", tour.said)
        assert slot_to_page
        figure(f"demo of {PHOTOS} slots: {tour.seconds:.0f} s; from slot to visible page: {slot_to_page[1]} s")

    def test_the_logs_hold_no_traceback_and_no_librarys_warning(self, tour: Tour) -> None:
        """On SQLite Prefect's server does write that its database was locked, and is asked again: docs/prefect.md.

        An event that met that five times in a row is given up, which a schedule makes good.
        """
        logs = {path.name: path.read_text() for path in (tour.newcomer.clone / ".demo" / "logs").iterdir()}
        assert {"prefect-server.log", "worker-camera-host.log", "worker-cloud.log", "gallery.log"} <= set(logs)
        bad = [
            f"{name}: {entry}"
            for name, text in logs.items()
            for entry in re.split(r"^(?=\d\d:\d\d:\d\d\.\d{3} \|)", text, flags=re.MULTILINE)
            if re.search(r"Traceback|Warning|\| WARNING|\| ERROR", entry)
            and not (name == "prefect-server.log" and re.search("database is locked|moved to the dead letter", entry))
        ]
        assert bad == []


class TestInPrefect:
    def test_all_runs_are_completed_on_the_right_pools(self, tour: Tour) -> None:
        runs = api(tour, "flow_runs/filter", {"limit": 200})
        pools = {"capture": "camera-host", "capture-session": "camera-host", "upload": "camera-host"}
        flows = {flow["id"]: flow["name"] for flow in api(tour, "flows/filter", {})}
        assert {flows[run["flow_id"]] for run in runs} == {*pools, "ingest", "timelapse"}
        for run in runs:
            assert run["state_type"] == "COMPLETED", run
            assert run["work_pool_name"] == pools.get(flows[run["flow_id"]], "cloud")

    def test_single_slots_and_a_session_share_the_day(self, tour: Tour) -> None:
        flows = {flow["id"]: flow["name"] for flow in api(tour, "flows/filter", {})}
        names = [flows[run["flow_id"]] for run in api(tour, "flow_runs/filter", {"limit": 200})]
        assert names.count("capture") == 3
        assert names.count("capture-session") == 1

    def test_upload_ingest_and_films_were_started_by_events(self, tour: Tour) -> None:
        flows = {flow["id"]: flow["name"] for flow in api(tour, "flows/filter", {})}
        by_events = {
            flows[run["flow_id"]]
            for run in api(tour, "flow_runs/filter", {"limit": 200})
            if run["created_by"] and run["created_by"]["type"] == "AUTOMATION"
        }
        assert by_events == {"upload", "ingest", "timelapse"}

    def test_a_run_shows_its_table_and_the_newest_photo(self, tour: Tour) -> None:
        artifacts = api(tour, "artifacts/filter", {"limit": 200})
        assert {"ingest", "latest-lake", "slots-lake", "film-lake-day"} <= {each["key"] for each in artifacts}

    @pytest.mark.real("chromium")
    def test_a_run_can_be_opened_in_the_ui(self, tour: Tour, page: Page) -> None:
        page.goto(f"{tour.prefect}/v2/runs")
        page.get_by_text("incoming to gallery").first.wait_for(timeout=30_000)
        page.get_by_text("incoming to gallery").first.click()
        page.get_by_text("Finished in state").first.wait_for(timeout=30_000)


@pytest.mark.real("chromium")
class TestInTheGallery:
    def test_the_latest_page_shows_the_last_photo(self, tour: Tour, page: Page) -> None:
        page.goto(tour.gallery)
        last = catalog_of(tour.settings).latest("lake")
        assert last is not None
        image = page.locator("main img").first
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert image.evaluate("image => new URL(image.currentSrc).pathname") in {
            f"/media/{each.key}" for each in last.renditions
        }
        assert "21:00" in page.inner_text("main")
        assert page.complaints == []  # type: ignore[attr-defined]

    def test_the_day_page_has_every_photo_and_plays_the_film_to_its_end(self, tour: Tour, page: Page) -> None:
        page.goto(f"{tour.gallery}/lake/{DAY}")
        photos = catalog_of(tour.settings).day("lake", DAY)
        sources = page.locator("main img").evaluate_all("images => images.map(image => image.getAttribute('src'))")
        for photo in photos:
            assert any(each.key in source for each in photo.renditions for source in sources)
        played = page.locator("video").evaluate(
            """async video => {
                video.muted = true;
                const over = new Promise((resolve, reject) => {
                    video.onended = resolve;
                    video.onerror = () => reject(video.error.message);
                });
                await video.play();
                await over;
                return [video.currentTime, video.videoWidth, video.videoHeight];
            }"""
        )
        assert played == [pytest.approx(PHOTOS / 12, abs=0.1), 1920, 1080]
        assert page.complaints == []  # type: ignore[attr-defined]


class TestItsEnd:
    def test_ctrl_c_leaves_no_process_and_nothing_outside_its_folder(self, tour: Tour) -> None:
        assert tour.newcomer.processes()
        os.killpg(tour.process.pid, signal.SIGINT)
        assert tour.process.wait(60) in (0, -signal.SIGINT)  # make itself dies of it, after its child
        assert tour.newcomer.processes() == []
        assert tour.newcomer.litter() == []

    def test_ctrl_c_in_the_middle_leaves_none_either(self, by_pip: Setup) -> None:
        newcomer = by_pip.newcomer
        process = subprocess.Popen(
            ["make", "demo"],
            cwd=newcomer.clone,
            env=newcomer.env | ports(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if "photos taken" in line:
                break
        time.sleep(12)  # well into the first flow run
        os.killpg(process.pid, signal.SIGINT)
        with process.stdout:
            rest = process.stdout.read()
        assert process.wait(60) != 0
        assert "The demo was stopped; nothing runs any more." in rest
        assert "Traceback" not in rest
        assert newcomer.processes() == []
        assert newcomer.litter() == []

    def test_without_a_terminal_it_ends_by_itself_with_0_and_replaces_the_day_before(self, by_pip: Setup) -> None:
        done = by_pip.newcomer.make("demo", DEMO_SLOTS="2", **ports())
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Clearing the day before out of .demo/" in done.stdout
        assert re.search(r"film +2 frames", done.stdout)
        assert done.stderr == ""
        assert by_pip.newcomer.processes() == []
        assert by_pip.newcomer.litter() == []


class TestItRefusesInOneLine:
    def refusal(self, newcomer: Newcomer, **env: str) -> str:
        done = newcomer.make("demo", **ports() | env)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        (line,) = [line for line in done.stderr.splitlines() if line and not line.startswith("make: ")]
        return line

    def test_a_port_that_is_taken(self, by_uv: Setup) -> None:
        import socket

        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            line = self.refusal(by_uv.newcomer, DEMO_GALLERY_PORT=port)
        assert f"port {port} is taken" in line
        assert "DEMO_GALLERY_PORT=N" in line

    def test_a_number_of_slots_that_is_none(self, by_uv: Setup) -> None:
        assert "DEMO_SLOTS=many" in self.refusal(by_uv.newcomer, DEMO_SLOTS="many")

    def test_a_folder_that_is_not_the_demos(self, by_pip: Setup) -> None:
        folder = by_pip.newcomer.clone / ".demo"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "thesis.txt").write_text("years of work")
        assert "is not the demo's; it was left alone" in self.refusal(by_pip.newcomer)
        assert (folder / "thesis.txt").read_text() == "years of work"
        shutil.rmtree(folder)

    def test_no_python_that_would_do(self, by_uv: Setup, tmp_path: Path) -> None:
        newcomer = by_uv.newcomer
        done = subprocess.run(
            ["deployments/environment.sh"],
            cwd=newcomer.clone,
            env=newcomer.env | {"PYTHON": "/bin/false"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("setup: no Python 3.11, 3.12 or 3.13 is installed at /bin/false")


def api(tour: Tour, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"{tour.prefect}/api/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        found: list[dict[str, Any]] = json.load(answer)
        return found


def disc_row(photo: Path) -> float:
    """The row of the sun's centre: the middle of what is white in all three channels."""
    with Image.open(photo) as image:
        white = np.asarray(image.convert("RGB")).min(axis=2) >= 250
    return float(np.nonzero(white)[0].mean())


def almanac_elevation(site: Site, at: datetime) -> float:
    """The sun's elevation by the Astronomical Almanac's low-precision formulae: nobody's code but this test's."""
    days = (at - datetime.fromisoformat("2000-01-01T12:00:00+00:00")) / timedelta(days=1)
    mean = np.radians((280.460 + 0.9856474 * days) % 360)
    anomaly = np.radians((357.528 + 0.9856003 * days) % 360)
    longitude = mean + np.radians(1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.radians(23.439 - 0.0000004 * days)
    ascension = np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(tilt) * np.sin(longitude))
    sidereal = np.radians((280.46062 + 360.98564737 * days + site.longitude) % 360)
    latitude = np.radians(site.latitude)
    sine = np.sin(latitude) * np.sin(declination)
    sine += np.cos(latitude) * np.cos(declination) * np.cos(sidereal - ascension)
    return float(np.degrees(np.arcsin(sine)))
