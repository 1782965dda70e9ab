"""Opening the catalog: an engine a process, its tables brought up to date, its errors in one line."""

import time
from typing import Any

import sqlalchemy as sa

from kootenay.adapters.catalog.upgrade import bring_up_to_date
from kootenay.adapters.catalog.writing import Catalog
from kootenay.errors import CatalogError, CatalogRefusedError

REFUSALS = {1044, 1045, 1049, 1142}
"""MySQL's numbers for a login, a database or a table that this user has no right to, or that is not there."""

BUSY_SECONDS = 30
RECYCLE_SECONDS = 3600
"""MySQL lets a connection go that is silent for eight hours, and firewalls are less patient."""

POOL = 5
"""Connections that are kept, at least: the gallery answers several visitors at once."""

RACES, RACE_SECONDS = 100, 0.05


def open_catalog(url: str, password: str | None = None, at_once: int = 1) -> Catalog:
    """Given a SQLAlchemy URL, return the catalog with its tables up to date, for so many threads at once.

    Raises CatalogError in one line; it is a CatalogRefusedError where trying again does not help.
    """
    address = sa.make_url(url)
    if password is not None:
        address = address.set(password=password)
    try:
        engine = _engine(address, at_once)
        bring_up_to_date(engine)
    except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
        msg = (
            f"the catalog {_named(address)} cannot be opened: {_cause(error)}. "
            "Nothing was changed; check [catalog] url and the server."
        )
        raise _kind(error)(msg) from None
    sa.event.listen(engine, "handle_error", _say_that_it_is_gone)
    return Catalog(engine)


def _engine(address: sa.URL, at_once: int) -> sa.Engine:
    if address.get_backend_name() == "sqlite":
        engine = sa.create_engine(address, connect_args={"timeout": BUSY_SECONDS})
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    options: dict[str, Any] = {"sql_mode": "STRICT_ALL_TABLES"}  # what does not fit is an error, not cut
    if "unix_socket" in address.query:
        options["ssl_disabled"] = True  # preparing TLS takes 30 ms; within one machine it hides nothing from anybody
    return sa.create_engine(
        address, pool_size=max(POOL, at_once), pool_pre_ping=True, pool_recycle=RECYCLE_SECONDS, connect_args=options
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets the gallery read while ingest writes; foreign keys are off in SQLite unless asked for.

    Of those who would all turn a new file to WAL, one can, and the others are told that it is locked without a wait.
    """
    for race in range(RACES):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except connection.OperationalError as error:
            if "is locked" not in str(error) or race == RACES - 1:
                raise
            time.sleep(RACE_SECONDS)
    connection.execute("PRAGMA foreign_keys=ON")


def _say_that_it_is_gone(context: sa.engine.ExceptionContext) -> None:
    """A database that goes away later, or is too busy, is an error of one kind too."""
    error = context.sqlalchemy_exception
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and not context.is_pre_ping:
        where = f" {_named(context.engine.url)}" if context.engine else ""
        msg = f"the catalog{where} gave no answer: {_cause(error)}. Nothing was changed."
        raise _kind(error)(msg)


def _kind(error: BaseException) -> type[CatalogError]:
    said = getattr(error, "orig", None)
    return CatalogRefusedError if said is not None and said.args and said.args[0] in REFUSALS else CatalogError


def _named(address: sa.URL) -> str:
    return address.render_as_string(hide_password=True)


def _cause(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
