"""Opening a catalog: by many at once, up to date whatever stood there before, and in one line when it cannot be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from pymysql.constants import CLIENT

from kootenay.adapters.catalog import Catalog, open_catalog
from kootenay.adapters.catalog.tables import REVISION, metadata
from kootenay.errors import CatalogError, CatalogRefusedError, is_transient
from rig.databases import MariaDb
from rig.prefect_host import CHECKOUT
from rig.processes import free_port
from tests.adapters.catalogs import DAY, at_once, film, photo
from tests.adapters.conftest import SERVERS

DUMPS = Path(__file__).parent / "dumps"
MARIADB = pytest.mark.parametrize("database", SERVERS[:1], indirect=True)


def test_a_catalog_opened_again_has_what_was_in_it(database: str) -> None:
    for _ in range(2):
        catalog = open_catalog(database)
        catalog.add_photo(photo())
        catalog.engine.dispose()
        assert catalog.latest("lake") == photo()
        catalog.engine.dispose()


def test_a_new_catalog_may_be_opened_by_many_at_once(database: str) -> None:
    opened = at_once(5, lambda _: open_catalog(database))
    assert [type(each) for each in opened] == [Catalog] * 5
    for each in opened:
        assert isinstance(each, Catalog)
        assert each.latest("lake") is None
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
    assert not is_transient(caught.value)


@MARIADB
def test_the_password_may_come_apart_from_the_address(database: str, mariadb: MariaDb) -> None:
    bare = database.replace(f":{mariadb.password}@", "@")
    with pytest.raises(CatalogError, match="Access denied"):
        open_catalog(bare)
    catalog = open_catalog(bare, mariadb.password)
    assert catalog.latest("lake") is None
    catalog.engine.dispose()


@MARIADB
def test_on_a_local_socket_no_tls_is_prepared(database: str, mariadb: MariaDb) -> None:
    address = sa.make_url(database).set(host="localhost", port=None, query={"unix_socket": str(mariadb.socket)})
    catalog = open_catalog(address.render_as_string(hide_password=False))
    with catalog.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.get_host_info() == "Localhost via UNIX socket"
        assert not driver.ssl
    assert catalog.add_photo(photo())
    catalog.engine.dispose()


@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_a_row_that_does_not_fit_is_an_error_also_on_a_server_that_would_cut_it(database: str) -> None:
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        before = connection.scalar(sa.text("select @@global.sql_mode"))
        connection.exec_driver_sql("set global sql_mode = ''")
    catalog = open_catalog(database)
    try:
        with pytest.raises(sa.exc.DataError):
            catalog.add_photo(photo(archive_path="x" * 256))
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("set global sql_mode = :before"), {"before": before})
    assert catalog.latest("lake") is None
    catalog.engine.dispose()
    engine.dispose()


@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_who_may_only_read_opens_a_catalog_that_is_up_to_date_and_no_other(database: str) -> None:
    address = sa.make_url(database)
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("create user if not exists reader@'%' identified by 'only'"))
        connection.execute(sa.text(f"grant select on {address.database}.* to reader@'%'"))
    reading = address.set(username="reader", password="only").render_as_string(hide_password=False)
    with pytest.raises(CatalogRefusedError, match="command denied") as caught:
        open_catalog(reading)
    assert "\n" not in str(caught.value)
    writer = open_catalog(database)
    writer.add_photo(photo())
    reader = open_catalog(reading)
    assert reader.latest("lake") == photo()
    for each in (writer, reader):
        each.engine.dispose()
    engine.dispose()


@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_the_rights_that_the_page_names_are_enough(database: str) -> None:
    page = (CHECKOUT / "docs" / "catalog.md").read_text()
    rights = re.search(r"grant (.*) on kootenay\.\* to kootenay@", page)
    assert rights is not None
    address = sa.make_url(database)
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("create user if not exists worker@'%' identified by 'works'"))
        connection.execute(sa.text(f"grant {rights[1]} on {address.database}.* to worker@'%'"))
    restore(database, "before_migrations")
    catalog = open_catalog(address.set(username="worker", password="works").render_as_string(hide_password=False))
    assert holds_what_was_dumped(catalog)
    assert catalog.add_photo(photo(9))
    assert catalog.remove(photo(9).sha256) == photo(9)
    catalog.engine.dispose()
    engine.dispose()


@MARIADB
def test_there_is_a_connection_for_each_thread(database: str) -> None:
    catalog = open_catalog(database, at_once=12)
    assert at_once(12, lambda number: catalog.add_photo(photo(number))) == [True] * 12
    assert catalog.engine.pool.checkedin() == 12  # type: ignore[attr-defined]
    catalog.engine.dispose()


def restore(database: str, dump: str) -> None:
    """Read a dump into an empty database, as a person would who has a back-up."""
    address = sa.make_url(database)
    kind = "sqlite" if address.get_backend_name() == "sqlite" else "mariadb"
    text = (DUMPS / f"{dump}_{kind}.sql").read_text()
    engine = sa.create_engine(
        address, connect_args={"client_flag": CLIENT.MULTI_STATEMENTS} if kind == "mariadb" else {}
    )
    connection = engine.raw_connection()
    if kind == "sqlite":
        connection.driver_connection.executescript(text)  # type: ignore[union-attr]
    else:
        with connection.cursor() as cursor:
            cursor.execute(text)
            while cursor.nextset():
                pass
    connection.commit()
    connection.close()
    engine.dispose()


def revision_of(catalog: Catalog) -> str:
    with catalog.engine.connect() as connection:
        return str(connection.scalar(sa.text("select version_num from alembic_version")))


OLD = [
    *(photo(number, renditions=photo(number).renditions[:2]) for number in range(2)),
    photo(0, camera="pier", renditions=()),
]


def holds_what_was_dumped(catalog: Catalog) -> bool:
    tomorrow = photo(2, local_date=DAY.replace(day=22), boost=False, renditions=())
    return (
        catalog.day("lake", DAY) == OLD[:2]
        and catalog.latest("lake") == tomorrow
        and catalog.latest("pier") == OLD[2]
        and catalog.film("lake", "day", "2026-06-21") == film()
    )


def test_a_catalog_from_before_migrations_is_brought_up_to_date_with_all_that_is_in_it(database: str) -> None:
    restore(database, "before_migrations")
    catalog = open_catalog(database)
    assert revision_of(catalog) == REVISION
    assert holds_what_was_dumped(catalog)
    assert catalog.changed_days("lake") == []
    assert not catalog.add_photo(photo(0))
    assert catalog.add_photo(photo(3, light=9.5, flags=("dark",)))
    assert catalog.latest("lake") == photo(3, light=9.5, flags=("dark",))
    catalog.engine.dispose()


def test_an_old_catalog_may_be_opened_by_many_processes_at_once(database: str) -> None:
    restore(database, "before_migrations")
    script = "import sys; from kootenay.adapters.catalog import open_catalog; open_catalog(sys.argv[1]).latest('lake')"
    command = [sys.executable, "-W", "error", "-c", script, database]
    several = [subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in several] == [("", 0)] * 4
    catalog = open_catalog(database)
    assert holds_what_was_dumped(catalog)
    catalog.engine.dispose()


@MARIADB
@pytest.mark.parametrize("done", range(1, 15))
def test_a_migration_that_was_cut_short_is_taken_up_again(database: str, done: int) -> None:
    """MySQL commits after each change of a table, so a kill leaves any number of them."""
    restore(database, "before_migrations")
    engine = sa.create_engine(database)
    changes = 0

    def cut(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal changes
        changes += re.match(r"\s*(create|alter|insert|update)", statement, re.IGNORECASE) is not None
        if changes > done:
            os.write(1, b"cut")
            os._exit(0)

    pid = os.fork()
    if pid == 0:
        from kootenay.adapters.catalog.upgrade import bring_up_to_date

        sa.event.listen(engine, "before_cursor_execute", cut)
        bring_up_to_date(engine)
        os._exit(0)
    os.waitpid(pid, 0)
    catalog = open_catalog(database)
    assert revision_of(catalog) == REVISION
    assert holds_what_was_dumped(catalog)
    assert difference(catalog) == []
    catalog.engine.dispose()


def _of_other_types(*types: object) -> bool | None:
    """MySQL has names of its own for texts and bytes of a length; Alembic can tell the others apart."""
    return False if isinstance(types[-1], sa.Text | sa.LargeBinary) else None


def difference(catalog: Catalog) -> list[object]:
    """What the tables of a catalog lack, or have too much, against those that the code knows."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with catalog.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": _of_other_types})
        return list(compare_metadata(context, metadata))


