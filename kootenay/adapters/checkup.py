"""A camera's month as catalog, store and archive have it, and the mending of what does not agree.

The archive is listed first, then the catalog is read, then the store is listed: what an ingest does meanwhile is then
never missing anywhere. What is about to be deleted or taken in is asked for once more before it is.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kootenay.adapters.catalog import Film, Photo
from kootenay.adapters.intake import Intake
from kootenay.adapters.renewal import adopt, renew
from kootenay.adapters.store import pointer_key
from kootenay.errors import KootenayError
from kootenay.rules import naming
from kootenay.rules.keeping import Original
from kootenay.rules.store_check import DAY_FILM, Copy, FilmRow, Finding, Kept, Month, Remedy, Row

ONE_DAY = timedelta(days=1)
YOUNG = ONE_DAY
"""How long an object without a row is left alone: an ingest, a film or a re-ingest may be at work on its row."""


@dataclass(frozen=True)
class Checkup:
    """The three places; `deep` reads every byte, or asks S3 for its own hash of them."""

    intake: Intake
    deep: bool = False

    def months(self, camera: str) -> list[date]:
        """Given a camera, return the first day of every month that catalog or archive know anything of, in order."""
        catalog, archive = self.intake.catalog, self.intake.archive
        known = archive.days(camera)
        known += filter(None, (catalog.days_around(camera, date.min)[1], catalog.days_around(camera, date.max)[0]))
        months = [min(known).replace(day=1)] if known else []
        while months and (following := after(months[-1])) <= max(known):
            months.append(following)
        return months

    def month(self, camera: str, first: date, now: datetime) -> Month:
        """Given a camera and the first day of a month, return what the three have of it."""
        catalog, store, archive = self.intake.catalog, self.intake.store, self.intake.archive
        last = after(first) - ONE_DAY
        listed = [each for each in archive.between(camera, first, last) if each.place.endswith(".jpg")]
        photos = list(catalog.between(camera, first, last))
        prefixes = (f"{naming.day_folder(camera, first)[:-2]}", f"{camera}/films/{DAY_FILM}/{first:%Y-%m}-")
        objects = {key: size for prefix in prefixes for key, size in store.list(prefix)}
        rows = [_row(each) for each in photos]
        films = self._films(camera, {each.local_date for each in photos} | _periods(objects))
        sizes = {key: size for row in rows for key, size in row.objects.items()}
        named = sizes | dict.fromkeys((key for film in films for key in film.keys), 0)
        objects |= {key: named[key] for key in named if not key.startswith(prefixes) and store.has(key)}
        old: set[str] = set()
        if objects.keys() - named.keys():
            old = {key for prefix in prefixes for key, _ in store.list(prefix, before=now - YOUNG)}
        return Month(
            camera,
            rows,
            self._originals(listed, photos),
            objects,
            frozenset(old & objects.keys()),
            frozenset(key for key in objects if self._is_damaged(key, objects[key], sizes.get(key, objects[key]))),
            films,
        )

    def pointer(self, camera: str) -> list[Finding]:
        """Given a camera, return what is wrong with its `latest` pointer."""
        said, photo = self.intake.store.latest(camera), self.intake.catalog.latest(camera)
        if photo is None or not photo.renditions:
            return []
        keys = {each.key for each in said.sizes} if said else set()
        if said and said.taken_at == photo.taken_at and keys == {each.key for each in photo.renditions}:
            return []
        if said and said.taken_at < photo.taken_at and all(map(self.intake.store.has, keys)):
            return []  # an ingest has just added its row, and is about to point to it
        why = f"it names no photo of the catalog's, whose latest is of {photo.taken_at:%Y-%m-%d %H:%M}Z"
        return [Finding("latest", camera, pointer_key(camera), why, Remedy.POINT)]

    def mend(self, finding: Finding, now: datetime) -> str:
        """Mend one finding, if it is still so; return why it could not be, or ""."""
        try:
            self._mend(finding, now)
        except (KootenayError, OSError) as error:
            return str(error)
        return ""

    def _mend(self, finding: Finding, now: datetime) -> None:
        catalog, archive = self.intake.catalog, self.intake.archive
        match finding.remedy:
            case Remedy.RESTORE:
                archive.restore(finding.place, finding.sha256 or archive.second_sha256(finding.place))
            case Remedy.TAKE_IN:
                adopt(self.intake, finding.place, now)
            case Remedy.REMAKE:
                photo = catalog.by_sha256(finding.sha256)
                if photo is not None:
                    renew(self.intake, photo)
                    self.intake.point_latest(finding.camera)
            case Remedy.DELETE:
                if not self._is_used(finding.camera, finding.place):
                    self.intake.store.delete([finding.place])
            case Remedy.MAKE_FILM:
                self._forget_film(finding.camera, date.fromisoformat(finding.place))
            case Remedy.POINT:
                said, photo = self.intake.store.latest(finding.camera), catalog.latest(finding.camera)
                if said and photo and said.taken_at > photo.taken_at:
                    self.intake.store.delete([finding.place])
                self.intake.point_latest(finding.camera)

    def _originals(self, listed: Iterable[Original], photos: Iterable[Photo]) -> dict[str, Kept]:
        rows = {each.archive_path: each for each in photos}
        kept = {each.place: self._kept(each, rows.get(each.place)) for each in listed}
        for place in rows.keys() - kept.keys():
            first, second = self._copies(place, rows[place].sha256)
            kept |= {} if first is second is Copy.ABSENT else {place: Kept(place, first, second)}
        return kept

    def _kept(self, original: Original, photo: Photo | None) -> Kept:
        """Sizes tell for a start; a copy that looks wrong by them, or is to be looked at deeply, tells by its bytes."""
        archive, place = self.intake.archive, original.place
        look = self.deep or (photo is not None and photo.bytes != original.bytes)
        name = naming.PHOTO_STEM.fullmatch(place.rpartition("/")[2].removesuffix(".jpg"))
        sha256 = photo.sha256 if photo else name["hash"] if name else ""
        first, second = (Copy.WHOLE if has else Copy.ABSENT for has in (original.here, original.elsewhere))
        if look:
            first, second = self._copies(place, sha256)
        elif archive.second and not original.elsewhere:
            second = _copy(archive.second_sha256(place), sha256)
        return Kept(place, first, second)

    def _copies(self, place: str, sha256: str) -> tuple[Copy, Copy]:
        archive = self.intake.archive
        return _copy(archive.first_sha256(place), sha256), _copy(archive.second_sha256(place), sha256)

    def _is_damaged(self, key: str, size: int, said: int) -> bool:
        if not self.deep and size == said:
            return False
        name = naming.RENDITION_KEY.fullmatch(key) or naming.FILM_KEY.fullmatch(key)
        return name is not None and not (self.intake.store.sha256(key) or name["hash"]).startswith(name["hash"])

    def _films(self, camera: str, days: Iterable[date]) -> list[FilmRow]:
        films = ((day, self.intake.catalog.film(camera, DAY_FILM, day.isoformat())) for day in sorted(days))
        return [FilmRow(day, (film.key, film.poster_key), not film.manifest) for day, film in films if film]

    def _forget_film(self, camera: str, day: date) -> None:
        """A film without a manifest is one of no plan, so timelapse makes it anew."""
        film: Film | None = self.intake.catalog.film(camera, DAY_FILM, day.isoformat())
        if film is not None:
            self.intake.catalog.put_film(replace(film, manifest=""))
            self.intake.catalog.mark_day(camera, day)

    def _is_used(self, camera: str, key: str) -> bool:
        if film := naming.FILM_KEY.fullmatch(key):
            found = self.intake.catalog.film(camera, film["kind"], film["period"])
            return found is not None and key in (found.key, found.poster_key)
        name = naming.RENDITION_KEY.fullmatch(key)
        slot = naming.slot_of(f"{camera}_{name['slot']}_{'0' * 8}") if name else None
        if slot is None:
            return True
        return key in {each.key for photo in self.intake.catalog.of_slot(camera, slot) for each in photo.renditions}


def after(month: date) -> date:
    """Given the first day of a month, return that of the next."""
    return (month + 31 * ONE_DAY).replace(day=1)


def _row(photo: Photo) -> Row:
    return Row(photo.sha256, photo.archive_path, photo.slot, {each.key: each.bytes for each in photo.renditions})


def _periods(objects: Iterable[str]) -> set[date]:
    """Return the days of films; what only looks like a day's is no film of ours."""
    days = set()
    for film in filter(None, map(naming.FILM_KEY.fullmatch, objects)):
        with contextlib.suppress(ValueError):
            days.add(date.fromisoformat(film["period"]))
    return days


def _copy(found: str, sha256: str) -> Copy:
    if not found:
        return Copy.ABSENT
    return Copy.WHOLE if found.startswith(sha256) else Copy.DAMAGED
