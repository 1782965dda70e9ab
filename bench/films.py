"""What a film costs: ours and its peers', from the same renditions in one run; and a week joined or encoded anew.

`make bench-films`, BENCH_RUNS=n for other than 3 of each, BENCH_FRAMES="150" for a shorter one. docs/bench.md says how
it is measured.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image

from bench.dusk import measure_dusk
from bench.measure import cost_of
from bench.photos import prepare
from kootenay.rules.film_plan import Profile
from rig.prefect_host import CHECKOUT

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
LENGTHS = [int(count) for count in os.environ.get("BENCH_FRAMES", "150 1500").split()]
DIFFERENT = 150
"""Renditions that are made; longer films show them again, so that the disk holds 1.2 GB at most."""
PRESETS = {"medium": DIFFERENT, "veryfast": 10**6}
"""Each with the longest film that it is measured on: `medium` takes twice as long and says the same."""
DAYS = 7
PROFILE = Profile()
FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-y"]


@dataclass(frozen=True)
class Job:
    """One film to make: of so many renditions in a folder, by a preset, into a file."""

    folder: Path
    frames: int
    preset: str
    into: Path

    @property
    def files(self) -> list[str]:
        return [str(self.folder / f"{number:05}.jpg") for number in range(self.frames)]


@dataclass(frozen=True)
class Peer:
    """A way to make a film, and the program that it needs."""

    name: str
    command: Callable[[Job], list[str]]
    program: str = ""


RIGHT = "scale=in_color_matrix=bt601:in_range=pc:out_color_matrix=bt709:out_range=tv,format=yuv420p"
RAW = ["-f", "rawvideo", "-pix_fmt", "yuv420p"]


def _ffmpeg(job: Job, source: Sequence[str]) -> list[str]:
    colours = ["-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    coded = ["-c:v", "libx264", "-preset", job.preset, "-crf", str(PROFILE.crf), "-g", str(PROFILE.keyframe_every)]
    muxed = ["-frames:v", str(job.frames), "-movflags", "+faststart", "-video_track_timescale", "90000", str(job.into)]
    return [*FFMPEG, *source, *coded, *colours, *muxed]


def _stills(job: Job, *converted: str) -> list[str]:
    return ["-framerate", str(PROFILE.fps), "-i", str(job.folder / "%05d.jpg"), *converted]


def _raw(job: Job) -> list[str]:
    loops = str(job.frames // DIFFERENT)
    return ["-stream_loop", loops, *RAW, "-s", f"{PROFILE.width}x{PROFILE.height}", "-r", str(PROFILE.fps), "-i", "raw"]


def _python(way: str) -> Callable[[Job], list[str]]:
    return lambda job: [sys.executable, "-m", "bench.film_ways", way, job.preset, str(job.into), *job.files]


def _mencoder(job: Job) -> list[str]:
    (job.folder / "list").write_text("\n".join(job.files))
    options = f"preset={job.preset}:crf={PROFILE.crf}:keyint={PROFILE.keyframe_every}"
    source = ["mf://@list", "-mf", f"fps={PROFILE.fps}:type=jpg"]
    return ["mencoder", "-really-quiet", *source, "-ovc", "x264", "-x264encopts", options, "-o", str(job.into)]


PEERS = {
    "ours": Peer("ours", _python("ours")),
    "ffmpeg": Peer("ffmpeg, colours as ours", lambda job: _ffmpeg(job, _stills(job, "-vf", RIGHT)), "ffmpeg"),
    "plain": Peer("ffmpeg, colours off", lambda job: _ffmpeg(job, _stills(job, "-pix_fmt", "yuv420p")), "ffmpeg"),
    "x264": Peer("x264 alone, on raw frames", lambda job: _ffmpeg(job, _raw(job)), "ffmpeg"),
    "naive": Peer("PyAV, naively", _python("naive")),
    "mencoder": Peer("mencoder", _mencoder, "mencoder"),
}
WEEK = {
    "joined": "joined and checked, ours",
    "concat": "ffmpeg, concat and copy",
    "anew": "encoded anew, ours",
}


def paint_renditions(folder: Path, count: int) -> str:
    """Lay out as many renditions as the longest film has: a camera's photo that moves and dims. Return whose it is."""
    photos, camera = prepare(folder)
    with Image.open(photos[24][0]) as photo:
        whole = np.asarray(photo.convert("RGB").resize((2820, 2128), Image.Resampling.LANCZOS))
    for number in range(count):
        path = folder / f"{number:05}.jpg"
        if number >= DIFFERENT:
            path.symlink_to(f"{number % DIFFERENT:05}.jpg")
            continue
        dimmed = (np.arange(256) * (0.75 + 0.25 * np.sin(number / 24))).astype(np.uint8)
        view = dimmed[whole[number : number + PROFILE.height, 2 * number : 2 * number + PROFILE.width]]
        path.write_bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(view), 85, "RGB", "420", fastdct=False))
    for photo_path, _ in photos.values():
        photo_path.unlink()
    if shutil.which("ffmpeg"):
        stills = ["-i", str(folder / "%05d.jpg"), "-vf", RIGHT, "-frames:v", str(min(count, DIFFERENT))]
        subprocess.run([*FFMPEG, *stills, *RAW, str(folder / "raw")], check=True)
    return camera


