"""The film's manifest: which photos, in which order, under which profile. Its hash names the job.

Frames are ordered by the instant they were taken, never by file time, and the same plan never makes a film twice.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise


@dataclass(frozen=True)
class Profile:
    """How a film is encoded. Sizes are in pixels and even, as 4:2:0 needs; `fps` in frames a second."""

    width: int = 1920
    height: int = 1080
    fps: int = 12
    crf: int = 21
    preset: str = "veryfast"
    keyframe_every: int = 24


@dataclass(frozen=True)
class Frame:
    """A photo in a film: when it was taken (aware UTC) and the store's key of the rendition shown."""

    taken_at: datetime
    key: str


@dataclass(frozen=True)
class FilmPlan:
    """A film to be: `period` is the ISO date of a day film."""

    camera: str
    kind: str
    period: str
    profile: Profile
    frames: tuple[Frame, ...]

    @cached_property
    def manifest(self) -> str:
        """SHA-256 over all that decides the film's pixels."""
        facts = {
            "camera": self.camera,
            "kind": self.kind,
            "period": self.period,
            "profile": asdict(self.profile),
            "frames": [(frame.taken_at.isoformat(), frame.key) for frame in self.frames],
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.profile.fps


def plan_day_film(camera: str, day: date, frames: Iterable[Frame], profile: Profile) -> FilmPlan:
    """Given the frames of a camera's local day in any order, return the plan of its film."""
    ordered = tuple(sorted(frames, key=lambda frame: (frame.taken_at, frame.key)))
    distinct = ordered[:1] + tuple(after for before, after in pairwise(ordered) if before != after)
    return FilmPlan(camera, "day", day.isoformat(), profile, distinct)
