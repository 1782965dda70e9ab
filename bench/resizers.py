"""The ways to make a photo's renditions that are compared: a process that makes them again and again, told by argv.

    python -m bench.resizers WAY PHOTO FOLDER WORKERS PHOTOS SIZE...

Prints {"cpu", "wall", "peak"} as JSON: milliseconds a photo after a first one that is not counted, and the peak in MiB
of this process, or of the largest that it started. Runs on interpreters that have only a peer's library, so whatever a
way needs is imported in it.
"""

import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rig.processes import peak_memory

QUALITY = 85
Sizes = Sequence[tuple[int, int]]
"""Width and height of each rendition, the largest first."""
Way = Callable[[Path, Path, Sizes], None]
"""Given a photo, a folder and sizes, leave WIDTH.jpg of each there."""

GD = """
[$_, $photo, $folder, $quality] = $argv;
foreach (array_slice($argv, 4) as $size) {
    [$width, $height] = explode('x', $size);
    $original = imagecreatefromjpeg($photo);
    $small = imagecreatetruecolor($width, $height);
    imagecopyresampled($small, $original, 0, 0, 0, 0, $width, $height, imagesx($original), imagesy($original));
    imagejpeg($small, "$folder/$width.jpg", $quality);
    imagedestroy($original);
    imagedestroy($small);
}
"""
"""The old script's way: the original is decoded anew for each size."""


def kootenay(photo: Path, folder: Path, sizes: Sizes) -> None:
    """All that ingest does with a photo's bytes: its hash, its judgement, its EXIF, its renditions and their hashes."""
    from kootenay.adapters.renditions import Wish, make_renditions

    content = photo.read_bytes()
    hashlib.sha256(content).hexdigest()
    wish = Wish(tuple(width for width, _ in sizes), QUALITY, 1e8)
    for file in make_renditions(content, photo.name, wish).files:
        (folder / f"{file.size.width}.jpg").write_bytes(file.content)


def pillow(photo: Path, folder: Path, sizes: Sizes) -> None:
    """Draft, then each size from the next larger one. Pillow-SIMD is the same, from an interpreter that has it."""
    from PIL import Image

    with Image.open(photo) as image:
        image.draft("RGB", sizes[0])
        small = image.convert("RGB")
        for size in sizes:
            small = small.resize(size, Image.Resampling.LANCZOS)
            small.save(folder / f"{size[0]}.jpg", quality=QUALITY)


def pyvips(photo: Path, folder: Path, sizes: Sizes) -> None:
    """Shrink-on-load by 2, then each size from the next larger one, one thread a photo."""
    import pyvips  # type: ignore[import-not-found]  # only in its throw-away environment

    pyvips.concurrency_set(1)
    image = pyvips.Image.new_from_file(str(photo), access="sequential", shrink=2, fail_on="warning")
    for width, height in sizes:
        image = image.resize(width / image.width, vscale=height / image.height).copy_memory()
        image.jpegsave(str(folder / f"{width}.jpg"), Q=QUALITY, keep="none")


def php_gd(photo: Path, folder: Path, sizes: Sizes) -> None:
    words = [f"{width}x{height}" for width, height in sizes]
    _run("php", "-d", "memory_limit=-1", "-r", GD, str(photo), str(folder), str(QUALITY), *words)


def vipsthumbnail(photo: Path, folder: Path, sizes: Sizes) -> None:
    for width, height in sizes:
        target = f"{folder / str(width)}.jpg[Q={QUALITY},strip]"
        _run("vipsthumbnail", "--vips-concurrency=1", str(photo), "-s", f"{width}x{height}!", "-o", target)


def imagemagick(photo: Path, folder: Path, sizes: Sizes) -> None:
    words = [f"-resize {width}x{height}! -write {folder}/{width}.jpg" for width, height in sizes]
    hint = f"jpeg:size={sizes[0][0]}x{sizes[0][1]}"
    how = ["-limit", "thread", "1", "-define", hint, str(photo), "-filter", "Lanczos", "-quality", str(QUALITY)]
    _run("convert", *how, *" ".join(words).split(), "null:")


def ffmpeg(photo: Path, folder: Path, sizes: Sizes) -> None:
    outputs = [
        word
        for width, height in sizes
        for word in ("-vf", f"scale={width}:{height}:flags=lanczos", "-q:v", "3", f"{folder}/{width}.jpg")
    ]
    _run("ffmpeg", "-v", "error", "-y", "-threads", "1", "-lowres", "1", "-i", str(photo), *outputs)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


WAYS: dict[str, Way] = {
    each.__name__: each for each in (kootenay, pyvips, pillow, ffmpeg, imagemagick, vipsthumbnail, php_gd)
}


def _cpu() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main(way: str, photo: str, folder: str, workers: str, photos: str, *sizes: str) -> int:
    """Make the renditions of one photo again and again, each worker in a folder of its own."""
    wanted = [(int(width), int(height)) for width, _, height in (size.partition("x") for size in sizes)]

    def work(number: int) -> None:
        into = Path(folder) / str(number % int(workers))
        into.mkdir(exist_ok=True)
        WAYS[way](Path(photo), into, wanted)

    with ThreadPoolExecutor(int(workers)) as threads:
        list(threads.map(work, range(int(workers))))
        cpu, start = _cpu(), time.monotonic()
        list(threads.map(work, range(int(photos))))
        seconds = {"cpu": _cpu() - cpu, "wall": time.monotonic() - start}
    figures = {key: 1000 * value / int(photos) for key, value in seconds.items()}
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss or peak_memory()
    sys.stdout.write(json.dumps(figures | {"peak": peak / 1024}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
