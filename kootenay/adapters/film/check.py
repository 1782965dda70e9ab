"""What is really in a film: every frame that was planned, at its instant, and an index that comes first."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NoReturn

import av
from av.container import InputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from kootenay.adapters.film.mp4 import THREADS, UNDECODED, UNREADABLE, ticks, why_unreadable
from kootenay.errors import FilmError
from kootenay.rules.film_plan import Profile

EVERY_FLAW = {"err_detect": "explode"}
"""A decoder would make up what is missing; one that shares slices among threads, as PyAV's do, does so even then."""

BT709 = (ColorRange.MPEG, Colorspace.ITU709, ColorPrimaries.BT709, ColorTrc.BT709)


def check(film: Path, frames: int, profile: Profile, fps: int = 0) -> None:
    """Given a film, decode all of it; `fps` is its own speed where that is not its profile's.

    Raises FilmError unless it holds what was planned, each frame at its instant, and plays at once.
    """
    stamps, decoded = [], 0
    with _opened(film) as (container, stream):
        stream.thread_type, stream.codec_context.thread_count = "FRAME", THREADS
        for packet in container.demux(stream):
            if packet.dts is not None:
                stamps.append((packet.pts or 0, packet.dts))
            decoded += sum(not frame.is_corrupt for frame in stream.decode(packet))
        _check_frames(film, stream, decoded, frames, profile)
        _check_stamps(film, stamps, fps or profile.fps)
        _check_kind(film, stream, profile)
    _check_boxes(film)


def check_joined(film: Path, lengths: Sequence[int], profile: Profile, fps: int = 0) -> None:
    """Given a film joined from parts that were checked, and the frames of each, check all that joining can break.

    It reads every packet and decodes the first frame of each part, a hundredth of what decoding the film takes.
    Raises FilmError.
    """
    fps = fps or profile.fps
    with _opened(film) as (container, stream):
        stamps = [(packet.pts or 0, packet.dts) for packet in container.demux(stream) if packet.dts is not None]
        _check_frames(film, stream, len(stamps), sum(lengths), profile)
        _check_stamps(film, stamps, fps)
        for first in accumulate(lengths[:-1], initial=0):
            container.seek(ticks(first, fps), stream=stream)
            packet = next(container.demux(stream))
            shown = [*stream.decode(packet), *stream.decode(None)]
            if packet.pts != ticks(first, fps) or [frame.is_corrupt for frame in shown] != [False]:
                _refuse(film, f"does not begin anew at frame {first}, where a part was joined")
        _check_kind(film, stream, profile)
    _check_boxes(film)


@contextlib.contextmanager
def _opened(film: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        with av.open(str(film), stream_options=UNDECODED) as container:
            stream = container.streams.video[0]
            stream.codec_context.options = EVERY_FLAW
            stream.thread_type = "NONE"
            yield container, stream
    except UNREADABLE as error:
        _refuse(film, f"cannot be played ({why_unreadable(error)})")


def _check_frames(film: Path, stream: VideoStream, found: int, frames: int, profile: Profile) -> None:
    if (found, stream.width, stream.height) != (frames, profile.width, profile.height):
        _refuse(
            film,
            f"holds {found} frames of {stream.width} x {stream.height}, planned were {frames} of "
            f"{profile.width} x {profile.height}",
        )


def _check_kind(film: Path, stream: VideoStream, profile: Profile) -> None:
    codec = stream.codec_context
    colours = (codec.color_range, codec.colorspace, codec.color_primaries, codec.color_trc)
    if (codec.codec.canonical_name, codec.pix_fmt, colours) != (profile.codec, "yuv420p", BT709):
        _refuse(film, f"is {codec.codec.canonical_name} in {codec.pix_fmt}, planned was {profile.codec} in BT.709")


def _check_stamps(film: Path, stamps: Sequence[tuple[int, int]], fps: int) -> None:
    """Every frame is shown for as long as any other, and the order to decode them in is one (ISO/IEC 14496-12, 8.6)."""
    shown = sorted(pts for pts, _ in stamps)
    wrong = next((index for index, pts in enumerate(shown) if pts != ticks(index, fps)), None)
    if wrong is not None:
        _refuse(film, f"shows frame {wrong} at {shown[wrong] / ticks(1, 1):.3f} s, not at {wrong / fps:.3f}")
    if any(after <= before for (_, before), (_, after) in pairwise(stamps)):
        _refuse(film, "has time stamps that go back")


def _check_boxes(film: Path) -> None:
    boxes = top_level_boxes(film)
    if boxes.index("moov") > boxes.index("mdat"):
        _refuse(film, f"has its index at the end ({', '.join(boxes)}): it would not play before it is all there")


def _refuse(film: Path, why: str) -> NoReturn:
    msg = f"{film.name} {why}; it was not published, an earlier film still stands"
    raise FilmError(msg)


def top_level_boxes(film: Path) -> list[str]:
    """Given an MP4 file, return the types of its top-level boxes in order (ISO/IEC 14496-12, 4.2)."""
    names = []
    with film.open("rb") as file:
        while header := file.read(8):
            size, name = int.from_bytes(header[:4], "big"), header[4:].decode("latin-1")
            names.append(name)
            if size == 1:
                file.seek(int.from_bytes(file.read(8), "big") - 16, io.SEEK_CUR)
            elif size == 0:
                break
            else:
                file.seek(size - 8, io.SEEK_CUR)
    return names
