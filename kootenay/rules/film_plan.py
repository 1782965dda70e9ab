"""The film's manifest: which photos, in which order, how bright, under which profile. Its hash names the job.

Frames are ordered by the instant they were taken, never by file time, and the same plan never makes a film twice. A
day is cut into pieces at fixed instants, so that it can be encoded as it goes and a late photo changes one piece only.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from itertools import accumulate, groupby
from typing import Any, Literal

from kootenay.rules.flicker import REACH, WHITE, flashing, flicker, gains
from kootenay.rules.quality import Flag
from kootenay.rules.slots import slot_of

PIECE = timedelta(hours=2)
"""Of the UTC grid: 24 photos at one in five minutes, which is the default profile's one closed group of pictures."""
FEWEST_FRAMES = 2
GAP = 3
"""Slots: light before and after a longer pause is not compared."""
FAULTY = frozenset({Flag.DARK, Flag.OVEREXPOSED, Flag.BLOCKED, Flag.FROZEN})
"""Left out unless a setting says otherwise: such a picture shows nothing, or not its own time. A blurred one shows the
day all the same, and drops on a lens stay for days."""
MOST_LEFT_OUT = 0.25
"""Of a day's photos: a flag that more of them have is the day's weather, or its camera, and not the fault of a few."""


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
        return digest(asdict(self))[:12]


@dataclass(frozen=True)
class Frame:
    """A photo in a film: when it was taken (aware UTC) and the store's key of the rendition shown.

    `offset_minutes` is the site's UTC offset at that instant and `zone` its name then (`PDT`), if it has one; `light`
    the mean luma (0 to 255) of what the camera saw, None where nobody measured; the luma shown is multiplied by
    `gain`, black staying black (thousandths count); `flags` are those of rules/quality.py.
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
    def shown_light(self) -> float | None:
        return None if self.light is None else min(self.light * self.gain, WHITE)

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
        return digest([self.profile.id, facts])[:32]


@dataclass(frozen=True)
class Decision:
    """Whether a flagged photo is shown, and the reason."""

    frame: Frame
    shown: bool
    reason: str


@dataclass(frozen=True)
class FilmPlan:
    """A film to be: `period` is the ISO date of a day film; `decisions` tell of every flagged photo.

    `shown_fps` is the film's own speed, 0 for the profile's. It is a matter of time stamps alone: pieces are encoded
    at the profile's and their packets are stamped anew when they are joined, so films of any speed can be joined.
    """

    camera: str
    kind: str
    period: str
    profile: Profile
    frames: tuple[Frame, ...]
    decisions: tuple[Decision, ...] = ()
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
        return digest(facts)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The film in closed parts, cut at midnight and at the instants of the UTC grid of `PIECE`."""
        parts = groupby(self.frames, key=lambda frame: (frame.local.date(), slot_of(frame.taken_at, PIECE)))
        return tuple(Piece(self.profile, tuple(frames)) for _, frames in parts)

    def settled(self, reach: int = REACH) -> tuple[Piece, ...]:
        """Given how many frames away a photo can change a gain, return the pieces that coming photos do not change."""
        ends = accumulate(len(piece.frames) for piece in self.pieces)
        still = len(self.frames) - max(reach, 1)
        return tuple(piece for piece, end in zip(self.pieces, ends, strict=True) if end <= still)

    @property
    def why_not(self) -> str:
        """Why this is no film; empty if it is one."""
        if len(self.frames) >= FEWEST_FRAMES:
            return ""
        photos = "1 photo" if len(self.frames) == 1 else f"{len(self.frames)} photos"
        reasons = Counter(each.reason for each in self.decisions if not each.shown)
        left_out = "".join(f", {count} left out ({reason})" for reason, count in reasons.items())
        return f"{photos}, too few for a film{left_out}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where the film, as shown, flashes more than is safe for everyone."""
        return tuple(
            f"it flashes more than three times a second from {each.first / self.fps:.1f} s to "
            f"{each.last / self.fps:.1f} s ({self.frames[each.first].caption}; WCAG 2.3.1)"
            for each in flashing([frame.shown_light for frame in self.frames], self.fps)
        )

    @property
    def fps(self) -> int:
        return self.shown_fps or self.profile.fps

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.fps


