"""The ledger of vehicles: what was read of the plate of each case. Cases that stand already are entered by the next run
that meets their bundles; those sealed without looking for a plate have no entry."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "vehicle",
        sa.Column("case_id", sa.String(64), primary_key=True),
        sa.Column("site", sa.String(200), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(200), nullable=False),
        sa.Column("camera_name", sa.String(200), nullable=False),
        sa.Column("zone", sa.String(200), nullable=False),
        sa.Column("zone_name", sa.String(200), nullable=False),
        sa.Column("rule", sa.String(200), nullable=False),
        sa.Column("arrived_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_ns", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("plate", sa.String(100), nullable=True),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("colour", sa.String(10), nullable=True),
        sa.Column("reading", sa.Text(), nullable=False),
    )
    op.create_index("ix_vehicle_plate", "vehicle", ["plate", "arrived_ns"])
    op.create_index("ix_vehicle_arrived", "vehicle", ["arrived_ns", "case_id"])


def downgrade() -> None:
    op.drop_table("vehicle")
