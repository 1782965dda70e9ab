"""Records: what goes into the catalog and comes out of it."""

import builtins
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Rendition:
    """A size of a photo in the store; width and height in pixels."""

    width: int
    height: int
    key: str
    bytes: int


@dataclass(frozen=True)
class Photo:
    """A photo that is stored, archived and whole. `offset_minutes` is the site's UTC offset when it was taken.

    `name` is the one it arrived under and `by` who took it; `clock_trusted` is false when nobody vouches for the
    camera host's clock. `light` to `same` are the measures of rules/quality.py, None where nobody measured; `flags`
    are their verdict, which a film may heed, and `signature` is what the next photo is measured against. `recipe` tells
    by what its renditions and measures were made.
    """

    camera: str
    slot: datetime
    taken_at: datetime
    offset_minutes: int
    local_date: date
    time_source: str
    sha256: str
    bytes: int
    width: int
    height: int
    boost: bool
    elevation: float
    archive_path: str
    name: str = ""
    by: str = ""
    clock_trusted: bool = True
    light: float | None = None
    contrast: float | None = None
    black: float | None = None
    white: float | None = None
    sharpness: float | None = None
    difference: float | None = None
    same: float | None = None
    flags: tuple[str, ...] = ()
    signature: builtins.bytes | None = None
    recipe: str = ""
    renditions: tuple[Rendition, ...] = ()


@dataclass(frozen=True)
class ChangedDay:
    """A local day whose photos have changed since its film was made; `change` counts its changes and never falls."""

    camera: str
    local_date: date
    change: int


@dataclass(frozen=True)
class Film:
    """A film that stands in the store; `manifest` is the hash of the plan it was made from."""

    camera: str
    kind: str
    period: str
    manifest: str
    key: str
    poster_key: str
    frames: int
    fps: int
    width: int
    height: int
    bytes: int
    made_at: datetime

    @property
    def seconds(self) -> float:
        return self.frames / self.fps
