"""What the catalog promises, on SQLite and on a real MariaDB: a photo is one row, and pages are in order."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from kootenay.adapters.catalog import Catalog, ChangedDay, Photo, Rendition, open_catalog
from kootenay.errors import CatalogError
from kootenay.rules.gaps import CameraDay, Gap
from kootenay.rules.host_status import Backlog, HostStatus
from kootenay.rules.slots import SlotState
from tests.adapters.catalogs import DAY, at_once, film, photo
from tests.adapters.conftest import SLOT, STEP


def test_a_photo_comes_back_as_it_was_added(catalog: Catalog) -> None:
    assert catalog.add_photo(photo())
    assert catalog.latest("lake") == photo()
    assert catalog.has_photo(photo().sha256)
    assert not catalog.has_photo(photo(1).sha256)


def test_times_come_back_aware_in_utc_with_milliseconds(catalog: Catalog) -> None:
    zone = SLOT.astimezone().tzinfo
    catalog.add_photo(photo(taken_at=datetime(2026, 6, 21, 20, 0, 1, 987_000, tzinfo=UTC).astimezone(zone)))
    found = catalog.latest("lake")
    assert found is not None
    assert found.taken_at == datetime(2026, 6, 21, 20, 0, 1, 987_000, tzinfo=UTC)
    assert found.taken_at.utcoffset() == found.slot.utcoffset() == timedelta(0)


def test_what_was_measured_and_who_took_it_comes_back_too(catalog: Catalog) -> None:
    whole = photo(
        name="DSC_0001.JPG",
        by="guard",
        clock_trusted=False,
        light=111.5,
        contrast=42.0,
        black=0.0,
        white=0.25,
        sharpness=0.37,
        difference=0.5,
        same=0.125,
        flags=("dark", "frozen"),
        signature=bytes(range(192)),
    )
    catalog.add_photo(whole)
    assert catalog.by_sha256(whole.sha256) == whole
    assert catalog.by_sha256(photo(1).sha256) is None


@pytest.mark.parametrize(
    ("arrived", "kept"),
    [
        pytest.param("фото 🏔.jpg", "фото 🏔.jpg", id="unicode"),
        pytest.param("bad\udcff.jpg", "bad\\udcff.jpg", id="no UTF-8"),
        pytest.param("ä" * 300, "ä" * 255, id="too long"),
        pytest.param("a\nb'; drop table photos; --", "a\nb'; drop table photos; --", id="hostile"),
    ],
)
def test_a_photo_may_arrive_under_any_name(catalog: Catalog, arrived: str, kept: str) -> None:
    catalog.add_photo(photo(name=arrived))
    assert catalog.latest("lake") == photo(name=kept)


def test_a_measure_that_is_no_number_was_not_measured(catalog: Catalog) -> None:
    catalog.add_photo(photo(light=float("nan"), sharpness=float("inf")))
    assert catalog.latest("lake") == photo()


def test_other_bytes_for_the_same_slot_are_kept_beside_the_first(catalog: Catalog) -> None:
    other = photo(1, slot=photo(0).slot)
    assert catalog.add_photo(photo(0))
    assert catalog.add_photo(other)
    assert catalog.of_slot("lake", photo(0).slot) == [photo(0), other]
    assert catalog.of_slot("pier", photo(0).slot) == []


def test_a_photo_added_twice_is_one_row(catalog: Catalog) -> None:
    assert catalog.add_photo(photo())
    assert not catalog.add_photo(photo())
    assert not catalog.add_photo(photo(5, sha256=photo().sha256))
    assert catalog.day("lake", DAY) == [photo()]


def test_photos_added_at_once_are_one_row_each_and_no_error(catalog: Catalog) -> None:
    for number in range(10):
        assert sorted(map(str, at_once(3, lambda _, number=number: catalog.add_photo(photo(number))))) == [
            "False",
            "False",
            "True",
        ]
    assert catalog.day("lake", DAY) == [photo(number) for number in range(10)]


def test_a_photo_without_renditions_is_a_photo(catalog: Catalog) -> None:
    assert catalog.add_photo(photo(renditions=()))
    assert catalog.latest("lake") == photo(renditions=())


def test_a_photo_that_cannot_be_written_whole_leaves_no_row(catalog: Catalog) -> None:
    size = photo().renditions[0]
    with pytest.raises(sa.exc.IntegrityError):
        catalog.add_photo(photo(renditions=(size, size)))
    assert not catalog.has_photo(photo().sha256)
    assert catalog.recent_days("lake", 9) == {}


def test_the_latest_photo_is_the_one_taken_last_not_the_one_that_came_last(catalog: Catalog) -> None:
    for number in (1, 7, 3, 0):
        catalog.add_photo(photo(number))
    catalog.add_photo(photo(9, camera="pier"))
    assert catalog.latest("lake") == photo(7)


def test_a_camera_without_photos_has_no_latest_and_no_days(catalog: Catalog) -> None:
    catalog.add_photo(photo())
    assert catalog.latest("pier") is None
    assert catalog.day("pier", DAY) == []
    assert catalog.recent_days("pier", 9) == {}


def test_a_day_is_in_the_order_taken_to_the_millisecond(catalog: Catalog) -> None:
    def late(number: int) -> Photo:
        return photo(number, taken_at=SLOT + timedelta(milliseconds=number))

    for number in (4, 0, 3, 1, 2):
        catalog.add_photo(late(number))
    assert catalog.day("lake", DAY) == [late(number) for number in range(5)]


def test_a_day_is_the_local_one_that_was_written_down(catalog: Catalog) -> None:
    catalog.add_photo(photo(1, local_date=DAY - timedelta(days=1)))
    catalog.add_photo(photo(2))
    assert catalog.day("lake", DAY) == [photo(2)]


def days_with_photos(catalog: Catalog, counts: dict[date, int]) -> None:
    fresh = itertools.count()
    for day, number in counts.items():
        for _ in range(number):
            noon = datetime.combine(day, SLOT.timetz()) + next(fresh) * STEP
            catalog.add_photo(photo(next(fresh), slot=noon, taken_at=noon, local_date=day))
    catalog.add_photo(photo(0, camera="pier", local_date=DAY - timedelta(days=2)))


COUNTS = {
    date(2025, 12, 31): 2,
    date(2026, 6, 1): 1,
    DAY - timedelta(days=1): 1,
    DAY: 3,
    date(2026, 6, 30): 1,
    date(2026, 7, 1): 2,
}


def test_recent_days_are_counted_the_newest_first(catalog: Catalog) -> None:
    days_with_photos(catalog, COUNTS)
    newest_first = list(reversed(COUNTS.items()))
    for count in (1, 2, 4, 6, 99):
        assert list(catalog.recent_days("lake", count).items()) == newest_first[:count]


def test_a_month_has_its_days_and_no_others(catalog: Catalog) -> None:
    days_with_photos(catalog, COUNTS)
    june = [date(2026, 6, 1), DAY - timedelta(days=1), DAY, date(2026, 6, 30)]
    assert list(catalog.month_counts("lake", 2026, 6).items()) == [(day, COUNTS[day]) for day in june]
    assert catalog.month_counts("lake", 2025, 12) == {date(2025, 12, 31): 2}
    assert catalog.month_counts("lake", 2026, 1) == {}


@pytest.mark.parametrize(
    ("day", "around"),
    [
        pytest.param(DAY, (DAY - timedelta(days=1), date(2026, 6, 30)), id="between"),
        pytest.param(date(2026, 3, 1), (date(2025, 12, 31), date(2026, 6, 1)), id="in a gap"),
        pytest.param(date(2025, 12, 31), (None, date(2026, 6, 1)), id="first"),
        pytest.param(date.max, (date(2026, 7, 1), None), id="future"),
        pytest.param(date.min, (None, date(2025, 12, 31)), id="past"),
    ],
)
def test_the_days_around_are_the_nearest_with_photos(
    catalog: Catalog, day: date, around: tuple[date | None, date | None]
) -> None:
    days_with_photos(catalog, COUNTS)
    assert catalog.days_around("lake", day) == around
    assert catalog.days_around("nobody", day) == (None, None)


def test_the_latest_of_many_cameras_is_that_of_each(catalog: Catalog) -> None:
    for number, camera in enumerate(("lake", "pier", "lake", "ridge", "pier")):
        catalog.add_photo(photo(number, camera))
    found = catalog.latest_of(["ridge", "nobody", "lake"])
    assert list(found.items()) == [("ridge", photo(3, "ridge")), ("lake", photo(2))]
    assert catalog.latest_of([]) == {}


def test_the_photo_before_is_the_last_one_taken_earlier(catalog: Catalog) -> None:
    for number in (3, 1, 2):
        catalog.add_photo(photo(number))
    catalog.add_photo(photo(2, camera="pier"))
    assert catalog.photo_before("lake", photo(3).taken_at) == photo(2)
    assert catalog.photo_before("lake", photo(9).taken_at) == photo(3)
    assert catalog.photo_before("lake", photo(1).taken_at) is None


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_a_walk_meets_every_photo_once_in_order_however_long_its_pages(catalog: Catalog, page: int) -> None:
    moment = SLOT + timedelta(seconds=5)
    expected = [
        *(photo(number, local_date=DAY - timedelta(days=9)) for number in range(2)),
        *(photo(number, taken_at=moment) for number in range(2, 7)),  # all at the same instant
        photo(7, taken_at=moment + STEP),
        photo(8, local_date=DAY + timedelta(days=30)),
    ]
    outside = [photo(20, local_date=DAY - timedelta(days=10)), photo(21, local_date=DAY + timedelta(days=31))]
    for each in (*expected, *outside, photo(3, camera="pier")):
        catalog.add_photo(each)
    span = (DAY - timedelta(days=9), DAY + timedelta(days=30))
    assert list(catalog.between("lake", *span, page=page)) == expected
    assert list(catalog.between("nobody", *span, page=page)) == []


def test_a_walk_may_take_out_what_it_meets(catalog: Catalog) -> None:
    for number in range(7):
        catalog.add_photo(photo(number))
    met = []
    for each in catalog.between("lake", DAY, DAY, page=2):
        met.append(each)
        catalog.remove(each.sha256)
    assert met == [photo(number) for number in range(7)]
    assert catalog.latest("lake") is None


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(6)))
def test_pages_do_not_depend_on_the_order_of_arrival(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    catalog = open_catalog(f"sqlite:///{tmp_path_factory.mktemp('any') / 'catalog.db'}")
    for number in order:
        catalog.add_photo(photo(number))
    assert catalog.day("lake", DAY) == [photo(number) for number in range(6)]
    catalog.engine.dispose()


def test_a_film_takes_the_place_of_the_one_before(catalog: Catalog) -> None:
    first, second = film(), film(manifest="b" * 64, key="other.mp4", frames=97, made_at=SLOT + STEP)
    others = [film(camera="pier"), film(kind="week"), film(period="2026-06-22")]
    for each in (first, *others, second, second):
        catalog.put_film(each)
    assert catalog.film("lake", "day", "2026-06-21") == second
    assert [catalog.film(each.camera, each.kind, each.period) for each in others] == others
    assert catalog.film("pier", "week", "2026-06-21") is None


def test_films_put_at_once_leave_one_of_them_and_no_error(catalog: Catalog) -> None:
    for round_ in range(8):
        rivals = [film(period=str(round_), manifest=str(number) * 64) for number in range(4)]
        assert at_once(4, lambda number, rivals=rivals: catalog.put_film(rivals[number])) == [None] * 4
        assert catalog.film("lake", "day", str(round_)) in rivals


def status(camera: str = "lake", minutes: float = 0, reason: str = "hung") -> HostStatus:
    said_at = SLOT + timedelta(minutes=minutes)
    gaps = (Gap(SLOT, SLOT, 1, SlotState.MISSED, reason),)
    day = CameraDay(DAY, SLOT, SLOT, {SlotState.MISSED: 1}, {}, gaps)
    return HostStatus(camera, said_at, (day,), Backlog(0, 0, None, 0), 10**12, {"battery": "62%"}, SLOT)


LATER = SLOT + timedelta(days=1)


def test_what_a_host_says_of_its_camera_is_kept_as_it_said_it(catalog: Catalog) -> None:
    assert catalog.status("lake") is None
    assert catalog.put_status(status(reason="the camera’s 🔋 " + "x" * 100_000), LATER)
    assert catalog.put_status(status("ridge"), LATER)
    assert catalog.status("lake") == status(reason="the camera’s 🔋 " + "x" * 100_000)
    assert catalog.status("ridge") == status("ridge")


def test_an_older_word_never_replaces_a_newer_one_and_the_same_is_no_news(catalog: Catalog) -> None:
    heard = [catalog.put_status(status(minutes=minutes), LATER) for minutes in (10, 0, 10, 20, 10)]
    assert heard == [True, False, False, True, False]
    assert catalog.status("lake") == status(minutes=20)


def test_a_host_whose_clock_was_years_ahead_is_heard_again_when_it_is_right(catalog: Catalog) -> None:
    ahead = replace(status(), said_at=SLOT + timedelta(days=4000))
    assert catalog.put_status(ahead, SLOT)
    assert catalog.status("lake") == ahead
    assert catalog.put_status(status(minutes=10), SLOT + timedelta(minutes=11))
    assert catalog.status("lake") == status(minutes=10)


def test_words_that_come_at_once_leave_the_newest_and_no_error(catalog: Catalog) -> None:
    answers = at_once(5, lambda number: catalog.put_status(status(minutes=number), LATER))
    assert set(answers) <= {True, False}
    assert catalog.status("lake") == status(minutes=4)


class TestADayIsMarkedForItsFilm:
    def test_by_each_new_photo_however_late_it_comes(self, catalog: Catalog) -> None:
        earlier = DAY - timedelta(days=30)
        for number in range(3):
            catalog.add_photo(photo(number))
        catalog.add_photo(photo(9, local_date=earlier))
        assert catalog.changed_days("lake") == [ChangedDay("lake", earlier, 1), ChangedDay("lake", DAY, 3)]
        assert catalog.changed_days("pier") == []

    def test_but_not_by_bytes_that_were_there_before(self, catalog: Catalog) -> None:
        catalog.add_photo(photo())
        catalog.unmark_day("lake", DAY, 1)
        assert not catalog.add_photo(photo())
        assert catalog.changed_days("lake") == []

    def test_nor_by_a_photo_that_cannot_be_written(self, catalog: Catalog) -> None:
        size = photo().renditions[0]
        with pytest.raises(sa.exc.IntegrityError):
            catalog.add_photo(photo(renditions=(size, size)))
        assert catalog.changed_days("lake") == []

    def test_and_a_photo_that_comes_while_the_film_is_made_leaves_its_mark(self, catalog: Catalog) -> None:
        catalog.add_photo(photo(0))
        (seen,) = catalog.changed_days("lake")
        catalog.add_photo(photo(1))
        catalog.unmark_day("lake", DAY, seen.change)
        assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 2)]
        catalog.unmark_day("lake", DAY, 2)
        assert catalog.changed_days("lake") == []

    def test_nor_does_a_slower_maker_of_an_older_film_take_it(self, catalog: Catalog) -> None:
        catalog.mark_day("lake", DAY)
        (seen,) = catalog.changed_days("lake")
        catalog.unmark_day("lake", DAY, seen.change)
        catalog.mark_day("lake", DAY)
        catalog.unmark_day("lake", DAY, seen.change)
        assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 2)]

    def test_once_for_each_of_many_at_once(self, catalog: Catalog) -> None:
        assert at_once(8, lambda number: catalog.add_photo(photo(number))) == [True] * 8
        assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 8)]

    def test_and_what_was_never_there_cannot_be_unmarked(self, catalog: Catalog) -> None:
        catalog.unmark_day("lake", DAY, 7)
        catalog.mark_day("lake", DAY)
        assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 1)]


NEW_SIZES = (Rendition(320, 180, "new_320.jpg", 1), photo().renditions[1], Rendition(1920, 1080, "new_1920.jpg", 2))


class TestAPhotoTakenInAgain:
    def test_has_its_new_sizes_and_the_old_keys_are_told(self, catalog: Catalog) -> None:
        catalog.add_photo(photo(0))
        catalog.add_photo(photo(1))
        catalog.unmark_day("lake", DAY, 2)
        gone = catalog.replace_renditions(photo().sha256, NEW_SIZES)
        assert gone == sorted([photo().renditions[0].key, photo().renditions[2].key])
        assert catalog.day("lake", DAY) == [photo(renditions=NEW_SIZES), photo(1)]
        assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 3)]

    def test_with_the_same_sizes_changes_nothing(self, catalog: Catalog) -> None:
        catalog.add_photo(photo())
        catalog.unmark_day("lake", DAY, 1)
        assert catalog.replace_renditions(photo().sha256, tuple(reversed(photo().renditions))) == []
        assert catalog.replace_photo(photo(light=9.5)) == []
        assert catalog.latest("lake") == photo(light=9.5)
        assert catalog.changed_days("lake") == []

    def test_with_another_verdict_wants_another_film(self, catalog: Catalog) -> None:
        catalog.add_photo(photo())
        catalog.unmark_day("lake", DAY, 1)
        assert catalog.replace_photo(photo(flags=("dark",))) == []
        assert catalog.latest("lake") == photo(flags=("dark",))
        assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 2)]

    def test_on_another_day_than_was_thought_changes_both(self, catalog: Catalog) -> None:
        catalog.add_photo(photo())
        catalog.unmark_day("lake", DAY, 1)
        moved = photo(local_date=DAY + timedelta(days=1), time_source="exif", renditions=NEW_SIZES)
        assert len(catalog.replace_photo(moved)) == 2
        assert catalog.by_sha256(photo().sha256) == moved
        assert [each.local_date for each in catalog.changed_days("lake")] == [DAY, DAY + timedelta(days=1)]

    def test_is_an_error_when_it_is_not_there(self, catalog: Catalog) -> None:
        for again in (lambda: catalog.replace_photo(photo()), lambda: catalog.replace_renditions("0" * 64, ())):
            with pytest.raises(CatalogError, match="has no photo with the SHA-256"):
                again()
        assert catalog.latest("lake") is None


def test_a_photo_that_is_removed_takes_its_sizes_with_it_and_marks_its_day(catalog: Catalog) -> None:
    catalog.add_photo(photo(0))
    catalog.add_photo(photo(1))
    catalog.unmark_day("lake", DAY, 2)
    assert catalog.remove(photo(0).sha256) == photo(0)
    assert catalog.remove(photo(0).sha256) is None
    assert catalog.day("lake", DAY) == [photo(1)]
    assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 3)]
    with catalog.engine.connect() as connection:
        assert connection.scalar(sa.text("select count(*) from renditions")) == 3
    assert catalog.add_photo(photo(0))
