"""What a photo's renditions cost, ours and its peers', and how good they are; then what the rest of its way in costs.

`make bench-ingest`, BENCH_RUNS=n for more or fewer than 5 of each. docs/bench.md says how it is measured.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.objects import measure_objects, table
from bench.orchestration import measure_orchestration
from bench.photos import likeness, prepare, references
from kootenay.rules.renditions import Size, rendition_sizes
from rig.prefect_host import CHECKOUT

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
PHOTOS = 4
"""A run; more than the workers, fewer than would take all day."""
WIDTHS = (1920, 1280, 640, 320)
HERE = (sys.executable,)
APART = ("-m", "uv", "run", "--quiet", "--no-project", "--python", sys.executable, "--with")
"""An interpreter in a throw-away environment of uv's, with one library."""


@dataclass(frozen=True)
class Peer:
    """A way of bench.resizers, what runs it, and what must be there: a program, or else a library."""

    name: str
    way: str
    python: Sequence[str] = HERE
    program: str = ""
    packages: str = ""
    env: dict[str, str] = field(default_factory=dict)


PEERS = {
    "kootenay": Peer("ours, with its hash and judgement", "kootenay"),
    "pyvips": Peer("libvips, shrink-on-load 2, cascade", "pyvips", (*HERE, *APART, "pyvips[binary]", "python")),
    "pillow_simd": Peer(
        "Pillow-SIMD (AVX2), draft, cascade",
        "pillow",
        (*HERE, *APART, "pillow-simd", "python"),
        packages="libjpeg62-turbo-dev zlib1g-dev gcc",
        env={"CC": "cc -mavx2"},
    ),
    "pillow": Peer("Pillow, draft, cascade", "pillow"),
    "ffmpeg": Peer("ffmpeg, lowres 1, Lanczos a size", "ffmpeg", program="ffmpeg", packages="ffmpeg"),
    "imagemagick": Peer("ImageMagick, jpeg:size, cascade", "imagemagick", program="convert", packages="imagemagick"),
    "vipsthumbnail": Peer(
        "vipsthumbnail, a process a size", "vipsthumbnail", program="vipsthumbnail", packages="libvips-tools"
    ),
    "php_gd": Peer("PHP GD, decoded anew for each size", "php_gd", program="php", packages="php-cli php-gd"),
}


def missing(peer: Peer) -> str:
    """Return why a peer cannot be measured, or nothing. Environments of uv's are made here, before any clock runs."""
    if peer.program and shutil.which(peer.program) is None:
        return f"{peer.program} is not installed: apt-get install {peer.packages}"
    tried = subprocess.run(
        [*peer.python, "-c", "import PIL" if peer.way == "pillow" else ""],
        env=os.environ | peer.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode == 0:
        return ""
    wants = f" (it is compiled with {peer.packages})" if peer.packages else ""
    return f"its library cannot be had{wants}: {(tried.stderr.strip().splitlines() or ['?'])[-1][:80]}"


def measure(peer: Peer, photo: Path, folder: Path, workers: int, sizes: Sequence[Size]) -> dict[str, float]:
    """Return the milliseconds of CPU and of time a photo, and the peak in MiB, of one run."""
    words = [f"{size.width}x{size.height}" for size in sizes]
    arguments = [peer.way, str(photo), str(folder), str(workers), str(PHOTOS), *words]
    done = subprocess.run(
        [*peer.python, "-m", "bench.resizers", *arguments],
        env=os.environ | peer.env | {"PYTHONPATH": str(CHECKOUT)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        msg = f"{peer.name} ended with {done.returncode}: {done.stderr[-1500:]}"
        raise RuntimeError(msg)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def compare(peers: dict[str, Peer], photo: Path, original: Size, folder: Path) -> dict[str, Any]:
    """Measure each peer on one photo, in turn, so that whatever else the machine does meets them all alike."""
    sizes = rendition_sizes(original, WIDTHS)
    runs: dict[str, dict[int, list[dict[str, float]]]] = {key: {1: [], 2: []} for key in peers}
    for _ in range(RUNS):
        for key, peer in peers.items():
            into = folder / key
            into.mkdir(exist_ok=True)
            for workers in (1, 2):
                runs[key][workers].append(measure(peer, photo, into, workers, sizes))
    wanted = references(photo, [(size.width, size.height) for size in sizes])
    return {
        key: {
            "cpu": _median(run["cpu"] for run in of[1]),
            "wall": _median(run["wall"] for run in of[1]),
            "wall_two": _median(run["wall"] for run in of[2]),
            "peak": max(run["peak"] for run in of[2]),
            "ssim": [
                round(likeness(reference, folder / key / "0" / f"{size.width}.jpg"), 4)
                for reference, size in zip(wanted, sizes, strict=True)
            ],
        }
        for key, of in runs.items()
    }


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 1)


def ratios(figures: dict[str, Any]) -> dict[str, float]:
    """Return each peer's CPU to ours, what two workers gain, and how much likeness is given up for speed at most."""
    ours = figures["kootenay"]
    found = {
        f"{key}_to_ours": round(each["cpu"] / ours["cpu"], 2) for key, each in figures.items() if key != "kootenay"
    }
    lost = max(theirs - mine for theirs, mine in zip(figures["pillow"]["ssim"], ours["ssim"], strict=True))
    return found | {"two_workers": round(ours["wall"] / ours["wall_two"], 2), "ssim_below_pillow": round(lost, 4)}


def _table(megapixels: int, photo: Path, figures: dict[str, Any], skipped: dict[str, str]) -> list[str]:
    title = f"{megapixels} MP, {photo.stat().st_size / 1e6:.1f} MB"
    lines = [f"  {title:<38}{'CPU ms':>8}{'ms':>8}{'two':>8}{'peak MiB':>10}  SSIM {' / '.join(map(str, WIDTHS))}"]
    for key, peer in PEERS.items():
        if key in skipped:
            lines.append(f"  {peer.name:<38}skipped: {skipped[key]}")
            continue
        each = figures[key]
        ssim = " ".join(f"{value:.4f}" for value in each["ssim"])
        times = "".join(f"{each[kind]:>8.1f}" for kind in ("cpu", "wall", "wall_two"))
        lines.append(f"  {peer.name:<38}{times}{each['peak']:>10.1f}  {ssim}")
    return lines


def main() -> int:
    """Measure, print the table and, as the last line, the figures as JSON."""
    skipped = {key: why for key, peer in PEERS.items() if (why := missing(peer))}
    peers = {key: peer for key, peer in PEERS.items() if key not in skipped}
    lines, figures = [], dict[str, Any]()
    objects, ratios_of_objects = measure_objects()
    with tempfile.TemporaryDirectory(prefix="kootenay-bench-") as folder:
        photos, camera = prepare(Path(folder))
        for megapixels, (photo, size) in photos.items():
            figures[f"{megapixels}mp"] = compare(peers, photo, size, Path(folder))
            lines += _table(megapixels, photo, figures[f"{megapixels}mp"], skipped)
        of_flow, flow, ratios_of_flow = measure_orchestration(*(path.read_bytes() for path, _ in photos.values()))
    found = {key: ratios(each) for key, each in figures.items()}
    figures |= {"objects": objects, "flow": flow, "ratios": found | ratios_of_objects | ratios_of_flow}
    figures |= {"runs": RUNS, "cores": os.cpu_count(), "camera": camera, "skipped": skipped}
    title = f"Four renditions of a photo by {camera}, on {os.cpu_count()} cores, medians of {RUNS}"
    sys.stdout.write("\n".join([title, *lines, *table(objects), *of_flow, json.dumps(figures)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
