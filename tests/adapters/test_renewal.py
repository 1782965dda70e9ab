"""A photo made again from its original: by new settings, where a kill left off, or into an empty catalog."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from PIL import Image

from kootenay.adapters import renewal
from kootenay.adapters.catalog import Photo, open_catalog
from kootenay.adapters.intake import Intake
from kootenay.adapters.renewal import Renewed, adopt, days_with_photos, renew, renew_chunk
from kootenay.errors import ArchiveError, StoreError
from kootenay.rules.reingest import Chunk
from tests.adapters.conftest import SLOT, STEP, jpeg, names
from tests.adapters.intakes import NOW, arrive, intake_in, picture, take_all

DAY = date(2026, 6, 21)
CHUNK = Chunk("lake", DAY, DAY, 4)


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    for number in range(4):
        arrive(tmp_path, number)
    intake = intake_in(tmp_path)
    assert len(take_all(intake)) == 4
    return intake


def photos(intake: Intake) -> list[Photo]:
    return intake.catalog.day("lake", DAY)


def larger(intake: Intake) -> Intake:
    return replace(intake, wish=replace(intake.wish, widths=(80, 40)))


def test_new_sizes_come_and_the_old_ones_stand(intake: Intake, tmp_path: Path) -> None:
    before = photos(intake)
    (mark,) = intake.catalog.changed_days("lake")
    intake.catalog.unmark_day("lake", DAY, mark.change)
    assert renew_chunk(intake, CHUNK, NOW) == Renewed(done=4)
    assert intake.catalog.changed_days("lake") == []
    assert renew_chunk(larger(intake), CHUNK, NOW) == Renewed(made=4)
    for was, photo in zip(before, photos(intake), strict=True):
        assert [each.width for each in photo.renditions] == [40, 80]
        assert (photo.taken_at, photo.sha256, photo.by) == (was.taken_at, was.sha256, was.by)
        for each in photo.renditions:
            with Image.open(tmp_path / "store" / each.key) as image:
                assert image.size == (each.width, each.height)
        assert all(intake.store.has(each.key) for each in was.renditions)
    assert [each.local_date for each in intake.catalog.changed_days("lake")] == [DAY]
    assert renew_chunk(larger(intake), CHUNK, NOW) == Renewed(done=4)
    assert renew_chunk(intake, CHUNK, NOW) == Renewed(made=4)
    assert photos(intake) == before


def test_what_broke_off_goes_on_where_it_was(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    whole = renewal.make_renditions

    def breaks_off(content: bytes, name: str, wish: object) -> object:
        if len(made) == 2:
            msg = "the store is away"
            raise StoreError(msg)
        made.append(name)
        return whole(content, name, wish)  # type: ignore[arg-type]

    monkeypatch.setattr(renewal, "make_renditions", breaks_off)
    with pytest.raises(StoreError):
        renew_chunk(larger(intake), CHUNK, NOW)
    monkeypatch.setattr(renewal, "make_renditions", whole)
    assert renew_chunk(larger(intake), CHUNK, NOW) == Renewed(made=2, done=2)


def test_an_archive_fills_an_empty_catalog(intake: Intake, tmp_path: Path) -> None:
    before = photos(intake)
    (tmp_path / "archive" / "lake/2026/06/21/notes.txt").write_text("whose?")
    raw = (tmp_path / "archive" / before[0].archive_path).with_suffix(".nef")
    raw.write_bytes(b"raw")
    fresh = replace(intake, catalog=open_catalog(f"sqlite:///{tmp_path / 'fresh.db'}"))
    assert days_with_photos(fresh, "lake", date.min, date.max) == {DAY: None}
    assert renew_chunk(fresh, CHUNK, NOW) == Renewed(taken_in=4)
    for was, photo in zip(before, photos(fresh), strict=True):
        same = replace(photo, taken_at=was.taken_at, time_source=was.time_source, elevation=was.elevation)
        assert replace(same, boost=was.boost) == was
        assert was.elevation == pytest.approx(photo.elevation, abs=10)
    assert renew_chunk(fresh, CHUNK, NOW) == Renewed(done=4)
    assert days_with_photos(fresh, "lake", date.min, date.max) == {DAY: 4}


def test_one_bad_original_holds_up_no_other(intake: Intake, tmp_path: Path) -> None:
    first, second, *_ = photos(intake)
    (tmp_path / "archive" / first.archive_path).unlink()
    (tmp_path / "archive" / second.archive_path).write_bytes(b"rotten")
    result = renew_chunk(larger(intake), CHUNK, NOW)
    assert (result.made, len(result.troubles)) == (2, 2)
    assert "the archive has no" in result.troubles[0]
    assert "other bytes than it was named for" in result.troubles[1]
    assert not any("\n" in trouble for trouble in result.troubles)
    assert photos(intake)[:2] == [first, second]


def test_a_damaged_object_of_the_same_key_is_put_right(intake: Intake, tmp_path: Path) -> None:
    photo = photos(intake)[0]
    path = tmp_path / "store" / photo.renditions[0].key
    content = path.read_bytes()
    path.write_bytes(b"rotten")
    assert renew(intake, photo) == photo
    assert path.read_bytes() == content


def test_only_originals_of_our_cameras_are_taken_in(intake: Intake, tmp_path: Path) -> None:
    stem = f"pier_20260621T200000Z_{'0' * 8}"
    for place in (f"pier/2026/06/21/{stem}.jpg", "lake/2026/06/21/holiday.jpg"):
        with pytest.raises(ArchiveError, match="left alone"):
            adopt(intake, place, NOW)
    assert adopt(intake, photos(intake)[0].archive_path, NOW) is None


def test_exif_tells_the_second_within_the_slot(intake: Intake, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:06:21 15:00:09"
    arrive(tmp_path, slot=SLOT + 24 * STEP, content=jpeg(96, 72, exif=exif))
    take_all(intake)
    photo = photos(intake)[-1]
    intake.catalog.remove(photo.sha256)
    found = adopt(intake, photo.archive_path, NOW)
    assert found is not None
    assert (found.taken_at, found.time_source) == (SLOT + 24 * STEP + timedelta(seconds=9), "exif")


def test_days_are_those_of_catalog_and_archive_within_the_span(intake: Intake, tmp_path: Path) -> None:
    other = arrive(tmp_path, slot=SLOT + timedelta(days=40), content=picture(9))
    take_all(intake)
    (path,) = (tmp_path / "archive").rglob(f"{other}.jpg")
    path.unlink()
    path.parent.rmdir()
    (tmp_path / "archive" / "lake" / "2026" / "06" / "30").mkdir()
    late = DAY + timedelta(days=40)
    assert days_with_photos(intake, "lake", date.min, date.max) == {DAY: 4, date(2026, 6, 30): None, late: 1}
    assert days_with_photos(intake, "lake", DAY, DAY) == {DAY: 4}
    assert days_with_photos(intake, "lake", late, late) == {late: 1}
    assert days_with_photos(intake, "lake", DAY + timedelta(days=1), late - timedelta(days=1)) == {
        date(2026, 6, 30): None
    }
    assert days_with_photos(intake, "pier", date.min, date.max) == {}
    assert names(tmp_path / "incoming")
