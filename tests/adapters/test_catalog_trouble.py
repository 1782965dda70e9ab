"""What befalls a database in mid-run: it is stopped, cuts a connection, is busy; none is lost, none doubled."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kootenay.adapters.catalog import Catalog, ChangedDay, open_catalog
from kootenay.errors import CatalogError, is_transient
from rig.databases import MariaDb
from tests.adapters.catalogs import DAY, at_once, photo
from tests.adapters.conftest import SERVERS

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
MARIADB = pytest.mark.parametrize("database", SERVERS[:1], indirect=True)
SERVER = pytest.mark.parametrize("database", SERVERS, indirect=True)


@MARIADB
def test_a_database_that_goes_away_is_one_line_and_when_it_is_back_all_is_well(database: str, mariadb: MariaDb) -> None:
    catalog = open_catalog(database)
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


@MARIADB
def test_a_server_that_is_restarted_while_photos_come_loses_none_and_doubles_none(
    catalog: Catalog, mariadb: MariaDb
) -> None:
    failed: list[bool] = []

    def add(numbers: range) -> None:
        for number in numbers:
            while True:
                try:
                    catalog.add_photo(photo(number))
                    break
                except CatalogError as error:
                    failed.append(is_transient(error))
                    time.sleep(0.05)

    threads = [threading.Thread(target=add, args=(range(first, 400, 2),)) for first in range(2)]
    for thread in threads:
        thread.start()
    while len(catalog.day("lake", DAY)) < 40:
        time.sleep(0.01)
    mariadb.stop()
    time.sleep(0.3)
    mariadb.start()
    for thread in threads:
        thread.join()
    assert failed
    assert all(failed)
    assert catalog.day("lake", DAY) == [photo(number) for number in range(400)]
    assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 400)]


def cut_at(catalog: Catalog, mariadb: MariaDb, word: str, times: int = 1) -> list[str]:
    """Have the server kill the connection that is about to say `word`, so often; return what was said then."""
    root = sa.create_engine(mariadb.url("mysql"), poolclass=sa.NullPool)
    cut: list[str] = []

    def kill(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if word in statement and len(cut) < times:
            cut.append(statement)
            with root.connect() as other:
                other.exec_driver_sql(f"kill {cursor.connection.thread_id()}")

    sa.event.listen(catalog.engine, "before_cursor_execute", kill)
    return cut


@MARIADB
@pytest.mark.parametrize("word", ["INSERT INTO photos", "INSERT INTO renditions", "INSERT INTO days"])
def test_a_connection_that_is_killed_between_two_statements_is_made_anew_and_the_photo_is_one(
    catalog: Catalog, mariadb: MariaDb, word: str
) -> None:
    cut = cut_at(catalog, mariadb, word)
    assert catalog.add_photo(photo())
    assert len(cut) == 1
    assert catalog.latest("lake") == photo()
    assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 1)]


@MARIADB
def test_a_server_that_kills_every_connection_is_a_passing_error_of_one_line(
    catalog: Catalog, mariadb: MariaDb
) -> None:
    cut = cut_at(catalog, mariadb, "INSERT INTO days", times=99)
    with pytest.raises(CatalogError, match="gave no answer") as caught:
        catalog.add_photo(photo())
    assert len(cut) == 3
    assert is_transient(caught.value)
    assert "\n" not in str(caught.value)
    assert not catalog.has_photo(photo().sha256)


@MARIADB
def test_a_photo_whose_answer_was_lost_after_the_commit_is_known_and_not_two(
    catalog: Catalog, mariadb: MariaDb
) -> None:
    root = sa.create_engine(mariadb.url("mysql"), poolclass=sa.NullPool)
    lost = []

    def commit_and_die(connection: sa.Connection) -> None:
        if not lost:
            dbapi = connection.connection.driver_connection
            assert dbapi is not None
            lost.append(dbapi.thread_id())
            dbapi.commit()
            with root.connect() as other:
                other.exec_driver_sql(f"kill {lost[0]}")

    sa.event.listen(catalog.engine, "commit", commit_and_die)
    assert not catalog.add_photo(photo())
    assert lost
    assert catalog.day("lake", DAY) == [photo()]


@SERVER
def test_who_loses_a_deadlock_tries_again(catalog: Catalog) -> None:
    for number in range(10):
        catalog.add_photo(photo(number))
    catalog.mark_day("lake", DAY.replace(day=22))
    rival, tries = catalog.engine.connect(), []
    rival.exec_driver_sql(
        "update photos set boost = 0"
    )  # more changes than the other's, so that the other is the loser
    rival.exec_driver_sql("update days set changes = changes + 1 where camera = 'lake' and local_date = '2026-06-21'")

    def cross() -> None:
        rival.exec_driver_sql(
            "update days set changes = changes + 1 where camera = 'lake' and local_date = '2026-06-22'"
        )
        rival.commit()

    thread = threading.Thread(target=cross)

    def both(connection: sa.Connection) -> None:
        tries.append(connection)
        connection.exec_driver_sql(
            "update days set filmed = filmed + 1 where camera = 'lake' and local_date = '2026-06-22'"
        )
        if len(tries) == 1:
            thread.start()
            time.sleep(0.3)
        connection.exec_driver_sql(
            "update days set filmed = filmed + 1 where camera = 'lake' and local_date = '2026-06-21'"
        )

    catalog._write(both)
    thread.join()
    rival.close()
    assert len(tries) == 2
    assert [(day.local_date.day, day.change) for day in catalog.changed_days("lake")] == [(21, 11), (22, 2)]


@SERVER
def test_a_lock_that_somebody_holds_too_long_is_waited_for_again(catalog: Catalog) -> None:
    catalog.mark_day("lake", DAY)
    sa.event.listen(
        catalog.engine, "begin", lambda connection: connection.exec_driver_sql("set innodb_lock_wait_timeout = 1")
    )
    with catalog.engine.connect() as holder:
        holder.exec_driver_sql("update days set changes = changes + 1")
        release = threading.Timer(1.5, holder.commit)
        release.start()
        assert catalog.add_photo(photo())
        release.join()
    assert catalog.changed_days("lake") == [ChangedDay("lake", DAY, 3)]


def test_two_engines_adding_the_same_photos_at_once_share_them_and_double_none(database: str) -> None:
    catalogs = [open_catalog(database) for _ in range(2)]
    answers = at_once(2, lambda number: [catalogs[number].add_photo(photo(each)) for each in range(60)])
    first, second = answers
    assert isinstance(first, list), first
    assert isinstance(second, list), second
    assert [one + other for one, other in zip(first, second, strict=True)] == [1] * 60
    assert catalogs[0].changed_days("lake") == [ChangedDay("lake", DAY, 60)]
    for each in catalogs:
        each.engine.dispose()


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
