"""Whether a file is a whole JPEG, by its two ends: cheap enough for the process that touches the camera.

Cameras do hand over empty and half files, and a web camera an error page. Ingest decodes; this does not.
"""

import os
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 16
SOI, EOI = b"\xff\xd8", b"\xff\xd9"
"""A JPEG begins with SOI and ends with EOI (ITU-T T.81, B.1.1.3)."""

OTHERS = {b"II*\0": "a RAW file", b"MM\0*": "a RAW file", b"<": "a web page"}
"""What else comes, by its first bytes. TIFF's two are those of NEF, ARW, CR2 and DNG."""


def flaw_of(path: Path) -> str:
    """Given a file, return why it is no whole JPEG, or "" when it is one; zero bytes after the end are accepted.

    Of a file that ends well, only its ends are read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(BLOCK)
            size = file.seek(0, os.SEEK_END)
            end = _without_zeros(file, size)
            file.seek(max(0, end - len(EOI)))
            last = file.read(len(EOI))
    except FileNotFoundError:
        return "no file"
    if not size:
        return "an empty file"
    if not start.startswith(SOI):
        kind = next((words for first, words in OTHERS.items() if start.lstrip().startswith(first)), "something")
        return f"{kind} of {size} bytes that is no JPEG"
    if last == EOI:
        return ""
    zeros = size - end
    return f"a JPEG that breaks off after {end} bytes" + (f", the other {zeros} are zeros" if zeros else "")


def _without_zeros(file: BinaryIO, size: int) -> int:
    """Return where the zeros at the end of a file begin."""
    while size:
        block = min(BLOCK, size)
        file.seek(size - block)
        kept = len(file.read(block).rstrip(b"\0"))
        if kept:
            return size - block + kept
        size -= block
    return 0
