"""Numbers of happenings in 64 bits: a few hundred cameras use up 32 bits in some years. SQLite has them already."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE happening ALTER COLUMN id TYPE bigint")
        op.execute("ALTER SEQUENCE happening_id_seq AS bigint")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER SEQUENCE happening_id_seq AS integer")
        op.execute("ALTER TABLE happening ALTER COLUMN id TYPE integer")