def measure(command: Sequence[str], folder: Path) -> dict[str, float]:
    """Return the seconds of CPU and of time, and the peak in MiB; of Python ways without its start and the imports."""
    cost = cost_of(command, os.environ | {"PYTHONPATH": str(CHECKOUT)}, folder)
    own = json.loads(cost.out) if cost.out.startswith("{") else {"cpu": cost.cpu, "wall": cost.wall}
    return own | {"peak": cost.peak}


def frames_in(film: Path) -> int:
    """Return how many frames Debian's ffprobe finds in a film."""
    command = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "v",
        "-count_packets",
        "-show_entries",
        "stream=nb_read_packets",
    ]
    answer = subprocess.run([*command, "-of", "csv=p=0", str(film)], capture_output=True, text=True, check=True)
    return int(answer.stdout.strip().strip(","))


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure, and the highest peak."""
    found = {kind: round(statistics.median(run[kind] for run in runs), 3) for kind in ("cpu", "wall")}
    return found | {"peak": round(max(run["peak"] for run in runs), 1)}


def compare(peers: dict[str, Peer], folder: Path, count: int, preset: str) -> dict[str, dict[str, float]]:
    """Measure each peer on one film, in turn, so that whatever else the machine does meets them all alike."""
    runs: dict[str, list[dict[str, float]]] = {key: [] for key in [*peers, "checked"]}
    films = {key: folder / f"{key}-{preset}-{count}.mp4" for key in peers}
    for _ in range(RUNS):
        for key, peer in peers.items():
            runs[key].append(measure(peer.command(Job(folder, count, preset, films[key])), folder))
        runs["checked"].append(measure(_python("checked")(Job(folder, count, preset, films["ours"])), folder))
    figures = {key: medians(each) for key, each in runs.items()}
    for key, film in films.items():
        figures[key] |= {"frames": frames_in(film), "mb": round(film.stat().st_size / 1e6, 1)}
        if key != "ours":
            film.unlink()
    return figures


def compare_weeks(folder: Path, day: Path, days: Job) -> dict[str, dict[str, float]]:
    """Measure a week of one day's film, seven times: joined, and encoded anew from its renditions."""
    (folder / "days").write_text("".join(f"file '{day}'\n" for _ in range(DAYS)))
    week = folder / "week.mp4"
    concat = [*FFMPEG, "-f", "concat", "-safe", "0", "-i", "days", "-c", "copy"]
    commands = {
        "joined": [sys.executable, "-m", "bench.film_ways", "joined", days.preset, str(week), *[str(day)] * DAYS],
        "anew": _python("ours")(days),
    }
    if shutil.which("ffmpeg"):
        commands["concat"] = [*concat, "-movflags", "+faststart", str(week)]
    runs: dict[str, list[dict[str, float]]] = {key: [] for key in commands}
    for _ in range(RUNS):
        for key, command in commands.items():
            runs[key].append(measure(command, folder) | {"frames": frames_in(week)})
    return {key: medians(each) | {"frames": each[-1]["frames"]} for key, each in runs.items()}


