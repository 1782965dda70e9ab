"""A photo as a film's frame: decoded whole or refused, upright, fitted to the canvas, in the film's colours.

JPEGs are full-range BT.601 (JFIF), films limited-range BT.709. The planes are converted as they are, without a way
through RGB, which would take twice as long.
"""

from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.frame import PictureType

from kootenay.adapters.jpeg import read_header
from kootenay.errors import NotAPhotoError
from kootenay.rules.readiness import printable

Plane = npt.NDArray[np.uint8]

EVERY_FLAW = {"err_detect": "explode"}
"""The decoder would make up what is missing."""

MOST_PIXELS = 1e8

SCAN, END = b"\xff\xda", b"\xff\xd9"
"""JPEG's markers: the last scan's header, and the picture's end, which the decoder does not miss (T.81, B.1.1.3)."""

UPRIGHT: dict[int, tuple[str, ...]] = {
    1: (),
    2: ("hflip",),
    3: ("hflip", "vflip"),
    4: ("vflip",),
    5: ("transpose=cclock_flip",),
    6: ("transpose=clock",),
    7: ("transpose=clock_flip",),
    8: ("transpose=cclock",),
}
"""By EXIF's orientation, what turns a stored picture upright."""

TO_BT709 = "colorspace=all=bt709:iall=bt601-6-625:irange=pc:range=tv:format=yuv420p:fast=1"
"""`fast`: the matrix alone. Transfer and primaries of photos (sRGB) are shown as BT.709's everywhere."""


class Canvas:
    """Makes frames of one size. It keeps the filter graph of the last shape; one thread may use it."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._decoder = av.CodecContext.create("mjpeg", "r")
        self._decoder.thread_count = 1
        self._decoder.options = EVERY_FLAW
        self._shape: tuple[object, ...] = ()
        self._graph = Graph()

    def frame(self, picture: bytes, name: str) -> av.VideoFrame:
        """Given a JPEG, return a frame of it, padded and never stretched. Raises NotAPhotoError unless it is whole."""
        header = read_header(picture, name, MOST_PIXELS)
        try:
            if not picture.endswith(END) and picture.find(END, picture.rfind(SCAN)) < 0:
                msg = "its end is missing"
                raise ValueError(msg)
            (frame,) = self._decoder.decode(av.Packet(picture))
            return self._fitted(frame, header.orientation)
        except (av.FFmpegError, ValueError) as error:
            msg = f"{printable(name)} cannot be decoded: {getattr(error, 'strerror', error)}"
            raise NotAPhotoError(msg) from error

    def _fitted(self, frame: av.VideoFrame, orientation: int) -> av.VideoFrame:
        shape = (frame.width, frame.height, frame.format.name, frame.colorspace, orientation)
        if shape != self._shape:
            self._graph, self._shape = _graph(frame, orientation, self._size), shape
        frame.pts = 0
        self._graph.push(frame)
        fitted = self._graph.pull()
        assert isinstance(fitted, av.VideoFrame)
        fitted.pict_type = PictureType.NONE  # else each is a keyframe, as each JPEG was
        return fitted


def _graph(frame: av.VideoFrame, orientation: int, canvas: tuple[int, int]) -> Graph:
    turned = orientation > 4
    width, height = (frame.height, frame.width) if turned else (frame.width, frame.height)
    ratio = min(Fraction(canvas[0], width), Fraction(canvas[1], height))
    wide, high = (max(2, 2 * round(side * ratio / 2)) for side in (width, height))  # 4:2:0 has colour for each second
    steps = [*UPRIGHT[orientation]]
    if (width, height) != canvas or frame.format.name != "yuvj420p":
        steps += [f"scale={wide}:{high}:flags=lanczos:in_range=full:out_range=full", "format=yuvj420p"]
    steps.append(TO_BT709)
    if (wide, high) != canvas:
        steps.append(f"pad={canvas[0]}:{canvas[1]}:{(canvas[0] - wide) // 4 * 2}:{(canvas[1] - high) // 4 * 2}")
    graph = Graph()
    graph.threads = 1
    source = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1:"
        f"colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
    )
    chain = [graph.add("buffer", source)]
    for step in steps:
        name, _, arguments = step.partition("=")
        chain.append(graph.add(name, arguments))
        chain[-2].link_to(chain[-1])
    chain[-1].link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def planes_of(frame: av.VideoFrame) -> list[Plane]:
    """Return a frame's own luma and two colour planes to write in, each row as long as it is shown."""
    return [
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    ]


def brighten(frame: av.VideoFrame, gain: float) -> None:
    """Multiply a frame's light by a gain; its colours keep their saturation, and black bars stay black."""
    if round(gain, 3) == 1:
        return
    for plane, table in zip(planes_of(frame), _tables(round(gain, 3)), strict=True):
        plane[:] = table[plane]


@lru_cache(maxsize=64)
def _tables(gain: float) -> tuple[Plane, Plane, Plane]:
    """For luma, 16 to 235, and twice for colour, 16 to 240 around 128 (ITU-R BT.709, 4.6)."""
    levels = np.arange(256)
    luma = np.clip(np.rint(16 + (levels - 16) * gain), 16, 235).astype(np.uint8)
    colour = np.clip(np.rint(128 + (levels - 128) * gain), 16, 240).astype(np.uint8)
    return luma, colour, colour
