"""What the deployed flow costs beside the same work in a plain loop, and how its memory grows.

A Prefect server, a worker and the deployment `ingest/incoming` of prefect.yaml, on folders and SQLite.
"""

import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from bench.measure import Cost, cost_of
from bench.photos import prepare
from bench.runs import Watched, flow_run, watch_deployment
from bench.turns import Turns
from kootenay.rules.sidecar import Sidecar
from rig.prefect_host import CHECKOUT, environment, start_server, start_worker, wait_for_server
from rig.processes import Keeper, free_port

PHOTOS = int(os.environ.get("BENCH_PHOTOS", "1000"))
FEWER = (10, 100)
LARGE_PHOTOS = 40
ROW_SECONDS = 0.01
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
WARM_UPS = 1
DEPLOYMENT = "ingest/incoming"
SETTINGS = """
    [site]
    latitude = 49.8672
    longitude = -118.00737
    timezone = "America/Vancouver"
    [cameras.{camera}]
    """
SLOT = datetime(2026, 1, 1, tzinfo=UTC)


class House:
    """A server and a worker, and photos that are all different and arrive when they are wanted.

    On the photos of the camera `bench` no other deployment's flow follows, on those of `lake` films do.
    """

    def __init__(self, folder: Path, camera: str = "bench") -> None:
        config = folder / "bench.toml"
        config.write_text(SETTINGS.format(camera=camera))
        self.camera = camera
        self.env = environment(folder / "house", free_port(), {"KOOTENAY_CONFIG": str(config)})
        self.loop_env = self.env | {"KOOTENAY_HOME": str(folder / "loop")}
        self.home, self.loop_home = Path(self.env["KOOTENAY_HOME"]), folder / "loop"
        self.numbers = count()

    def start(self, keeper: Keeper) -> None:
        start_server(keeper, self.env)
        wait_for_server(keeper, self.env)
        setup = [sys.executable, "-m", "deployments.setup", "--schedules-off"]
        subprocess.run(setup, cwd=CHECKOUT, env=self.env, check=True, capture_output=True)
        start_worker(keeper, self.env, "cloud")

    def arrive(self, home: Path, photo: bytes, photos: int) -> None:
        """Let photos arrive as a camera host sends them."""
        incoming = home / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        for number in (next(self.numbers) for _ in range(photos)):
            content = (
                photo[:2] + b"\xff\xfe\x00\x0a" + b"%08d" % number + photo[2:]
            )  # a comment, ISO/IEC 10918-1 B.2.4.5
            slot = SLOT + number * timedelta(minutes=5)
            sidecar = Sidecar(
                self.camera, slot, slot, sha256(content).hexdigest(), len(content), boost=False, elevation=60.5
            )
            (incoming / f"{sidecar.stem}.jpg").write_bytes(content)
            (incoming / f"{sidecar.stem}.json").write_text(sidecar.to_json())
        os.sync()  # what is yet to be written would wait for the first photo's own sync

    def deployed(self, photo: bytes, photos: int, beside: Callable[[int], None] = lambda pid: None) -> Watched:
        """Let photos wait, and run the deployment. Raises RuntimeError unless it takes them all in."""
        self.arrive(self.home, photo, photos)
        run = watch_deployment(self.env, DEPLOYMENT, beside)
        _forget(self.home)
        if not run.message.startswith(f"{photos} new photos, 0 in quarantine, 0 known"):
            msg = f"of {photos} photos the run says: {run.message}"
            raise RuntimeError(msg)
        return run


def _forget(home: Path) -> None:
    """Give the disk back what photos take; the catalog stays."""
    for place in ("incoming", "store", "archive"):
        shutil.rmtree(home / place, ignore_errors=True)


def _many(house: House, photo: bytes) -> dict[str, Any]:
    """As many photos by the deployed flow as by a plain loop, which take turns of two seconds."""
    house.arrive(house.loop_home, photo, PHOTOS)
    turns = Turns([sys.executable, "-m", "bench.loop"], house.loop_env, CHECKOUT)
    try:
        run = house.deployed(photo, PHOTOS, turns.take)
    finally:
        said = turns.end()
    _forget(house.loop_home)
    loop = json.loads(said)
    if loop["photos"] != PHOTOS or turns.rival is None:
        msg = f"of {PHOTOS} photos the loop took in {loop['photos']}"
        raise RuntimeError(msg)
    walls = {
        "loop": turns.running(turns.rival.pid, loop["start"], loop["end"]),
        "flow": turns.running(run.pid, run.started, run.ended),
    }
    cpus = {"loop": loop["cpu"], "flow": run.cpu}
    costs = {key: {"wall": walls[key] / PHOTOS * 1000, "cpu": cpus[key] / PHOTOS * 1000} for key in walls}
    return {**costs, "peak": run.peak}


