"""Run by Alembic, with the connection that `service.ledger.migrate` opened."""

from alembic import context

from service.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
