"""Films: photos in, one H.264 file out that any phone plays, and a count of what is really in it.

PyAV carries its own ffmpeg. A film is rendered beside its final place and checked by decoding it again: an encoder
that returns without an error has been known to ship a third of the frames.
"""

import io
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image, ImageOps

from kootenay.errors import FilmError
from kootenay.rules.film_plan import Profile

TIME_BASE = Fraction(1, 90_000)
"""One fixed clock for all films, so that they can be joined without encoding again."""

THREADS = 2


def render(
    pictures: Iterable[bytes],
    profile: Profile,
    into: Path,
    on_frame: Callable[[int], None] = lambda count: None,
) -> None:
    """Given JPEGs in the order shown and a profile, write the film to `into`; `on_frame` hears how many are done.

    Each picture is fitted to the profile's canvas and padded, never stretched. Raises FilmError.
    """
    options = {"movflags": "+faststart", "video_track_timescale": str(TIME_BASE.denominator)}
    try:
        with av.open(str(into), "w", format="mp4", options=options) as container:
            stream = container.add_stream("libx264", rate=profile.fps, options=_x264(profile))
            stream.width, stream.height = profile.width, profile.height
            stream.pix_fmt = "yuv420p"
            stream.codec_context.thread_count = THREADS
            _tag_bt709(stream.codec_context)
            for index, picture in enumerate(pictures):
                frame = _frame(picture, profile)
                frame.pts = index
                frame.time_base = Fraction(1, profile.fps)
                container.mux(stream.encode(frame))
                on_frame(index + 1)
            container.mux(stream.encode(None))
    except (av.FFmpegError, OSError) as error:
        into.unlink(missing_ok=True)
        msg = f"the film {into.name} was not made: {error}; an earlier film still stands"
        raise FilmError(msg) from error


def check(film: Path, frames: int, profile: Profile) -> None:
    """Given a rendered film, decode all of it. Raises FilmError unless it holds what was planned, and plays at once."""
    try:
        with av.open(str(film)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            found = sum(1 for _ in container.decode(stream))
            size = (stream.width, stream.height)
    except (av.FFmpegError, IndexError) as error:
        msg = f"{film.name} cannot be played ({error}); it was not published, an earlier film still stands"
        raise FilmError(msg) from error
    if found != frames or size != (profile.width, profile.height):
        msg = (
            f"{film.name} holds {found} frames of {size[0]} x {size[1]}, planned were {frames} of "
            f"{profile.width} x {profile.height}; it was not published, an earlier film still stands"
        )
        raise FilmError(msg)
    boxes = top_level_boxes(film)
    if boxes.index("moov") > boxes.index("mdat"):
        msg = f"{film.name} has its index at the end ({', '.join(boxes)}): it would not play before it is all there"
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


def _x264(profile: Profile) -> dict[str, str]:
    """x264's GOPs are closed unless asked otherwise; a fixed length lets a player seek."""
    return {"preset": profile.preset, "crf": str(profile.crf), "g": str(profile.keyframe_every)}


def _tag_bt709(codec: av.VideoCodecContext) -> None:
    """PyAV leaves these unset, and players then guess."""
    codec.color_range = ColorRange.MPEG
    codec.colorspace = Colorspace.ITU709
    codec.color_primaries = ColorPrimaries.BT709
    codec.color_trc = ColorTrc.BT709


def _frame(picture: bytes, profile: Profile) -> av.VideoFrame:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    canvas = (profile.width, profile.height)
    if image.size != canvas:
        image = ImageOps.pad(image, canvas, Image.Resampling.LANCZOS)
    frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
    ready: av.VideoFrame = frame.reformat(
        format="yuv420p",
        src_colorspace=Colorspace.DEFAULT,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )
    ready.pict_type = PictureType.NONE
    return ready
