"""Segments, gaps, holds, engine states, findings, notices and view faults of the daemon."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("camera", sa.String(64), primary_key=True),
        sa.Column("sequence", sa.BigInteger(), primary_key=True),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("first_pts", sa.BigInteger(), nullable=False),
        sa.Column("last_pts", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sm3", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=True),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("deleted_ns", sa.BigInteger(), nullable=True),
        sa.Column("deleted_why", sa.String(40), nullable=True),
    )
    op.create_index("ix_segment_start", "segment", ["camera", "start_ns"])
    op.create_index("ix_segment_camera_age", "segment", ["state", "held", "camera", "start_ns"])
    op.create_index("ix_segment_age", "segment", ["state", "held", "start_ns"])
    op.create_table(
        "footage",
        sa.Column("camera", sa.String(64), primary_key=True),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=True),
        sa.Column("end_ns", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.UniqueConstraint("camera", "start_ns", name="uq_gap_start"),
    )
    op.create_index("ix_gap_end", "gap", ["camera", "end_ns"])
    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.UniqueConstraint("case_id", "camera", "start_ns", "end_ns", name="uq_hold"),
    )
    op.create_index("ix_hold_camera", "hold", ["camera", "start_ns"])
    op.create_table(
        "engine_state",
        sa.Column("camera", sa.String(64), primary_key=True),
        sa.Column("rules_sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("stay", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("violation_json", sa.Text(), nullable=False),
        sa.Column("stay_json", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_ns", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("case_id", sa.String(64), nullable=True),
        sa.Column("bundle", sa.Text(), nullable=True),
        sa.UniqueConstraint("camera", "stay", "rule", name="uq_finding"),
    )
    op.create_index("ix_finding_due", "finding", ["state", "due_ns"])
    op.create_table(
        "notice",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_notice_created", "notice", ["created_ns"])
    op.create_table(
        "notice_delivery",
        sa.Column("notice", sa.String(64), sa.ForeignKey("notice.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("target", sa.String(80), primary_key=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before_ns", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(200), nullable=True),
    )
    op.create_index("ix_delivery_order", "notice_delivery", ["target", "created_ns"])
    op.create_table(
        "view_fault",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("camera", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("camera", "kind", "since_ns", name="uq_view_fault"),
    )


def downgrade() -> None:
    tables = ("view_fault", "notice_delivery", "notice", "finding", "engine_state", "hold", "gap", "footage", "segment")
    for table in tables:
        op.drop_table(table)
