"""Alembic's environment: the migrations run on the connection of whoever opened the catalog, in its transaction."""

from alembic import context

from kootenay.adapters.catalog.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