def _title(words: str) -> str:
    return f"  {words:<34}{'CPU ms a frame':>16}{'ms':>8}{'peak MiB':>10}{'frames':>8}{'MB':>8}"


def _line(name: str, each: dict[str, float], count: int) -> str:
    times = f"{1e3 * each['cpu'] / count:>16.1f}{1e3 * each['wall'] / count:>8.1f}{each['peak']:>10.1f}"
    return f"  {name:<34}{times}{each.get('frames', ''):>8}{each.get('mb', ''):>8}"


def ratios(figures: dict[str, Any]) -> dict[str, float]:
    """Return our CPU to each peer's by film, and a week's joining to its encoding, and our peak by a film's length."""
    found = {
        f"ours_to_{key}_{film}": round(each["ours"]["cpu"] / peer["cpu"], 3)
        for film, each in figures.items()
        if film not in ("week", "dusk")
        for key, peer in each.items()
        if key not in ("ours", "checked")
    }
    if "week" in figures:
        found["week_joined_to_anew"] = round(figures["week"]["joined"]["cpu"] / figures["week"]["anew"]["cpu"], 4)
    peaks = [each["ours"]["peak"] for film, each in figures.items() if film.startswith("veryfast")]
    return found | {"peak_longest_to_shortest": round(peaks[-1] / peaks[0], 3)}


def main() -> int:
    """Measure, print the table and, as the last line, the figures as JSON."""
    skipped = {key: each.program for key, each in PEERS.items() if each.program and not shutil.which(each.program)}
    peers = {key: peer for key, peer in PEERS.items() if key not in skipped}
    names = {key: peer.name for key, peer in peers.items()} | {"checked": "ours decoded again, to check it"}
    lines, figures = [], dict[str, Any]()
    with tempfile.TemporaryDirectory(prefix="kootenay-bench-") as name:
        folder = Path(name)
        camera = paint_renditions(folder, max(*LENGTHS, DAYS * LENGTHS[0]))
        for preset, longest in PRESETS.items():
            for count in (each for each in LENGTHS if each <= longest):
                film = figures[f"{preset}_{count}"] = compare(peers, folder, count, preset)
                lines.append(_title(f"{count} frames, {preset}"))
                lines += [_line(names[key], each, count) for key, each in film.items()]
        count = DAYS * LENGTHS[0]
        day = folder / f"ours-{PROFILE.preset}-{LENGTHS[0]}.mp4"
        figures["week"] = compare_weeks(folder, day, Job(folder, count, PROFILE.preset, folder / "week.mp4"))
        lines.append(_title(f"A week of {count} frames"))
        lines += [_line(WEEK[key], each, count) for key, each in figures["week"].items()]
    lines += [f"  {PEERS[key].name:<34}skipped: apt-get install {program}" for key, program in skipped.items()]
    figures["dusk"] = measure_dusk()
    lines.append(f"  the day's film is up {figures['dusk']['seconds']:.1f} s after its last photo's row")
    figures["ratios"] = ratios(figures) | {"film_up_seconds": figures["dusk"]["seconds"]}
    figures |= {"runs": RUNS, "cores": os.cpu_count(), "camera": camera, "skipped": skipped}
    title = f"Films of renditions of a photo by {camera}, on {os.cpu_count()} cores, medians of {RUNS}"
    sys.stdout.write("\n".join([title, *lines, json.dumps(figures)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
