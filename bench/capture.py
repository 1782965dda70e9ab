"""What a photo costs: a slot by the guard, by a Prefect run and by its peers; the idle guard; how late runs start.

`make bench-capture`, BENCH_RUNS=n for more or fewer than 7 of each. docs/bench.md says how it is measured.
"""

import importlib.util
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.measure import Cost, cost_of
from bench.runs import flow_run
from bench.scene import prepare, renew
from bench.waiting import idle_guard, late_starts
from kootenay.adapters import clock
from kootenay.rules.daylight import Site, sun_elevation
from rig.prefect_host import CHECKOUT, environment, start_server, wait_for_server
from rig.processes import Keeper, free_port

PYTHON = sys.executable
RUNS = int(os.environ.get("BENCH_RUNS", "7"))
WARM_UPS = 1
CAMERA = """
    [site]
    latitude = {latitude}
    longitude = 0.0
    timezone = "UTC"
    [cameras.{name}]
    driver = "gphoto2"
    every_minutes = 60
    grace_seconds = 3590
    threshold = -18
    [spool]
    floor_megabytes = 0
    """
"""At the pole that has day, with slots so long that each can be taken whenever its turn comes."""


class Bench:
    """A camera host below one folder, and a fresh camera of its own for each slot that is measured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scene = folder / "scene" / "scene.jpg"
        prepare(self.scene)
        self.env = environment(folder / "house", free_port(), {"VCAMERADIR": str(self.scene.parent)})
        self.cameras = 0

    def camera(self) -> tuple[str, Path]:
        """Return the name and the settings file of a camera that has taken nothing yet."""
        self.cameras += 1
        name = f"lake{self.cameras}"
        config = self.folder / f"{name}.toml"
        config.write_text(CAMERA.format(latitude=pole(lit=True), name=name))
        return name, config

    def photo(self, command: list[str], env: dict[str, str], into: Path) -> Cost:
        """Return what a command costs that must bring the photo of now into a folder."""
        renew(self.scene)
        cost = cost_of(command, self.env | env, CHECKOUT)
        photo = self.scene.read_bytes()
        if not any(path.read_bytes() == photo for path in into.rglob("*.jpg")):
            msg = f"{' '.join(command)} left no photo in {into}: {cost.out}"
            raise RuntimeError(msg)
        return cost

    @property
    def home(self) -> Path:
        return Path(self.env["KOOTENAY_HOME"])


def pole(*, lit: bool) -> float:
    """Return the latitude beside the pole where the sun is up now, or down."""
    return (max if lit else min)(
        (89.0, -89.0), key=lambda latitude: sun_elevation(Site(latitude, 0, "UTC"), clock.now())
    )


def guard_looks(bench: Bench) -> list[dict[str, float]]:
    """The looks of one guard's process, its own CPU and its camera child's."""
    configs = [str(bench.camera()[1]) for _ in range(WARM_UPS + RUNS)]
    done = cost_of([PYTHON, "-m", "bench.looks", str(bench.scene), *configs], bench.env, CHECKOUT)
    return [json.loads(line) | {"peak": done.peak} for line in done.out.splitlines()][WARM_UPS:]


def guard_process(bench: Bench) -> tuple[Cost, float]:
    """A process that looks once: what it costs, and how much of that is the camera child's CPU."""
    _, config = bench.camera()
    cost = bench.photo([PYTHON, "-m", "bench.looks", str(bench.scene), str(config)], {}, bench.home)
    return cost, json.loads(cost.out)["child"]


def empty_run(bench: Bench) -> Cost:
    """A run of a flow that does nothing."""
    return cost_of(*flow_run(bench.env, "bench/empty.py:empty", {}), CHECKOUT)


def capture_run(bench: Bench) -> Cost:
    """A run of the capture flow that takes a photo."""
    name, config = bench.camera()
    command, env = flow_run(bench.env, "flows/capture.py:capture", {"camera": name})
    return bench.photo(command, env | {"KOOTENAY_CONFIG": str(config)}, bench.home)


def command_line(bench: Bench) -> Cost:
    """Debian's gphoto2, on the virtual USB of the wheel."""
    into = _empty_folder(bench)
    wheel = importlib.util.find_spec("gphoto2")
    assert wheel
    assert wheel.origin
    env = {"IOLIBS": str(Path(wheel.origin).parent / "libgphoto2" / "vusb")}
    words = ["--capture-image-and-download", "--force-overwrite", "--filename", str(into / "photo.jpg")]
    return bench.photo(["gphoto2", *words], env, into)


def plain_script(bench: Bench) -> Cost:
    """The usual cron script."""
    into = _empty_folder(bench)
    return bench.photo([PYTHON, "-m", "bench.plain", str(into / "photo.jpg")], {}, into)


def _empty_folder(bench: Bench) -> Path:
    return Path(tempfile.mkdtemp(dir=bench.folder))


