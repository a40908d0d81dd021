"""An index over what entries are about. It is made of the entries as they are: none of them changes."""

from alembic import op

revision = "0002"
down_revision = "0001"

_NAME, _EXPRESSION = "ix_ledger_entry_about", "substr(entry, 11, 40)"


def upgrade() -> None:
    # SQLite ends every index with the number of the row by itself.
    number = "" if op.get_bind().dialect.name == "sqlite" else ", seq"
    op.execute(f"CREATE INDEX {_NAME} ON ledger_entry ({_EXPRESSION}{number})")


def downgrade() -> None:
    op.execute(f"DROP INDEX {_NAME}")