def plan_day_film(
    camera: str,
    day: date,
    frames: Iterable[Frame],
    profile: Profile,
    leave_out: Collection[str] = (),
    every: timedelta | None = None,
    shown_fps: int = 0,
) -> FilmPlan:
    """Given the frames of a camera's local day in any order, return the plan of its film.

    Photos with a flag among `leave_out` do not show, unless the flag is the day's weather (see `MOST_LEFT_OUT`). With
    `every`, the time from one slot to the next, gains even out the light, for the day on its own: so its film can be
    joined to any other day's.
    """
    distinct = {(frame.taken_at, frame.key): frame for frame in frames}
    ordered = [distinct[each] for each in sorted(distinct)]
    decisions = _decisions(ordered, leave_out)
    hidden = {each.frame for each in decisions if not each.shown}
    shown = [frame for frame in ordered if frame not in hidden]
    if every:
        shown = evened(shown, every)
    return FilmPlan(camera, "day", day.isoformat(), profile, tuple(shown), decisions, shown_fps)


def fitted_fps(frames: int, seconds: float, lowest: int, highest: int) -> int:
    """Given a film's frames and the length it is to have, return the whole frames a second that come nearest to it."""
    return min(max(round(frames / seconds), lowest), highest)


def evened(frames: Iterable[Frame], every: timedelta) -> list[Frame]:
    """Given frames in order and the time between slots, return them with gains against flicker, each stretch alone."""
    return [
        replace(frame, gain=gain)
        for stretch in _stretches(frames, every)
        for frame, gain in zip(stretch, gains([frame.light for frame in stretch]), strict=True)
    ]


def measured(frames: Iterable[Frame], every: timedelta) -> tuple[float, float]:
    """Given frames in order and the time between slots, return their `flicker` before and after their gains."""
    stretches = list(_stretches(frames, every))
    before = [light for stretch in stretches for light in (*(frame.light for frame in stretch), None)]
    after = [light for stretch in stretches for light in (*(frame.shown_light for frame in stretch), None)]
    return flicker(before), flicker(after)


def _stretches(frames: Iterable[Frame], every: timedelta) -> list[list[Frame]]:
    """Cut frames where more than `GAP` slots lie between two."""
    stretches: list[list[Frame]] = []
    for frame in frames:
        if stretches and frame.taken_at - stretches[-1][-1].taken_at < (GAP + 0.5) * every:
            stretches[-1].append(frame)
        else:
            stretches.append([frame])
    return stretches


def _decisions(frames: Sequence[Frame], leave_out: Collection[str]) -> tuple[Decision, ...]:
    """Decide of every flagged frame of a day whether it is shown."""
    shares = {flag: count / len(frames) for flag, count in Counter(f for each in frames for f in each.flags).items()}
    return tuple(_decision(frame, leave_out, shares) for frame in frames if frame.flags)


def _decision(frame: Frame, leave_out: Collection[str], shares: Mapping[str, float]) -> Decision:
    unwanted = [flag for flag in frame.flags if flag in leave_out]
    faults = [flag for flag in unwanted if shares[flag] <= MOST_LEFT_OUT]
    if faults:
        return Decision(frame, False, ", ".join(faults))
    if unwanted:
        return Decision(frame, True, f"{', '.join(unwanted)}, as {max(shares[f] for f in unwanted):.0%} of the day is")
    return Decision(frame, True, f"{', '.join(frame.flags)}: shown all the same")


def digest(facts: Any) -> str:
    """Given facts that JSON can tell, return their SHA-256."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
