"""Run by Alembic: uses the connection that `migrate` hands over."""

from alembic import context

from store.tables import incidents

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=incidents.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
