"""What the catalog promises, on SQLite and on a real MariaDB: a photo is one row, and pages are in order."""

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from kootenay.adapters.catalog import Catalog, Film, Photo, Rendition, open_catalog
from kootenay.errors import CatalogError, is_transient
from kootenay.rules.gaps import CameraDay, Gap
from kootenay.rules.host_status import Backlog, HostStatus
from kootenay.rules.slots import SlotState
from rig.databases import MariaDb
from rig.processes import free_port
from tests.adapters.conftest import SLOT, STEP

DAY = date(2026, 6, 21)
MARIADB = pytest.param("mariadb", marks=pytest.mark.real("mariadb"))
numbers = itertools.count()


@pytest.fixture(params=["sqlite", MARIADB])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.db'}"
    server: MariaDb = request.getfixturevalue("mariadb")
    name = f"kootenay_{next(numbers)}"
    engine = sa.create_engine(server.url("mysql"))
    with engine.begin() as connection:
        connection.execute(sa.text(f"create database {name}"))
    engine.dispose()
    return server.url(name)


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    opened = open_catalog(url)
    yield opened
    opened.engine.dispose()


def photo(number: int = 0, camera: str = "lake", **changes: object) -> Photo:
    slot = SLOT + number * STEP
    digest = hashlib.sha256(f"{camera} {number}".encode()).hexdigest()
    made = Photo(
        camera=camera,
        slot=slot,
        taken_at=slot + timedelta(seconds=1, milliseconds=234),
        offset_minutes=-420,
        local_date=DAY,
        time_source="sidecar",
        sha256=digest,
        bytes=3_000_000_000,
        width=1920,
        height=1080,
        boost=True,
        elevation=-0.123,
        archive_path=f"{camera}/2026/06/21/{digest[:8]}.jpg",
        renditions=tuple(
            Rendition(width, width * 9 // 16, f"{camera}/{digest[:8]}_{width}.jpg", width * 100)
            for width in (320, 640, 1280)
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def film(**changes: object) -> Film:
    made = Film("lake", "day", "2026-06-21", "a" * 64, "film.mp4", "poster.jpg", 96, 12, 1920, 1080, 5_000_000, SLOT)
    return replace(made, **changes)  # type: ignore[arg-type]


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """Do `work(number)` in so many threads that start together; return their results, errors too."""
    together, results = threading.Barrier(count), list[object]()

    def one(number: int) -> None:
        together.wait(30)
        try:
            results.append(work(number))
        except Exception as error:  # noqa: BLE001 (a thread's error is the test's)
            results.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


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
    assert catalog.day_counts("lake") == {}


def test_the_latest_photo_is_the_one_taken_last_not_the_one_that_came_last(catalog: Catalog) -> None:
    for number in (1, 7, 3, 0):
        catalog.add_photo(photo(number))
    catalog.add_photo(photo(9, camera="pier"))
    assert catalog.latest("lake") == photo(7)


def test_a_camera_without_photos_has_no_latest_and_no_days(catalog: Catalog) -> None:
    catalog.add_photo(photo())
    assert catalog.latest("pier") is None
    assert catalog.day("pier", DAY) == []
    assert catalog.day_counts("pier") == {}


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


def test_days_are_counted_the_newest_first(catalog: Catalog) -> None:
    counts = {DAY + timedelta(days=1): 1, DAY: 3, DAY - timedelta(days=40): 2}
    fresh = itertools.count()
    for day in sorted(counts):
        for _ in range(counts[day]):
            catalog.add_photo(photo(next(fresh), local_date=day))
    catalog.add_photo(photo(0, camera="pier"))
    found = catalog.day_counts("lake")
    assert list(found.items()) == list(counts.items())


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


def test_a_catalog_opened_again_has_what_was_in_it(url: str) -> None:
    for _ in range(2):
        catalog = open_catalog(url)
        catalog.add_photo(photo())
        catalog.engine.dispose()
        assert catalog.latest("lake") == photo()
        catalog.engine.dispose()


def test_a_new_catalog_may_be_opened_by_many_at_once(url: str) -> None:
    opened = at_once(5, lambda _: open_catalog(url))
    assert [type(each) for each in opened] == [Catalog] * 5
    for each in opened:
        assert isinstance(each, Catalog)
        assert each.day_counts("lake") == {}
        each.engine.dispose()


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        pytest.param("sqlite:////no/such/folder/catalog.db", "unable to open", id="no folder"),
        pytest.param("mysql+pymysql://u:geheim@127.0.0.1:{port}/x", "Connection refused", id="nobody listens"),
        pytest.param("mysql://u:geheim@127.0.0.1:{port}/x", "MySQLdb", id="another driver"),
        pytest.param("mongo://u:geheim@127.0.0.1/x", "mongo", id="another kind"),
    ],
)
def test_a_catalog_that_cannot_be_opened_is_one_line_without_the_password(url: str, cause: str) -> None:
    with pytest.raises(CatalogError, match=r"check \[catalog\] url and the server") as caught:
        open_catalog(url.format(port=free_port()), None if "sqlite" in url else "noch-geheimer")
    assert cause in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert is_transient(caught.value)


@pytest.mark.real("mariadb")
@pytest.mark.parametrize(
    ("password", "database", "cause"),
    [
        pytest.param("not the right one", "mysql", "Access denied", id="password"),
        pytest.param(None, "no_such_database", "Unknown database", id="database"),
    ],
)
def test_a_server_that_says_no_is_quoted_without_the_password(
    mariadb: MariaDb, password: str | None, database: str, cause: str
) -> None:
    with pytest.raises(CatalogError, match=cause) as caught:
        open_catalog(mariadb.url(database, "in the address"), password or mariadb.password)
    for secret in ("in the address", "in+the+address", "in%20the%20address", "not the right one", mariadb.password):
        assert secret not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", [MARIADB], indirect=True)
def test_the_password_may_come_apart_from_the_address(url: str, mariadb: MariaDb) -> None:
    bare = url.replace(f":{mariadb.password}@", "@")
    with pytest.raises(CatalogError, match="Access denied"):
        open_catalog(bare)
    catalog = open_catalog(bare, mariadb.password)
    assert catalog.latest("lake") is None
    catalog.engine.dispose()


@pytest.mark.parametrize("url", [MARIADB], indirect=True)
def test_a_database_that_goes_away_is_one_line_and_when_it_is_back_all_is_well(url: str, mariadb: MariaDb) -> None:
    catalog = open_catalog(url)
    catalog.add_photo(photo())
    mariadb.stop()
    try:
        with pytest.raises(CatalogError, match="gave no answer") as caught:
            catalog.latest("lake")
    finally:
        mariadb.start()
    assert is_transient(caught.value)
    assert "\n" not in str(caught.value)
    assert mariadb.password not in str(caught.value)
    assert catalog.latest("lake") == photo()
    catalog.engine.dispose()


def test_a_catalog_that_somebody_holds_is_one_line_too(tmp_path: Path) -> None:
    catalog = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    other = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    with other.engine.connect() as holder, catalog.engine.connect() as waiter:
        holder.exec_driver_sql("begin immediate")
        waiter.exec_driver_sql("pragma busy_timeout=50")
        with pytest.raises(CatalogError, match="database is locked"):
            waiter.exec_driver_sql("begin immediate")
    catalog.engine.dispose()
    other.engine.dispose()
