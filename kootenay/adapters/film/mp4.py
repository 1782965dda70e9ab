"""A film's file: an MP4 whose index comes first, on one clock, that says by which profile it was encoded."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

import av
from av.container import OutputContainer

from kootenay.adapters.files import part_of
from kootenay.errors import FilmError
from kootenay.rules.film_plan import Profile

TIME_BASE = Fraction(1, 90_000)
"""One fixed clock for all films, so that they can be joined without encoding again."""

THREADS = 2
"""Of an encoder or a decoder, unless told otherwise: films are made beside work that must not wait."""

MUXER = {"movflags": "+faststart", "video_track_timescale": str(TIME_BASE.denominator)}

UNDECODED: Any = [{"skip_frame": "all"}]
"""Opening a film decodes a frame of it otherwise, to find out what the index has already said."""

UNREADABLE = (av.FFmpegError, IndexError, StopIteration, ValueError)
"""What PyAV raises of a film that is damaged, or has no streams, or no frames."""


def why_unreadable(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, av.FFmpegError) else "there is nothing to see in it"


def ticks(frames: int, fps: int) -> int:
    """Given a number of frames, return how long they are shown, in whole ticks of TIME_BASE."""
    return (2 * frames * TIME_BASE.denominator + fps) // (2 * fps)


@contextlib.contextmanager
def new_film(into: Path, profile: Profile) -> Iterator[OutputContainer]:
    """Lend a film to write, which is called `into` once it is whole and on the disk. Raises FilmError.

    Until then its file has no name at all (O_TMPFILE, open(2)): it goes with its process, however that dies.
    """
    try:
        with _nameless(into.parent) as file:
            try:
                with av.open(f"/proc/self/fd/{file.fileno()}", "w", format="mp4", options=MUXER) as film:
                    film.metadata["comment"] = profile.id
                    yield film
                os.fsync(file.fileno())
                _name(file, into)
            except BaseException:
                file.truncate(0)  # a full disk gets its space back, even while PyAV holds what it could not write
                raise
    except (av.FFmpegError, OSError) as error:
        msg = f"the film {into.name} was not made: {error.strerror or error}; an earlier film still stands"
        raise FilmError(msg) from error


def profile_of(film: av.container.InputContainer) -> str:
    """Return the id of the profile that a film was encoded by, or nothing."""
    return film.metadata.get("comment", "")


def _nameless(folder: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o644), "r+b")
    except OSError:  # a file system without: there the name is taken away as soon as it is given
        return cast(BinaryIO, TemporaryFile(dir=folder))


def _name(file: BinaryIO, into: Path) -> None:
    """Link a nameless file to its name: /proc and AT_SYMLINK_FOLLOW, as linkat(2) shows."""
    into.unlink(missing_ok=True)
    try:
        os.link(f"/proc/self/fd/{file.fileno()}", into, src_dir_fd=file.fileno(), follow_symlinks=True)
    except FileNotFoundError:  # what had a name once can get no other
        part = part_of(into)
        file.seek(0)
        with part.open("xb") as copy:
            shutil.copyfileobj(file, copy)
        part.replace(into)
