"""Legal holds on whole cases, and tombstones of those that were deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "case_hold",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(500), nullable=False),
        sa.Column("placed_ns", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_case_hold_case_id", "case_hold", ["case_id"])
    op.create_table(
        "deleted_case",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("site", sa.String(200), nullable=False),
        sa.Column("camera", sa.String(200), nullable=False),
        sa.Column("rule", sa.String(200), nullable=False),
        sa.Column("stay", sa.String(64), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("arrived_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("cls", sa.String(20), nullable=False),
        sa.Column("due", sa.String(10), nullable=False),
        sa.Column("by", sa.String(500), nullable=False),
        sa.Column("decided_ns", sa.BigInteger(), nullable=False),
        sa.Column("ledger_from", sa.BigInteger(), nullable=False),
        sa.Column("exhibits", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
    )
    op.create_index("ix_deleted_case_case_id", "deleted_case", ["case_id"])


def downgrade() -> None:
    op.drop_table("deleted_case")
    op.drop_table("case_hold")
