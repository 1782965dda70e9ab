"""A check of the store mends what broke, for each way to break it; what it does again changes nothing."""

import hashlib
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kootenay.adapters.archive import Archive
from kootenay.adapters.archive.folder import FolderPlace
from kootenay.adapters.catalog import Film, Photo
from kootenay.adapters.checkup import Checkup
from kootenay.adapters.intake import Intake
from kootenay.rules.naming import film_key
from kootenay.rules.store_check import Finding, Remedy, findings_of, refusal
from tests.adapters.conftest import SLOT, names
from tests.adapters.intakes import arrive, intake_in, left_by, picture, take_all

DAY, MONTH = date(2026, 6, 21), date(2026, 6, 1)
SOON = datetime.now(UTC)
LATER = SOON + timedelta(days=2)
"""Everything a test writes has become old by then."""


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """Four photos in an archive of two folders."""
    for number in range(4):
        arrive(tmp_path, number)
    places = Archive(FolderPlace(tmp_path / "archive"), FolderPlace(tmp_path / "second"))
    intake = replace(intake_in(tmp_path), archive=places)
    assert len(take_all(intake)) == 4
    return intake


def check(intake: Intake, deep: bool = False, now: datetime = LATER) -> list[Finding]:
    checkup = Checkup(intake, deep)
    return [
        *(each for month in checkup.months("lake") for each in findings_of(checkup.month("lake", month, now))),
        *checkup.pointer("lake"),
    ]


def mend(intake: Intake, deep: bool = False, now: datetime = LATER) -> list[str]:
    return [why for each in check(intake, deep, now) if (why := Checkup(intake, deep).mend(each, now))]


def told(intake: Intake, deep: bool = False, now: datetime = LATER) -> list[tuple[str, Remedy]]:
    return [(each.kind, each.remedy) for each in check(intake, deep, now)]


def photos(intake: Intake) -> list[Photo]:
    return intake.catalog.day("lake", DAY)


def film(intake: Intake) -> Film:
    keys = [
        film_key("lake", "day", DAY.isoformat(), hashlib.sha256(b"film").hexdigest(), kind) for kind in ("mp4", "jpg")
    ]
    for key in keys:
        intake.store.put(key, b"film")
    made = Film("lake", "day", DAY.isoformat(), "a" * 64, keys[0], keys[1], 4, 12, 64, 48, 4, SLOT)
    intake.catalog.put_film(made)
    return made


def test_where_all_is_well_nothing_is_found_and_nothing_changes(intake: Intake, tmp_path: Path) -> None:
    film(intake)
    before = left_by(tmp_path)
    assert told(intake) == told(intake, deep=True) == []
    assert left_by(tmp_path) == before


@pytest.mark.parametrize(
    ("damage", "deep"),
    [
        pytest.param(None, False, id="missing"),
        pytest.param(b"short", False, id="cut"),
        pytest.param("bits", True, id="damaged without another size"),
    ],
)
def test_a_rendition_that_broke_is_made_again_byte_for_byte(
    intake: Intake, tmp_path: Path, damage: bytes | str | None, deep: bool
) -> None:
    before = left_by(tmp_path)
    path = tmp_path / "store" / photos(intake)[1].renditions[0].key
    content = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:] if damage == "bits" else b"short")
    if deep:
        assert told(intake) == []
    assert told(intake, deep) == [("renditions", Remedy.REMAKE)]
    assert mend(intake, deep) == []
    assert path.read_bytes() == content
    assert told(intake, deep=True) == []
    assert left_by(tmp_path) == before


def test_a_row_that_has_another_size_than_the_whole_object_is_put_right(intake: Intake) -> None:
    photo = photos(intake)[0]
    wrong = [replace(each, bytes=each.bytes + 1) for each in photo.renditions]
    intake.catalog.replace_renditions(photo.sha256, wrong)
    assert told(intake) == [("renditions", Remedy.REMAKE)]
    assert mend(intake) == []
    assert photos(intake)[0].renditions == photo.renditions
    assert told(intake) == []


def test_a_lost_original_is_told_and_deletes_nothing(intake: Intake, tmp_path: Path) -> None:
    photo = photos(intake)[0]
    for place in ("archive", "second"):
        (tmp_path / place / photo.archive_path).unlink()
    before = left_by(tmp_path)
    assert told(intake) == [("missing original", Remedy.NONE)]
    assert mend(intake) == []
    assert left_by(tmp_path) == before
    assert told(intake) == [("missing original", Remedy.NONE)]


def test_one_that_has_left_the_first_place_is_no_finding_and_serves(intake: Intake, tmp_path: Path) -> None:
    photo = photos(intake)[0]
    (tmp_path / "archive" / photo.archive_path).unlink()
    assert told(intake, deep=True) == []
    (tmp_path / "store" / photo.renditions[0].key).unlink()
    assert mend(intake) == []
    assert told(intake, deep=True) == []


@pytest.mark.parametrize(("damage", "deep"), [(b"short", False), ("bits", True)])
def test_a_damaged_original_comes_back_and_what_was_there_is_kept_aside(
    intake: Intake, tmp_path: Path, damage: bytes | str, deep: bool
) -> None:
    photo = photos(intake)[0]
    path = tmp_path / "archive" / photo.archive_path
    content = path.read_bytes()
    broken = content[:-1] + b"!" if isinstance(damage, str) else damage
    path.write_bytes(broken)
    assert told(intake, deep) == [("damaged original", Remedy.RESTORE)]
    assert mend(intake, deep) == []
    assert path.read_bytes() == content
    assert [each.read_bytes() for each in path.parent.glob("*.damaged")] == [broken]
    assert told(intake, deep=True) == []


