"""Films by Python, ours and the usual way, in a process of their own: `python -m bench.film_ways WAY INTO FPS ...`.

Prints the seconds of CPU and of time that the work took, without Python's start and the imports.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import av
from PIL import Image

from kootenay.adapters.film import check, check_joined, encode, join
from kootenay.rules.film_plan import Frame, Profile


def ours(into: Path, profile: Profile, files: Sequence[Path]) -> None:
    """What the flow does with a day's renditions."""
    frames = [Frame(datetime.now(UTC), file.name) for file in files]
    encode((file.read_bytes() for file in files), frames, profile, into)


def naive(into: Path, profile: Profile, files: Sequence[Path]) -> None:
    """As PyAV's cookbook has it."""
    with av.open(str(into), "w") as container:
        options = {"preset": profile.preset, "crf": str(profile.crf), "g": str(profile.keyframe_every)}
        stream = container.add_stream("libx264", rate=profile.fps, options=options)
        stream.width, stream.height, stream.pix_fmt = profile.width, profile.height, "yuv420p"
        for file in files:
            frame = av.VideoFrame.from_image(Image.open(file))  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def checked(into: Path, profile: Profile, files: Sequence[Path]) -> None:
    """What checking a day's film costs."""
    check(into, len(files), profile)


def joined(into: Path, profile: Profile, files: Sequence[Path]) -> None:
    """What the flow does with a week's films, the check included."""
    lengths = join(files, into, profile, [f"day {number}" for number in range(len(files))])
    check_joined(into, lengths, profile)


WAYS: dict[str, Callable[[Path, Profile, Sequence[Path]], None]] = {
    "ours": ours,
    "naive": naive,
    "checked": checked,
    "joined": joined,
}


def main(way: str, preset: str, into: str, *files: str) -> None:
    """Do it, and say what it cost."""
    cpu, wall = time.process_time(), time.monotonic()
    WAYS[way](Path(into), Profile(preset=preset), [Path(file) for file in files])
    figures = {"cpu": time.process_time() - cpu, "wall": time.monotonic() - wall}
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