@pytest.mark.parametrize("old", [False, True])
def test_the_migrations_lead_to_the_tables_that_the_code_knows(database: str, *, old: bool) -> None:
    if old:
        restore(database, "before_migrations")
    catalog = open_catalog(database)
    assert difference(catalog) == []
    catalog.engine.dispose()


def test_the_revision_that_the_code_names_is_the_newest_there_is() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(CHECKOUT / "kootenay" / "adapters" / "catalog" / "migrations"))
    assert scripts.get_heads() == [REVISION]


def test_a_program_of_the_version_before_may_go_on_adding_photos(database: str) -> None:
    catalog = open_catalog(database)
    dump = (DUMPS / "before_migrations_mariadb.sql").read_text()
    insert = re.search(r"INSERT INTO `photos` .*?;\n", dump, re.DOTALL)
    assert insert is not None
    with catalog.engine.begin() as connection:
        connection.exec_driver_sql(insert[0])
    assert catalog.latest("pier") == OLD[2]
    catalog.engine.dispose()


def test_a_catalog_that_is_newer_than_the_program_is_left_alone_in_one_line(database: str) -> None:
    catalog = open_catalog(database)
    with catalog.engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '0999'"))
    catalog.engine.dispose()
    with pytest.raises(CatalogRefusedError, match="is of a newer Kootenay: it stands at 0999") as caught:
        open_catalog(database)
    assert "\n" not in str(caught.value)
    assert str(sa.make_url(database).password) not in str(caught.value)
    assert not is_transient(caught.value)


def test_a_catalog_that_is_up_to_date_opens_without_alembic(database: str) -> None:
    open_catalog(database).engine.dispose()
    script = (
        "import sys; from kootenay.adapters.catalog import open_catalog; open_catalog(sys.argv[1]); "
        "sys.exit(' '.join({'alembic', 'mako'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", script, database], cwd=CHECKOUT, check=True)
