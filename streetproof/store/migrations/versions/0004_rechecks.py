"""Re-checks: when the place of a case is to be looked at again, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "recheck",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("config", sa.String(64), nullable=False),
        sa.Column("due_ns", sa.BigInteger(), nullable=False),
        sa.Column("window_ns", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("try_ns", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=True),
        sa.Column("reason", sa.String(20), nullable=True),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.UniqueConstraint("case_id", "due_ns"),
    )
    op.create_index("ix_recheck_state", "recheck", ["state", "try_ns"])


def downgrade() -> None:
    op.drop_table("recheck")
