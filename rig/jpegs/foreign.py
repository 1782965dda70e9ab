"""What is no JPEG and is named as one, and JPEGs that are something else besides."""

import io
import zipfile
from collections.abc import Iterator

from PIL import Image

from rig.jpegs.item import APP1, COM, SECRET, Item, picture, refused, saved, segment, whole, with_segments

PAGE = b"<!doctype html><script>alert('" + SECRET + b"')</script>"
PROGRAM = b"<?php system($_GET['" + SECRET + b"']); __halt_compiler();"
NAMES = (
    "two\nlines.jpg",
    "carriage\rreturn.jpg",
    "Überlingersee 湖.jpg",
    "../../etc/passwd.jpg",
    "-rf.jpg",
    "\x1b[31mred.jpg",
    "a" * 255,
    "half\udcff.jpg",
    "",
)
"""A name is only shown, and must not break the line, the terminal or the file that shows it."""


def foreign() -> Iterator[Item]:
    """Yield other files, and JPEGs that other programs read as something else."""
    good = picture()
    for kind in ("PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "ICO"):
        yield refused(f"{kind} named .jpg", saved(good, kind))
    yield refused("a JPEG inside of a TIFF", saved(good, "TIFF", compression="jpeg"))
    yield refused("SVG named .jpg", b"<svg xmlns='http://www.w3.org/2000/svg' width='96' height='64'/>")
    yield refused("a page named .jpg", PAGE)
    yield refused("a page of a JPEG's beginning", b"\xff\xd8\xff" + PAGE)
    yield refused("PDF named .jpg", b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript>>>>endobj\n%%EOF\n")
    yield refused("PostScript named .jpg", b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n")
    content = saved(good)
    for name, hidden in {"a page": PAGE, "a program": PROGRAM, "an archive": _archive(), "a film": _film()}.items():
        yield whole(f"{name} behind a photo", content + hidden)
        yield whole(f"{name} in its comment", with_segments(content, segment(COM, hidden)))
        yield whole(f"{name} in a segment", with_segments(content, segment(APP1, hidden)))
        yield refused(f"a photo behind {name}", hidden + content)


def _archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("../" + SECRET.decode()), b"\xff\xd9")
    return content.getvalue()


def _film() -> bytes:
    """A phone's moving photo: a film behind the picture."""
    return b"\0\0\0\x18ftypmp42" + bytes(12) + SECRET + saved(Image.new("RGB", (16, 16)))
