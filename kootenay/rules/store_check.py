"""Whether catalog, store and archive agree about a camera's month; what does not, why, and what mends it.

Nothing is mended that Kootenay's own names do not cover, and no original is ever deleted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from kootenay.rules import naming

DAY_FILM = "day"


class Copy(StrEnum):
    """An original as one place of the archive has it."""

    ABSENT = "absent"
    WHOLE = "whole"
    DAMAGED = "damaged"


class Remedy(StrEnum):
    """What mends a finding, in the order in which they are applied."""

    RESTORE = "copied back from the second place"
    TAKE_IN = "taken in again"
    REMAKE = "made again from the original"
    DELETE = "deleted"
    MAKE_FILM = "made again by timelapse"
    POINT = "pointed anew"
    NONE = "none: a person has to look"


@dataclass(frozen=True)
class Row:
    """A catalogued photo: its original's hash and place, its slot, and its objects' keys with their bytes."""

    sha256: str
    place: str
    slot: datetime
    objects: Mapping[str, int]


@dataclass(frozen=True)
class FilmRow:
    """A day's film that the catalog has, and its objects' keys; an awaited one was told to be made again."""

    day: date
    keys: tuple[str, ...]
    awaited: bool = False


@dataclass(frozen=True)
class Kept:
    """An original that the archive has, in either place."""

    place: str
    first: Copy
    second: Copy

    @property
    def is_whole(self) -> bool:
        return Copy.WHOLE in (self.first, self.second)


@dataclass(frozen=True)
class Month:
    """What the three know of a camera's month.

    `objects` are renditions and films by key, with their bytes; `old` of them were written long enough ago that no
    ingest is at work on them, and `damaged` hold other bytes than their key says.
    """

    camera: str
    rows: Sequence[Row] = ()
    originals: Mapping[str, Kept] = field(default_factory=dict)
    objects: Mapping[str, int] = field(default_factory=dict)
    old: frozenset[str] = frozenset()
    damaged: frozenset[str] = frozenset()
    films: Sequence[FilmRow] = ()


@dataclass(frozen=True)
class Finding:
    """What does not agree: its kind, the key or place of it, why, and what mends it; `sha256` is the original's."""

    kind: str
    camera: str
    place: str
    reason: str
    remedy: Remedy
    sha256: str = ""


def findings_of(month: Month) -> list[Finding]:
    """Given what the three know of a month, return what does not agree, in the order in which it is mended."""
    found = [*_of_originals(month), *_of_rows(month), *_of_objects(month), *_of_films(month)]
    order = list(Remedy)
    return sorted(found, key=lambda each: (order.index(each.remedy), each.place))


def refusal(month: Month, findings: Iterable[Finding]) -> str:
    """Given a month and its findings, return why they look like those of a wrong catalog; "" when they do not.

    That renditions made anew leave earlier ones behind is no wonder, however many those are.
    """
    deleted = {each.place for each in findings if each.remedy is Remedy.DELETE}
    stand = {naming.stamp(row.slot) for row in month.rows if row.objects.keys() <= month.objects.keys()}
    replaced = {key for key in deleted if (name := naming.RENDITION_KEY.fullmatch(key)) and name["slot"] in stand}
    strange = len(deleted - replaced)
    if 2 * strange <= len(month.objects):
        return ""
    return (
        f"{strange} of the store's {len(month.objects)} objects of {month.camera} belong to no photo of this catalog: "
        "is it another host's, or a new one? Nothing was changed; delete_many=true does it all the same"
    )


def _of_originals(month: Month) -> Iterable[Finding]:
    of_row = {row.place: row.sha256 for row in month.rows}
    for kept in month.originals.values():
        sha256 = of_row.get(kept.place, "")
        if kept.first is Copy.DAMAGED:
            good = kept.second is Copy.WHOLE
            why = "its bytes are not those it was named for" + ("" if good else ", and no second place has it whole")
            yield Finding(
                "damaged original", month.camera, kept.place, why, Remedy.RESTORE if good else Remedy.NONE, sha256
            )
        if kept.second is Copy.DAMAGED:
            why = "the second place's bytes are not those it was named for"
            yield Finding("damaged copy", month.camera, kept.place, why, Remedy.NONE, sha256)
        if kept.place not in of_row and kept.is_whole:
            why = "the catalog does not know it"
            yield Finding("unknown original", month.camera, kept.place, why, Remedy.TAKE_IN)


def _of_rows(month: Month) -> Iterable[Finding]:
    for row in month.rows:
        kept = month.originals.get(row.place)
        if kept is None:
            why = "no place of the archive has it"
            yield Finding("missing original", month.camera, row.place, why, Remedy.NONE, row.sha256)
        wrong = [f"{key} {why}" for key, size in row.objects.items() if (why := _wrong(month, key, size))]
        if not row.objects:
            wrong = ["it has no renditions"]
        if wrong:
            whole = kept is not None and kept.is_whole
            why = "; ".join(wrong) + ("" if whole else "; nor is there a whole original to make them of")
            yield Finding(
                "renditions", month.camera, row.place, why, Remedy.REMAKE if whole else Remedy.NONE, row.sha256
            )


def _wrong(month: Month, key: str, size: int) -> str:
    if key not in month.objects:
        return "is missing"
    if key in month.damaged:
        return "holds other bytes than it is named for"
    return "" if month.objects[key] == size else f"has {month.objects[key]} bytes, not {size}"


def _of_objects(month: Month) -> Iterable[Finding]:
    used = {key for row in month.rows for key in row.objects} | {key for film in month.films for key in film.keys}
    for key in month.old - used:
        name = naming.RENDITION_KEY.fullmatch(key) or naming.FILM_KEY.fullmatch(key)
        if name and name["camera"] == month.camera and name.groupdict().get("kind", DAY_FILM) == DAY_FILM:
            yield Finding("unused object", month.camera, key, "no row of the catalog names it", Remedy.DELETE)


def _of_films(month: Month) -> Iterable[Finding]:
    for film in month.films:
        missing = [key for key in film.keys if key not in month.objects]
        if missing and not film.awaited:
            why = f"{' and '.join(missing)} not in the store"
            yield Finding("film", month.camera, film.day.isoformat(), why, Remedy.MAKE_FILM)
