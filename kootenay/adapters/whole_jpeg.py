"""Whether a file is a whole JPEG, by its two ends: cheap enough for the process that touches the camera.

Cameras do hand over empty and half files, and a web camera an error page. Ingest decodes; this does not.
"""

from pathlib import Path

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
"""A JPEG begins with SOI and ends with EOI (ITU-T T.81, B.1.1.3)."""

OTHERS = {b"II*\0": "a RAW file", b"MM\0*": "a RAW file", b"<": "a web page"}
"""What else comes, by its first bytes. TIFF's two are those of NEF, ARW, CR2 and DNG."""


def flaw_of(path: Path) -> str:
    """Given a file, return why it is no whole JPEG, or "" when it is one; zero bytes after the end are accepted."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "no file"
    if not content:
        return "an empty file"
    if not content.startswith(SOI):
        kind = next((words for start, words in OTHERS.items() if content.lstrip().startswith(start)), "something")
        return f"{kind} of {len(content)} bytes that is no JPEG"
    end = content.rstrip(b"\0")
    if end.endswith(EOI):
        return ""
    zeros = len(content) - len(end)
    return f"a JPEG that breaks off after {len(end)} bytes" + (f", the other {zeros} are zeros" if zeros else "")