def slots(bench: Bench) -> tuple[list[str], dict[str, Any]]:
    """Measure a slot each way, in turn, so that whatever else the machine does meets them all alike."""
    ways: dict[str, Callable[[Bench], Cost]] = {
        "prefect_empty": empty_run,
        "prefect_capture": capture_run,
        "python_gphoto2": plain_script,
    }
    if shutil.which("gphoto2"):
        ways["gphoto2_cli"] = command_line
    costs: dict[str, list[Cost]] = {way: [] for way in ["guard_process", *ways]}
    children = []
    for number in range(WARM_UPS + RUNS):
        cost, child = guard_process(bench)
        measured = {"guard_process": cost} | {way: measure(bench) for way, measure in ways.items()}
        if number >= WARM_UPS:
            children.append(child)
            for way, cost in measured.items():
                costs[way].append(cost)
    looks = guard_looks(bench)
    figures: dict[str, Any] = {
        "guard_look": {key: _median(look[key] for look in looks) for key in ("own", "child", "peak")},
        **{
            way: {key: _median(getattr(cost, key) for cost in each) for key in ("cpu", "wall", "peak")}
            for way, each in costs.items()
        },
    }
    figures["guard_process"]["child"] = _median(children)
    return _slot_table(figures), figures


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 4)


NAMES = {
    "guard_process": "guard, a process of its own",
    "prefect_empty": "Prefect, an empty flow run",
    "prefect_capture": "Prefect, a capture run",
    "gphoto2_cli": "gphoto2, Debian's command",
    "python_gphoto2": "python-gphoto2, a cron script",
}


def _slot_table(figures: dict[str, Any]) -> list[str]:
    look = figures["guard_look"]
    lines = [f"  {'a slot, median of ' + str(RUNS):<34}{'CPU s':>8}{'s':>8}{'peak MiB':>10}"]
    lines.append(f"  {'guard, in its process':<34}{look['own']:>8.3f}{'':>8}{look['peak']:>10.1f}")
    lines.append(f"  {'  and its camera child':<34}{look['child']:>8.3f}")
    for way, name in NAMES.items():
        if way not in figures:
            lines.append(f"  {name:<34}skipped: gphoto2 is not installed")
            continue
        each = figures[way]
        lines.append(f"  {name:<34}{each['cpu']:>8.3f}{each['wall']:>8.2f}{each['peak']:>10.1f}")
        if "child" in each:
            lines.append(f"  {'  of which its camera child':<34}{each['child']:>8.3f}")
    return lines


def ratios(figures: dict[str, Any]) -> dict[str, float]:
    """Return what the goals speak of, and how a photo of ours compares with a cron script's."""
    ours, plain = figures["guard_process"]["cpu"], figures["python_gphoto2"]["cpu"]
    return {
        "capture_on_top_of_prefect_cpu": round(figures["prefect_capture"]["cpu"] - figures["prefect_empty"]["cpu"], 3),
        "guard_process_besides_camera_cpu": round(ours - figures["guard_process"]["child"], 3),
        "guard_process_to_python_gphoto2": round(ours / plain, 2),
        "prefect_capture_to_python_gphoto2": round(figures["prefect_capture"]["cpu"] / plain, 2),
        "prefect_capture_to_empty": round(figures["prefect_capture"]["cpu"] / figures["prefect_empty"]["cpu"], 2),
    }


def main() -> int:
    """Measure, print the table and, as the last line, the figures as JSON."""
    with tempfile.TemporaryDirectory(prefix="kootenay-bench-") as folder, ThreadPoolExecutor(1) as pool:
        bench = Bench(Path(folder))
        keeper = Keeper(Path(folder) / "logs")
        try:
            start_server(keeper, bench.env)
            wait_for_server(keeper, bench.env)
            lines, figures = slots(bench)
            guard = pool.submit(idle_guard, keeper, Path(folder), pole(lit=False))
            figures["late_starts"] = late_starts(keeper, bench.env, Path(folder), pole(lit=False))
            figures["idle_guard"] = guard.result()
        finally:
            keeper.stop_all()
    figures["ratios"] = ratios(figures)
    figures |= {"runs": RUNS, "cores": os.cpu_count()}
    late, idle = figures["late_starts"], figures["idle_guard"]
    lines += [
        f"  capture on top of an empty run: {figures['ratios']['capture_on_top_of_prefect_cpu']:.3f} s of CPU",
        f"  the idle guard: {idle['cpu_per_slot']:.3f} s of CPU a slot, {idle['resident']:.1f} MB resident",
        f"  {late['runs']} runs began late by {late['min']:.2f} to {late['max']:.2f} s, median {late['median']:.2f} s",
    ]
    sys.stdout.write("\n".join([f"A photo's cost, on {os.cpu_count()} cores", *lines, json.dumps(figures)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
