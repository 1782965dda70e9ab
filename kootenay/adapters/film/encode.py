"""Pictures in, a film or a piece of one out; what cannot be decoded is told, and not in it."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from kootenay.adapters.film.mp4 import THREADS, new_film
from kootenay.adapters.film.overlay import draw_caption
from kootenay.adapters.film.picture import Canvas, brighten
from kootenay.errors import NotAPhotoError
from kootenay.rules.film_plan import Frame, Profile

ENCODERS = {"h264": "libx264", "av1": "libsvtav1"}

SVT_PRESETS = {
    **{"ultrafast": 12, "superfast": 11, "veryfast": 10, "faster": 9, "fast": 8},
    **{"medium": 7, "slow": 6, "slower": 4, "veryslow": 3, "placebo": 1},
}
"""SVT-AV1's numbers for x264's words: 10 takes the CPU of `veryfast`, 7 that of `medium` (docs/bench.md)."""


@dataclass(frozen=True)
class Encoded:
    """How many frames a film holds, and the pictures that it does not: each one's place in the plan, and why."""

    frames: int
    bad: tuple[tuple[int, str], ...] = ()


def encode(
    pictures: Iterable[bytes],
    frames: Sequence[Frame],
    profile: Profile,
    into: Path,
    on_frame: Callable[[int], None] = lambda count: None,
    threads: int = THREADS,
) -> Encoded:
    """Given a JPEG of each frame in the order shown, write them to `into`; `on_frame` hears how many are done.

    One picture is in memory at a time. Where none can be decoded nothing is written. Raises FilmError.
    """
    bad: list[tuple[int, str]] = []
    shown = _shown(zip(pictures, frames, strict=True), profile, bad)
    first = next(shown, None)
    if first is None:
        return Encoded(0, tuple(bad))
    with new_film(into, profile) as film:
        stream = _stream(film, profile, threads)
        for count, frame in enumerate(chain([first], shown), 1):
            frame.pts, frame.time_base = count - 1, Fraction(1, profile.fps)
            film.mux(stream.encode(frame))
            on_frame(count)
        film.mux(stream.encode(None))
    return Encoded(count, tuple(bad))


def _shown(
    planned: Iterable[tuple[bytes, Frame]], profile: Profile, bad: list[tuple[int, str]]
) -> Iterator[av.VideoFrame]:
    canvas = Canvas(profile.width, profile.height)
    for index, (picture, frame) in enumerate(planned):
        try:
            shown = canvas.frame(picture, frame.key)
        except NotAPhotoError as error:
            bad.append((index, str(error)))
            continue
        brighten(shown, frame.gain)
        if profile.overlay:
            draw_caption(shown, frame.caption)
        yield shown


def _stream(film: OutputContainer, profile: Profile, threads: int) -> VideoStream:
    """An encoder whose groups of pictures are closed (x264's and SVT's own default) and of a fixed length, to seek."""
    options = {"g": str(profile.keyframe_every), "preset": profile.preset, "crf": str(profile.crf)}
    if profile.codec == "av1":
        os.environ.setdefault("SVT_LOG", "1")  # errors alone: it writes to the terminal
        options |= {
            "preset": str(SVT_PRESETS[profile.preset]),
            "crf": str(round(profile.crf * 63 / 51)),  # where their scales end
            "svtav1-params": f"lp={threads}",
        }
    stream = film.add_stream(ENCODERS[profile.codec], rate=profile.fps, options=options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = profile.width, profile.height, "yuv420p"
    codec = stream.codec_context
    codec.thread_count = threads
    codec.color_range, codec.colorspace = ColorRange.MPEG, Colorspace.ITU709  # else players guess
    codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    with _priority_kept():
        codec.open()
    return stream


@contextlib.contextmanager
def _priority_kept() -> Iterator[None]:
    """Take back what SVT-AV1 takes when root runs it: real time, before all else, for its threads and its caller.

    `svt_create_thread` in its Source/Lib/Codec/svt_threads.c. A process that starts others then can stop the machine.
    """
    threads = Path("/proc/self/task")
    ours = {thread.name for thread in threads.iterdir()} - {str(threading.get_native_id())}
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for thread in threads.iterdir():
            if thread.name not in ours:
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setscheduler(int(thread.name), policy, parameters)