def _one(house: House, photo: bytes) -> dict[str, float]:
    """Seconds until one new photo is a row: from its run's start, and from when the run was asked for."""
    since_start, since_asked = [], []
    with ThreadPoolExecutor(1) as pool:
        for _ in range(WARM_UPS + RUNS):
            row = pool.submit(_next_row, house.home / "catalog.db")
            run = house.deployed(photo, 1)
            since_start.append(row.result() - run.started)
            since_asked.append(row.result() - run.asked)
    return {"since_start": _median(since_start[WARM_UPS:]), "since_asked": _median(since_asked[WARM_UPS:])}


def _next_row(catalog: Path) -> float:
    """Return the instant at which a catalog has a photo more than now. Raises RuntimeError after a minute without."""
    with closing(sqlite3.connect(f"{catalog.as_uri()}?mode=ro", uri=True)) as database:
        rows, deadline = _rows(database), time.monotonic() + 60
        while time.monotonic() < deadline:
            if _rows(database) > rows:
                return time.time()
            time.sleep(ROW_SECONDS)
    msg = f"{catalog} got no new row within a minute"
    raise RuntimeError(msg)


def _rows(database: sqlite3.Connection) -> int:
    return int(database.execute("select count(*) from photos").fetchone()[0])


def _nothing(house: House) -> dict[str, dict[str, float]]:
    """A run that finds nothing, and an empty flow's, in turn, each as a worker starts it."""
    entrypoints = {"empty": "bench/empty.py:empty", "nothing": "flows/ingest.py:ingest"}
    costs: dict[str, list[Cost]] = {name: [] for name in entrypoints}
    for _ in range(WARM_UPS + RUNS):
        for name, entrypoint in entrypoints.items():
            costs[name].append(cost_of(*flow_run(house.env, entrypoint, {}), CHECKOUT))
    return {
        name: {key: _median(getattr(cost, key) for cost in each[WARM_UPS:]) for key in ("wall", "cpu", "peak")}
        for name, each in costs.items()
    }


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def measure_orchestration(photo: bytes, large: bytes) -> tuple[list[str], dict[str, Any], dict[str, float]]:
    """Given a photo of 12 MP and one of 24, return a table, its figures, and what the goals speak of."""
    with tempfile.TemporaryDirectory(prefix="kootenay-bench-") as folder:
        house, keeper = House(Path(folder)), Keeper(Path(folder) / "logs")
        try:
            house.start(keeper)
            peaks = {str(photos): house.deployed(photo, photos).peak for photos in FEWER}
            figures: dict[str, Any] = {"one": _one(house, photo), **_nothing(house), **_many(house, photo)}
            peaks[str(PHOTOS)] = figures["peak"]
            figures["peaks"] = peaks | {f"{LARGE_PHOTOS} of 24 MP": house.deployed(large, LARGE_PHOTOS).peak}
        finally:
            keeper.stop_all()
    figures |= {"photos": PHOTOS, "load": os.getloadavg()[0]}
    return _table(figures), figures, _ratios(figures)


def _ratios(figures: dict[str, Any]) -> dict[str, float]:
    peaks, nothing, empty = figures["peaks"], figures["nothing"], figures["empty"]
    few, *_, many, large = peaks.values()
    return {
        "flow_to_loop": round(figures["flow"]["wall"] / figures["loop"]["wall"], 3),
        "flow_to_loop_cpu": round(figures["flow"]["cpu"] / figures["loop"]["cpu"], 3),
        "row_seconds": figures["one"]["since_start"],
        "nothing_on_top_of_prefect": round(nothing["wall"] - empty["wall"], 3),
        "nothing_on_top_of_prefect_cpu": round(nothing["cpu"] - empty["cpu"], 3),
        "peak_many_to_few": round(many / few, 3),
        "peak_of_24_mp": round(large, 1),
    }


def _table(figures: dict[str, Any]) -> list[str]:
    head = f"  {str(PHOTOS) + ' photos waiting, a photo':<38}{'CPU ms':>8}{'ms':>8}"
    names = {"loop": "a plain loop, two threads", "flow": "the deployed flow"}
    lines = [head]
    for key, name in names.items():
        each = figures[key]
        lines.append(f"  {name:<38}{each['cpu']:>8.1f}{each['wall']:>8.1f}")
    lines.append(f"  {'a run, its process':<38}{'CPU s':>8}{'s':>8}{'peak MiB':>10}")
    for key, name in {"empty": "Prefect, an empty flow run", "nothing": "ingest with nothing to do"}.items():
        each = figures[key]
        lines.append(f"  {name:<38}{each['cpu']:>8.2f}{each['wall']:>8.2f}{each['peak']:>10.1f}")
    one = figures["one"]
    return [
        *lines,
        f"  one new photo is a row {one['since_start']:.2f} s after its run's start, {one['since_asked']:.2f} s after "
        "the run was asked for",
        "  peak MiB: " + ", ".join(f"{photos}: {peak:.0f}" for photos, peak in figures["peaks"].items()),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="kootenay-bench-") as its_own:
        photos, _ = prepare(Path(its_own))
        small, large = (path.read_bytes() for path, _ in photos.values())
    lines, figures, ratios = measure_orchestration(small, large)
    sys.stdout.write("\n".join([*lines, json.dumps(figures | {"ratios": ratios})]) + "\n")
