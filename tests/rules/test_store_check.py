"""What the check of the store finds, what it would do about it, and when it takes a catalog for a wrong one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from kootenay.rules import naming
from kootenay.rules.store_check import Copy, FilmRow, Kept, Month, Remedy, Row, findings_of, refusal

SLOT = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
DAY = date(2026, 6, 21)
STEP = timedelta(minutes=5)
FILM = "lake/films/day/2026-06-21_0123456789ab"


def key(number: int = 0, width: int = 320, digest: str = "0123456789ab") -> str:
    return naming.rendition_key("lake", DAY, SLOT + number * STEP, width, digest)


def place(number: int = 0) -> str:
    return naming.original_path("lake", DAY, SLOT + number * STEP, f"{number:064x}")


def month(count: int = 1, **changes: object) -> Month:
    """A month in which all is well, and changes."""
    rows = [
        Row(f"{number:064x}", place(number), SLOT + number * STEP, {key(number): 9, key(number, 640): 9})
        for number in range(count)
    ]
    objects = {each: 9 for row in rows for each in row.objects}
    originals = {row.place: Kept(row.place, Copy.WHOLE, Copy.ABSENT) for row in rows}
    return replace(Month("lake", rows, originals, objects, frozenset(objects)), **changes)  # type: ignore[arg-type]


def told(found: Month) -> list[tuple[str, str, Remedy]]:
    return [(each.kind, each.place, each.remedy) for each in findings_of(found)]


def without(objects: Mapping[str, int], *keys: str) -> dict[str, int]:
    return {each: size for each, size in objects.items() if each not in keys}


def test_where_all_agree_nothing_is_found() -> None:
    assert told(month(3)) == []
    assert told(Month("lake")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"objects": without(month().objects, key())}, id="missing"),
        pytest.param({"objects": month().objects | {key(): 8}}, id="of another size"),
        pytest.param({"damaged": frozenset({key()})}, id="damaged"),
    ],
)
def test_a_rendition_that_is_not_as_its_row_says_is_made_again(wrong: dict[str, object]) -> None:
    assert told(month(**wrong)) == [("renditions", place(), Remedy.REMAKE)]
    (finding,) = findings_of(month(**wrong))
    assert key() in finding.reason
    assert finding.sha256 == f"{0:064x}"


def test_a_photo_without_any_rendition_gets_them() -> None:
    bare = [replace(month().rows[0], objects={})]
    assert told(month(rows=bare, objects={}, old=frozenset())) == [("renditions", place(), Remedy.REMAKE)]


def test_without_an_original_nothing_is_made_and_nothing_is_deleted() -> None:
    lost = month(originals={}, objects=without(month().objects, key()))
    assert told(lost) == [
        ("missing original", place(), Remedy.NONE),
        ("renditions", place(), Remedy.NONE),
    ]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Copy.WHOLE, Copy.WHOLE, []),
        (Copy.ABSENT, Copy.WHOLE, []),
        (Copy.DAMAGED, Copy.WHOLE, [("damaged original", Remedy.RESTORE)]),
        (Copy.DAMAGED, Copy.ABSENT, [("damaged original", Remedy.NONE)]),
        (Copy.WHOLE, Copy.DAMAGED, [("damaged copy", Remedy.NONE)]),
        (Copy.DAMAGED, Copy.DAMAGED, [("damaged original", Remedy.NONE), ("damaged copy", Remedy.NONE)]),
    ],
)
def test_an_original_is_brought_back_only_from_a_whole_copy(
    first: Copy, second: Copy, expected: list[tuple[str, Remedy]]
) -> None:
    found = told(month(originals={place(): Kept(place(), first, second)}))
    assert [(kind, remedy) for kind, _, remedy in found] == expected


def test_an_original_that_the_catalog_does_not_know_is_taken_in() -> None:
    more = month().originals | {place(5): Kept(place(5), Copy.WHOLE, Copy.ABSENT)}
    assert told(month(originals=more)) == [("unknown original", place(5), Remedy.TAKE_IN)]
    broken = month().originals | {place(5): Kept(place(5), Copy.DAMAGED, Copy.ABSENT)}
    assert told(month(originals=broken)) == [("damaged original", place(5), Remedy.NONE)]
    both = month().originals | {place(5): Kept(place(5), Copy.DAMAGED, Copy.WHOLE)}
    assert [remedy for _, _, remedy in told(month(originals=both))] == [Remedy.RESTORE, Remedy.TAKE_IN]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        pytest.param(key(1), Remedy.DELETE, id="a rendition"),
        pytest.param(f"{FILM}.mp4", Remedy.DELETE, id="a film"),
        pytest.param("lake/films/week/2026-25_0123456789ab.mp4", None, id="a film of another kind"),
        pytest.param("lake/2026/06/21/holiday.jpg", None, id="somebody's own"),
        pytest.param(key(1).replace("lake/", "pier/"), None, id="another camera's"),
    ],
)
def test_only_what_kootenay_named_is_deleted_and_only_when_it_is_old(name: str, remedy: Remedy | None) -> None:
    objects = month().objects | {name: 5}
    assert told(month(objects=objects)) == []
    assert told(month(objects=objects, old=frozenset({name}))) == ([("unused object", name, remedy)] if remedy else [])


def test_a_films_objects_belong_to_it_and_a_missing_one_is_told_once() -> None:
    film = FilmRow(DAY, (f"{FILM}.mp4", f"{FILM}.jpg"))
    there = month().objects | dict.fromkeys(film.keys, 7)
    assert told(month(films=[film], objects=there, old=frozenset(there))) == []
    gone = without(there, f"{FILM}.jpg")
    assert told(month(films=[film], objects=gone)) == [("film", "2026-06-21", Remedy.MAKE_FILM)]
    assert told(month(films=[replace(film, awaited=True)], objects=gone)) == []


def test_a_plan_that_deletes_most_of_a_month_is_refused() -> None:
    full = month(4)
    for known in range(4):
        fewer = replace(full, rows=full.rows[:known], originals=dict(list(full.originals.items())[:known]))
        words = refusal(fewer, findings_of(fewer))
        assert bool(words) == (known < 2), known
    assert "delete_many=true" in refusal(replace(full, rows=[], originals={}), findings_of(replace(full, rows=[])))


def test_what_a_re_ingest_left_behind_may_be_most_of_a_month() -> None:
    full = month(4)
    left = {key(number, width, "ba9876543210"): 9 for number in range(4) for width in (320, 640, 1280)}
    after = replace(full, objects=dict(full.objects) | left, old=frozenset(left))
    assert len(told(after)) == 12
    assert refusal(after, findings_of(after)) == ""
    lost = replace(after, objects=left)
    assert refusal(lost, findings_of(lost)), "no row's own objects stand: it may be another catalog"
