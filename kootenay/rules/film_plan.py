"""The film's manifest: which photos, in which order, how bright, under which profile. Its hash names the job.

Frames are ordered by the instant they were taken, never by file time, and the same plan never makes a film twice. A
day is cut into pieces at fixed instants, so that it can be encoded as it goes and a late photo changes one piece only.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from itertools import groupby
from typing import Any, Literal

from kootenay.rules.slots import slot_of

PIECE = timedelta(hours=2)
"""Of the UTC grid: 24 photos at one in five minutes, which is the default profile's one closed group of pictures."""


@dataclass(frozen=True)
class Profile:
    """How a film is encoded. Sizes are in pixels and even, as 4:2:0 needs; `fps` in frames a second.

    `overlay` writes each frame's caption, its own local time, into the picture.
    """

    width: int = 1920
    height: int = 1080
    fps: int = 12
    crf: int = 21
    preset: str = "veryfast"
    keyframe_every: int = 24
    codec: Literal["h264", "av1"] = "h264"
    overlay: bool = False

    @cached_property
    def id(self) -> str:
        """Films of one id can be joined without encoding again, and look alike: 12 hex digits over all fields."""
        return _hash(asdict(self))[:12]


@dataclass(frozen=True)
class Frame:
    """A photo in a film: when it was taken (aware UTC) and the store's key of the rendition shown.

    `offset_minutes` is the site's UTC offset at that instant and `zone` its name then (`PDT`), if it has one; `light`
    the mean luma (0 to 255) of what the camera saw, None where nobody measured; the luma shown is multiplied by
    `gain` (thousandths count); `flags` are those of rules/quality.py.
    """

    taken_at: datetime
    key: str
    offset_minutes: int = 0
    zone: str = ""
    light: float | None = None
    gain: float = 1.0
    flags: tuple[str, ...] = ()

    @property
    def local(self) -> datetime:
        return self.taken_at.astimezone(timezone(timedelta(minutes=self.offset_minutes)))

    @property
    def caption(self) -> str:
        """The photo's own local time to the minute with its zone: `2026-06-21 14:05 PDT`, or `... UTC+05:30`."""
        return f"{self.local:%Y-%m-%d %H:%M} {self.zone if self.zone.isalpha() else self.local.tzname()}"


@dataclass(frozen=True)
class Piece:
    """A closed part of a day's film: the frames of one stretch of `PIECE`, encoded on their own, then joined by copy.

    The encoder takes `profile` and of each frame `key`, `gain` and, if `profile.overlay`, `caption`.
    """

    profile: Profile
    frames: tuple[Frame, ...]

    @cached_property
    def name(self) -> str:
        """32 hex digits over all that decides the piece's pixels, and nothing else."""
        facts = [
            (frame.key, round(frame.gain, 3), frame.caption if self.profile.overlay else "") for frame in self.frames
        ]
        return _hash([self.profile.id, facts])[:32]


@dataclass(frozen=True)
class Decision:
    """A photo that a film leaves out, and the reason."""

    frame: Frame
    reason: str


@dataclass(frozen=True)
class FilmPlan:
    """A film to be: `period` is the ISO date of a day film; what was `left_out` does not show, and is told.

    `shown_fps` is the film's own speed, 0 for the profile's. It is a matter of time stamps alone: pieces are encoded
    at the profile's and their packets are stamped anew when they are joined, so films of any speed can be joined.
    """

    camera: str
    kind: str
    period: str
    profile: Profile
    frames: tuple[Frame, ...]
    left_out: tuple[Decision, ...] = ()
    shown_fps: int = 0

    @cached_property
    def manifest(self) -> str:
        """SHA-256 over all that decides the film's pixels and time stamps."""
        facts = {
            "camera": self.camera,
            "kind": self.kind,
            "period": self.period,
            "profile": self.profile.id,
            "fps": self.fps,
            "frames": [(frame.taken_at.isoformat(), frame.key) for frame in self.frames],
            "pieces": [piece.name for piece in self.pieces],
        }
        return _hash(facts)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The film in closed parts, cut at midnight and at the instants of the UTC grid of `PIECE`."""
        parts = groupby(self.frames, key=lambda frame: (frame.local.date(), slot_of(frame.taken_at, PIECE)))
        return tuple(Piece(self.profile, tuple(frames)) for _, frames in parts)

    @property
    def fps(self) -> int:
        return self.shown_fps or self.profile.fps

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.fps


def plan_day_film(camera: str, day: date, frames: Iterable[Frame], profile: Profile) -> FilmPlan:
    """Given the frames of a camera's local day in any order, return the plan of its film."""
    distinct = {(frame.taken_at, frame.key): frame for frame in frames}
    return FilmPlan(camera, "day", day.isoformat(), profile, tuple(distinct[each] for each in sorted(distinct)))


def _hash(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
