"""The studio: a camera's films from its catalogued photos, piece by piece as a day goes, then joined, checked, put up.

A piece is named by all that decides its pixels, and kept in a folder: a run that comes after a kill, or after a late
photo, encodes what is missing. A film is put up when it has been checked; the one before it stands until then.
"""

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kootenay.adapters import clock
from kootenay.adapters.catalog import Catalog, Film, Photo
from kootenay.adapters.files import sha256_of
from kootenay.adapters.film import check, check_joined, encode, join
from kootenay.adapters.store import Store
from kootenay.errors import FilmError, UnlikePartsError
from kootenay.rules import naming
from kootenay.rules.daylight import Site
from kootenay.rules.film_periods import Part, Period, plan_period_film
from kootenay.rules.film_plan import FilmPlan, Frame, Piece, Profile, digest, fitted_fps, plan_day_film

KEEP_PIECES = timedelta(days=3)
"""A late photo that comes after this has its whole day encoded anew."""


@dataclass(frozen=True)
class Wish:
    """What films shall be like.

    `leave_out` are flags of photos not to show; `deflicker` evens out the light. A film of `seconds` is shown at the
    frames a second that come nearest to it, within `slowest` and `fastest`; 0 is the profile's own speed.
    """

    profile: Profile
    leave_out: tuple[str, ...] = ()
    deflicker: bool = True
    seconds: float = 0
    slowest: int = 6
    fastest: int = 60
    threads: int = 2

    def fps(self, frames: int) -> int:
        """Given how many frames a film has, return its speed."""
        return fitted_fps(frames, self.seconds, self.slowest, self.fastest) if self.seconds else self.profile.fps


