"""Films: photos in, one file out that plays everywhere, parts joined without encoding again, and a count of what is in.

PyAV carries its own ffmpeg with x264 and SVT-AV1. A film has no name until it is whole, and is checked by decoding it:
an encoder that returns without an error has been known to ship a third of the frames.
"""

from kootenay.adapters.film.check import check, check_joined, top_level_boxes
from kootenay.adapters.film.encode import Encoded, encode
from kootenay.adapters.film.join import join

__all__ = ["Encoded", "check", "check_joined", "encode", "join", "top_level_boxes"]
