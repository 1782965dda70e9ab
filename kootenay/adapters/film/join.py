"""Parts of a film, or whole films, joined as they are: packets are copied and stamped anew, nothing is encoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import av
from av.video.stream import VideoStream

from kootenay.adapters.film.mp4 import TIME_BASE, UNDECODED, UNREADABLE, new_film, profile_of, ticks, why_unreadable
from kootenay.errors import FilmError, UnlikePartsError
from kootenay.rules.film_plan import Profile

if TYPE_CHECKING:
    from av.container.core import Chapter


@dataclass(frozen=True)
class _Part:
    """A film to join: `delay` is by how many frames decoding runs ahead of showing.

    `headers` is what a decoder is told once, before the first frame, and then holds for all parts.
    """

    path: Path
    frames: int
    delay: int
    headers: bytes | None


def join(parts: Sequence[Path], into: Path, profile: Profile, titles: Sequence[str] = (), fps: int = 0) -> list[int]:
    """Given films of one profile in the order shown, write them to `into` as one; return how many frames each has.

    Each is a chapter where there are titles; `fps` is the speed to show them at where that is not their profile's.
    Raises UnlikePartsError for parts that were encoded otherwise, before anything is written, and FilmError.
    """
    fps = fps or profile.fps
    found = [_part(path, profile) for path in parts]
    for part in found:
        if part.headers != found[0].headers:
            _refuse(part.path, "was encoded by another encoder than the others")
    lengths = [part.frames for part in found]
    starts = list(accumulate(lengths, initial=0))
    delay = max(part.delay for part in found)
    with new_film(into, profile) as film:
        if titles:
            film.set_chapters(_chapters(titles, starts, fps))
        stream = None
        for part, start in zip(found, starts, strict=False):
            with av.open(str(part.path), stream_options=UNDECODED) as container:
                source = container.streams.video[0]
                stream = stream or film.add_stream_from_template(source, opaque=True)
                stream.time_base = TIME_BASE
                packets = (packet for packet in container.demux(source) if packet.pts is not None)
                for decoded, packet in enumerate(packets, start):
                    shown = start + _frame_of(packet.pts, source)
                    packet.stream, packet.time_base = stream, TIME_BASE
                    packet.pts, packet.dts = ticks(shown, fps), ticks(decoded - delay, fps)
                    packet.duration = ticks(shown + 1, fps) - packet.pts
                    film.mux_one(packet)
    return lengths


def _part(path: Path, profile: Profile) -> _Part:
    try:
        with av.open(str(path), stream_options=UNDECODED) as container:
            stream = container.streams.video[0]
            first = next(container.demux(stream))
            delay = _frame_of(first.dts, stream)
            part = _Part(path, stream.frames, -delay, stream.codec_context.extradata)
            encoded_by = profile_of(container)
    except UNREADABLE as error:
        msg = (
            f"{path.name} cannot be joined ({why_unreadable(error)}); nothing was written, an earlier film still stands"
        )
        raise FilmError(msg) from error
    if encoded_by != profile.id:
        _refuse(path, f"was encoded by profile {encoded_by or 'unknown'}, wanted is {profile.id}")
    return part


def _refuse(path: Path, why: str) -> NoReturn:
    msg = f"{path.name} {why}; nothing was written, encode the period anew"
    raise UnlikePartsError(msg)


def _chapters(titles: Sequence[str], starts: Sequence[int], fps: int) -> "list[Chapter]":
    spans = zip(titles, pairwise(ticks(start, fps) for start in starts), strict=True)
    return [
        {"id": number, "start": start, "end": end, "time_base": TIME_BASE, "metadata": {"title": title}}
        for number, (title, (start, end)) in enumerate(spans)
    ]


def _frame_of(stamp: int | None, stream: VideoStream) -> int:
    """A film's frames are equally long, so a stamp is a frame's number, whatever speed the film is shown at."""
    return round((stamp or 0) * stream.frames / (stream.duration or 1))