def test_a_damaged_second_copy_is_told_and_left_alone(intake: Intake, tmp_path: Path) -> None:
    path = tmp_path / "second" / photos(intake)[0].archive_path
    path.write_bytes(b"rotten")
    assert told(intake) == [("damaged copy", Remedy.NONE)]
    assert mend(intake) == []
    assert path.read_bytes() == b"rotten"


def test_an_object_without_a_row_goes_when_it_is_old_and_nobody_elses_does(intake: Intake, tmp_path: Path) -> None:
    used = photos(intake)[0].renditions[0].key
    spare = used.replace(used[-16:], "0123456789ab.jpg")
    theirs = f"{os.path.dirname(used)}/holiday.jpg"  # noqa: PTH120 (a key is no path)
    kept = film(intake)
    old_film = film_key("lake", "day", "2026-06-21", "f" * 64)
    for key in (spare, theirs, old_film):
        intake.store.put(key, b"content")
    assert told(intake, now=SOON) == []
    assert sorted(each.place for each in check(intake)) == sorted([spare, old_film])
    assert mend(intake) == []
    assert [intake.store.has(key) for key in (used, spare, theirs, old_film, kept.key)] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert told(intake, deep=True) == []


def test_an_object_that_got_its_row_after_the_plan_was_made_stays(intake: Intake) -> None:
    photo = photos(intake)[0]
    intake.catalog.replace_renditions(photo.sha256, photo.renditions[1:])
    (finding,) = (each for each in check(intake) if each.kind == "unused object")
    intake.catalog.replace_renditions(photo.sha256, photo.renditions)
    assert Checkup(intake).mend(finding, LATER) == ""
    assert intake.store.has(finding.place)


def test_an_original_without_a_row_is_taken_in_with_its_slot_and_day(intake: Intake, tmp_path: Path) -> None:
    before, lost = left_by(tmp_path), photos(intake)[2]
    intake.catalog.remove(lost.sha256)
    assert told(intake, now=SOON) == [("unknown original", Remedy.TAKE_IN)]
    assert mend(intake, now=SOON) == []
    found = photos(intake)[2]
    assert (found.sha256, found.slot, found.archive_path) == (lost.sha256, lost.slot, lost.archive_path)
    assert (found.renditions, found.light, found.recipe) == (lost.renditions, lost.light, lost.recipe)
    assert (found.taken_at, found.time_source) == (lost.slot, "name")
    assert told(intake) == []
    after = left_by(tmp_path)
    assert {name for name in after if name != "rows"} == {name for name in before if name != "rows"}


def test_a_broken_original_without_a_row_is_no_photo_and_is_told(intake: Intake, tmp_path: Path) -> None:
    content = picture(9)[:-300]
    digest = hashlib.sha256(content).hexdigest()
    place = f"lake/2026/06/21/lake_20260621T230000Z_{digest[:8]}.jpg"
    for root in ("archive", "second"):
        (tmp_path / root / place).write_bytes(content)
    (why,) = mend(intake)
    assert digest[:8] in why
    assert len(photos(intake)) == 4


def test_the_pointer_is_put_right_when_it_names_what_is_not_there(intake: Intake, tmp_path: Path) -> None:
    newest = photos(intake)[-1]
    intake.catalog.remove(newest.sha256)
    for place in ("archive", "second"):
        (tmp_path / place / newest.archive_path).unlink()
    intake.store.delete([each.key for each in newest.renditions])
    assert told(intake) == [("latest", Remedy.POINT)]
    assert mend(intake) == []
    latest = intake.store.latest("lake")
    assert latest is not None
    assert latest.taken_at == photos(intake)[-1].taken_at
    assert told(intake) == []
    intake.store.delete(["latest/lake.json"])
    assert told(intake) == [("latest", Remedy.POINT)]
    assert mend(intake) == []
    assert intake.store.latest("lake") == latest


def test_a_film_that_is_gone_is_asked_for_again(intake: Intake) -> None:
    made = film(intake)
    (mark,) = intake.catalog.changed_days("lake")
    intake.catalog.unmark_day("lake", DAY, mark.change)
    intake.store.delete([made.key])
    assert told(intake) == [("film", Remedy.MAKE_FILM)]
    assert mend(intake) == []
    assert told(intake) == []
    standing = intake.catalog.film("lake", "day", DAY.isoformat())
    assert standing is not None
    assert standing.manifest != made.manifest
    assert [each.local_date for each in intake.catalog.changed_days("lake")] == [DAY]


def test_an_empty_catalog_is_taken_for_a_wrong_one_and_a_listing_that_fails_is_an_error(
    intake: Intake, tmp_path: Path
) -> None:
    other = replace(intake_in(tmp_path, f"sqlite:///{tmp_path / 'other.db'}"), archive=intake.archive)
    month = Checkup(other).month("lake", MONTH, LATER)
    assert "belong to no photo of this catalog" in refusal(month, findings_of(month))
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="cannot be listed"):
        check(intake)
    assert names(tmp_path / "elsewhere")


def test_new_sizes_leave_the_old_ones_to_the_next_check(intake: Intake) -> None:
    larger = replace(intake, wish=replace(intake.wish, widths=(80, 32)))
    photo = photos(intake)[-1]
    intake.store.delete([photo.renditions[0].key])
    assert mend(larger) == []
    assert [each.width for each in photos(intake)[-1].renditions] == [32, 80]
    latest = intake.store.latest("lake")
    assert latest is not None
    assert [each.width for each in latest.sizes] == [32, 80]
    assert told(larger) == [("unused object", Remedy.DELETE)]
    assert mend(larger) == []
    assert told(larger, deep=True) == []