@dataclass(frozen=True)
class Made:
    """A film that stands, whether it was made just now, and what a person should know of it."""

    film: Film
    fresh: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Studio:
    """Where one camera's films are made; `every` is the time between its slots."""

    camera: str
    every: timedelta
    site: Site
    wish: Wish
    catalog: Catalog
    store: Store
    folder: Path
    on_frame: Callable[[int, int], None] = field(default=lambda count, of: None)

    def day_plan(self, day: date) -> FilmPlan:
        """Given a local day, return the plan of its film as the catalog stands."""
        wish = self.wish
        frames = [self._frame(photo) for photo in self.catalog.day(self.camera, day)]
        every = self.every if wish.deflicker else None
        return plan_day_film(self.camera, day, frames, wish.profile, wish.leave_out, every, wish.fps(len(frames)))

    def settled(self, plan: FilmPlan) -> tuple[Piece, ...]:
        """Given the plan of a day that goes on, return the pieces that coming photos do not change."""
        return plan.settled() if self.wish.deflicker else plan.settled(0)

    def encode(self, pieces: Collection[Piece]) -> list[str]:
        """Encode those of the pieces that are not there yet; return what could not be shown, and why."""
        self._workplace()
        missing = [piece for piece in pieces if not self._path(piece).exists()]
        total, done, flaws = sum(len(piece.frames) for piece in missing), 0, []
        for piece in missing:
            flaws += self._encode(piece, done, total)
            done += len(piece.frames)
        return flaws

    def day_film(self, plan: FilmPlan, anew: bool = False) -> Made:
        """Given a day's plan, return its film, made if it does not stand, or `anew`. Raises FilmError if it is none."""
        if plan.why_not:
            raise FilmError(plan.why_not)
        standing = self.catalog.film(self.camera, plan.kind, plan.period)
        if standing and standing.manifest == plan.manifest and not anew:
            return Made(standing, fresh=False)
        if anew:
            self._forget(plan.pieces)
        flaws = self.encode(plan.pieces)
        pieces = [path for path in map(self._path, plan.pieces) if path.exists()]
        poster = plan.frames[len(plan.frames) // 2].key
        manifest = digest([plan.manifest, flaws]) if flaws else plan.manifest
        try:
            film = self._put_up(pieces, [], Film(**self._facts(plan.kind, plan.period, manifest, plan.fps, poster)))
        except UnlikePartsError:  # pieces of another release of the encoder
            return self.day_film(plan, anew=True)
        if flaws:
            self._forget(plan.pieces)  # the pictures may be whole again at the next try
        if film.frames + len(flaws) != len(plan.frames):
            msg = f"{film.frames} of {len(plan.frames)} frames"
            raise FilmError(msg)
        return Made(film, fresh=True, notes=(*flaws, *plan.warnings))

    def period_film(self, period: Period, anew: bool = False) -> Made | None:
        """Given a week, month or year, return its film, joined from its days' films; None where no day has one.

        Days whose film does not stand as they are now are made first.
        """
        plans = [plan for day in period.days if not (plan := self.day_plan(day)).why_not]
        days = [self.day_film(plan, anew) for plan in plans]
        parts = [
            Part(date.fromisoformat(plan.period), made.film.manifest, plan.profile.id, made.film.frames)
            for plan, made in zip(plans, days, strict=True)
        ]
        if not parts:
            return None
        speed = self.wish.fps(sum(part.frames for part in parts))
        whole = plan_period_film(self.camera, period, parts, self.wish.profile, speed)
        standing = self.catalog.film(self.camera, period.kind, period.name)
        if standing and standing.manifest == whole.manifest and not anew:
            return Made(standing, fresh=False)
        poster = days[len(days) // 2].film.poster_key
        film = Film(**self._facts(period.kind, period.name, whole.manifest, whole.fps, poster))
        with TemporaryDirectory(dir=self._workplace()) as folder:
            paths = [Path(folder, f"{part.day}.mp4") for part in parts]
            for path, made in zip(paths, days, strict=True):
                self.store.fetch(made.film.key, path)
            try:
                film = self._put_up(paths, [part.day.isoformat() for part in parts], film)
            except UnlikePartsError:
                if anew:
                    raise
                return self.period_film(period, anew=True)
        notes = tuple(note for made in days for note in made.notes)
        return Made(film, fresh=True, notes=notes)

    def tidy(self, now: datetime) -> None:
        """Remove pieces that are no longer of use, and what a kill left."""
        for path in self._workplace().iterdir():
            if now.timestamp() - path.stat().st_mtime > KEEP_PIECES.total_seconds():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def _frame(self, photo: Photo) -> Frame:
        """The smallest rendition that fills the canvas, or the largest there is."""
        sizes, width = photo.renditions, self.wish.profile.width
        shown = next((each for each in sizes if each.width >= width), sizes[-1])
        zone = self.site.local(photo.taken_at).tzname() or ""
        return Frame(photo.taken_at, shown.key, photo.offset_minutes, zone, photo.light, 1.0, photo.flags)

    def _encode(self, piece: Piece, done: int, total: int) -> list[str]:
        path = self._path(piece)
        encoded = encode(
            (self.store.get(frame.key) for frame in piece.frames),
            piece.frames,
            piece.profile,
            path,
            lambda count: self.on_frame(done + count, total),
            self.wish.threads,
        )
        if encoded.frames:
            try:
                check(path, encoded.frames, piece.profile)
            except FilmError:
                path.unlink()
                raise
        return [f"{piece.frames[index].caption} is not shown: {why}" for index, why in encoded.bad]

    def _put_up(self, parts: Sequence[Path], titles: Sequence[str], film: Film) -> Film:
        """Join parts to a film, check it, and put it in the place of the one before."""
        with TemporaryDirectory(dir=self._workplace()) as folder:
            path = Path(folder) / f"{film.period}.mp4"
            lengths = join(parts, path, self.wish.profile, titles, film.fps)
            check_joined(path, lengths, self.wish.profile, film.fps)
            key = naming.film_key(self.camera, film.kind, film.period, sha256_of(path))
            film = replace(film, key=key, frames=sum(lengths), bytes=path.stat().st_size)
            self.store.put_file(key, path)
        self.catalog.put_film(film)
        return film

    def _facts(self, kind: str, period: str, manifest: str, fps: int, poster: str) -> dict[str, Any]:
        profile = self.wish.profile
        return {
            "camera": self.camera,
            "kind": kind,
            "period": period,
            "manifest": manifest,
            "key": "",
            "poster_key": poster,
            "frames": 0,
            "fps": fps,
            "width": profile.width,
            "height": profile.height,
            "bytes": 0,
            "made_at": clock.now(),
        }

    def _path(self, piece: Piece) -> Path:
        return self.folder / f"{piece.name}.mp4"

    def _forget(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            self._path(piece).unlink(missing_ok=True)

    def _workplace(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder
