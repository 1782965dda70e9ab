"""Builders for the tests of films: pictures, their frames, small profiles, and other programs' view of a film."""

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import simplejpeg

from kootenay.adapters.film import Encoded, encode
from kootenay.rules.film_plan import Frame, Profile
from tests.adapters.conftest import jpeg

SMALL = Profile(width=320, height=180, fps=12, crf=18, preset="ultrafast", keyframe_every=6)
USUAL = Profile(width=320, height=180)
"""With frames that are decoded in another order than they are shown, as `veryfast` has them."""
AV1 = Profile(width=320, height=180, codec="av1")
PROFILES = {"ultrafast": SMALL, "usual": USUAL, "av1": AV1}

START = datetime(2026, 6, 21, 12, tzinfo=UTC)


def frames_of(count: int, **facts: Any) -> list[Frame]:
    """So many frames, five minutes apart."""
    return [Frame(START + index * timedelta(minutes=5), f"lake/{index}.jpg", **facts) for index in range(count)]


def pictures(count: int, width: int = 320, height: int = 180) -> list[bytes]:
    """So many pictures, each a little brighter than the one before."""
    return [jpeg(width, height, (level, level, level)) for level in np.linspace(20, 230, count).astype(int).tolist()]


def noise(count: int, width: int = 320, height: int = 180, seed: int = 0) -> list[bytes]:
    """So many pictures of which no encoder makes little."""
    random = np.random.default_rng(seed)
    shape = (count, height, width, 3)
    return [simplejpeg.encode_jpeg(each, 90, "RGB", "420") for each in random.integers(0, 256, shape, dtype=np.uint8)]


def made(shown: Sequence[bytes], film: Path, profile: Profile = SMALL, **facts: Any) -> Encoded:
    """Encode pictures; `facts` are those of every frame."""
    return encode(shown, frames_of(len(shown), **facts), profile, film)


def probe(film: Path, *options: str) -> dict[str, Any]:
    """Decode a film with Debian's ffprobe; return what it says of its streams and chapters."""
    shown = ["-show_streams", "-show_format", "-show_chapters"]
    command = ["ffprobe", "-v", "error", "-count_frames", *shown, *options, "-of", "json", str(film)]
    answer = subprocess.run(command, capture_output=True, check=True, text=True)
    assert answer.stderr == ""
    facts: dict[str, Any] = json.loads(answer.stdout)
    return facts


def lumas(film: Path) -> list[float]:
    """Return the mean light of each frame, 0 to 255."""
    with av.open(str(film)) as container:
        return [float(frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]


def planes(film: Path) -> np.ndarray:
    """Return the first frame's luma and its colour below it, as yuv420p lies."""
    with av.open(str(film)) as container:
        return next(container.decode(video=0)).to_ndarray(format="yuv420p")
