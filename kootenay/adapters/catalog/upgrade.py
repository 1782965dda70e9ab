"""Bringing a catalog's tables up to date by Alembic, which is imported only where there is something to do.

Several processes may find an old catalog at once: one migrates and the others wait for it. Each migration may be
begun again where a kill has cut it short, for MySQL commits after every change of a table.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from kootenay.adapters.catalog.tables import REVISION
from kootenay.errors import CatalogError, CatalogRefusedError

WAIT_SECONDS = 600
"""How long one waits for another's migration: an index over ten million rows takes minutes."""


def bring_up_to_date(engine: sa.Engine) -> None:
    """Migrate the catalog, a new and empty one too, to REVISION; nothing is done to one that is there.

    Raises CatalogRefusedError when a newer Kootenay has migrated it further.
    """
    with engine.connect() as connection:
        if _revision(connection) == REVISION:
            return
    with engine.connect() as connection, _alone(connection):
        if _revision(connection) != REVISION:
            _migrate(connection)
            connection.commit()


def _revision(connection: sa.Connection) -> str | None:
    """Return the migration that the catalog stands at; None when it is new, or older than migrations."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.scalar(sa.text("select version_num from alembic_version"))
    if revision is not None and revision > REVISION:
        msg = (
            f"the catalog {connection.engine.url.render_as_string(hide_password=True)} is of a newer Kootenay: it "
            f"stands at {revision}, and this one knows up to {REVISION}. Nothing was changed; update Kootenay here."
        )
        raise CatalogRefusedError(msg)
    return None if revision is None else str(revision)


@contextmanager
def _alone(connection: sa.Connection) -> Iterator[None]:
    """Hold the catalog for oneself; the lock ends with the connection, however that ends."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("begin immediate")
        yield
        return
    name = {"name": f"kootenay {connection.engine.url.database}"[:64]}
    if not connection.scalar(sa.text(f"select get_lock(:name, {WAIT_SECONDS})"), name):
        msg = (
            f"the catalog {connection.engine.url.render_as_string(hide_password=True)} is being brought up to date "
            f"by somebody else for more than {WAIT_SECONDS // 60} minutes. Nothing was changed here; try again later."
        )
        raise CatalogError(msg)
    try:
        yield
    finally:
        connection.scalar(sa.text("select release_lock(:name)"), name)


def _migrate(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    command.upgrade(config, REVISION)
