"""Runs the migrations of the ledger on the connection that `streetproof.store.connection` hands over."""

from alembic import context

from streetproof.store.ledger.tables import LedgerBase

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=LedgerBase.metadata,
    render_as_batch=True,
    version_table="ledger_alembic_version",
)
with context.begin_transaction():
    context.run_migrations()
