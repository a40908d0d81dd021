"""On PostgreSQL: numbers of happenings in 64 bits, as a few hundred cameras use up 32 bits in some years, and names of
any length. SQLite has and takes both."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE happening ALTER COLUMN id TYPE bigint")
        op.execute("ALTER SEQUENCE happening_id_seq AS bigint")
        op.execute("ALTER TABLE vehicle ALTER COLUMN camera_name TYPE text, ALTER COLUMN zone_name TYPE text")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE vehicle ALTER COLUMN camera_name TYPE varchar(200), ALTER COLUMN zone_name TYPE varchar(200)"
        )
        op.execute("ALTER SEQUENCE happening_id_seq AS integer")
        op.execute("ALTER TABLE happening ALTER COLUMN id TYPE integer")
