"""Which tables hold launches, their commands, their ledger and their content, and who may change what is written?"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from store.types import Identity, Json, Ordinal, UtcDateTime

revision = "0002"
down_revision = "0001"

MaybeJson = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

_APPEND_ONLY = ("ledger", "launch_records", "content_revisions")


def upgrade() -> None:
    """Make the tables of records, and the triggers that keep what is written."""
    op.create_table(
        "launches",
        sa.Column("product", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String()),
        sa.Column("tier", sa.Integer()),
        sa.Column("owner", Identity),
        sa.Column("state", MaybeJson),
        sa.Column("started_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("product", "run", name=op.f("pk_launches")),
    )
    where = sa.text("version > 0 AND ended_at IS NULL")
    op.create_index(
        "uq_launches_running", "launches", ["product"], unique=True, sqlite_where=where, postgresql_where=where
    )
    op.create_table(
        "region_launches",
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("launch_run", sa.Integer(), nullable=False),
        sa.Column("is_latest", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("core_version", sa.Integer(), nullable=False),
        sa.Column("state", Json, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("product_name", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("owner", Identity, nullable=False),
        sa.Column("launch_at", UtcDateTime(), nullable=False),
        sa.Column("stage", Identity, nullable=False),
        sa.Column("verdict", Identity, nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("revisit_at", UtcDateTime()),
        sa.Column("lost_at", UtcDateTime()),
        sa.Column("commands_logged", sa.Integer(), nullable=False),
        sa.Column("facts_revision", sa.BigInteger(), nullable=False),
        sa.Column("looked_revision", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", UtcDateTime()),
        sa.Column("figures", MaybeJson),
        sa.Column("figures_revision", sa.BigInteger(), nullable=False),
        sa.Column("figures_gathered_at", UtcDateTime()),
        sa.Column("shown_verdict", Identity, nullable=False),
        sa.Column("rag", Identity, nullable=False),
        sa.Column("index_tenths", sa.Integer(), nullable=False),
        sa.Column("coverage_hundredths", sa.Integer(), nullable=False),
        sa.Column("forecast_at", UtcDateTime()),
        sa.Column("reasons", Json, nullable=False),
        sa.PrimaryKeyConstraint("product", "region", "run", name=op.f("pk_region_launches")),
    )
    op.create_index("ix_region_launches_by_region", "region_launches", ["region", "is_latest"])
    op.create_index("ix_region_launches_by_verdict", "region_launches", ["shown_verdict", "is_latest"])
    op.create_index("ix_region_launches_due", "region_launches", ["ended_at", "revisit_at"])
    op.create_index("ix_region_launches_latest", "region_launches", ["is_latest", "product", "region"])
    where = sa.text("facts_revision > figures_revision")
    op.create_index(
        "ix_region_launches_marked",
        "region_launches",
        ["product", "region", "run"],
        sqlite_where=where,
        postgresql_where=where,
    )
    where = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_region_launches_running",
        "region_launches",
        ["product", "region"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_table(
        "commands",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person", Identity, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("body_digest", sa.String(), nullable=False),
        sa.Column("command", Json, nullable=False),
        sa.Column("command_digest", sa.String(), nullable=False),
        sa.Column("logged_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", MaybeJson),
        sa.Column("settled_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
        sa.UniqueConstraint("person", "idempotency_key", name=op.f("uq_commands_person_idempotency_key")),
    )
    where = sa.text("settled_at IS NULL")
    op.create_index("ix_commands_open", "commands", ["logged_at"], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_commands_scope", "commands", ["product", "region", "run", "sequence"])
    op.create_table(
        "printed_names",
        sa.Column("command_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_printed_names")),
    )
    op.create_table(
        "ledger",
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person", Identity),
        sa.Column("command_id", sa.String()),
        sa.Column("core_version", sa.Integer(), nullable=False),
        sa.Column("event", Json, nullable=False),
        sa.PrimaryKeyConstraint("product", "region", "run", "version", name=op.f("pk_ledger")),
    )
    op.create_table(
        "launch_records",
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("launch_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decision_version", sa.Integer(), nullable=False),
        sa.Column("readiness", Json, nullable=False),
        sa.Column("readiness_digest", sa.String(), nullable=False),
        sa.Column("permit", MaybeJson),
        sa.PrimaryKeyConstraint("product", "region", "run", name=op.f("pk_launch_records")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Ordinal, autoincrement=True, nullable=False),
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("taken_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    where = sa.text("taken_at IS NULL")
    op.create_index("ix_outbox_waiting", "outbox", ["id"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "alarms",
        sa.Column("id", Ordinal, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("resolved_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index("ix_alarms_scope", "alarms", ["product", "region", "run"])
    op.create_table(
        "content_revisions",
        sa.Column("product", Identity, nullable=False),
        sa.Column("stage", Identity, nullable=False),
        sa.Column("key", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("material", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("person", Identity, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("product", "stage", "key", "region", "revision", name=op.f("pk_content_revisions")),
    )
    op.create_table(
        "stage_digests",
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("stage", Identity, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("material", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("product", "region", "run", "stage", "sequence", name=op.f("pk_stage_digests")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _protect_on_sqlite()
    else:
        _protect_on_postgresql()


def _protect_on_sqlite() -> None:
    for table in _APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_keeps_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
            )
    op.execute(
        "CREATE TRIGGER commands_settle_once BEFORE UPDATE ON commands WHEN OLD.settled_at IS NOT NULL "
        "BEGIN SELECT RAISE(ABORT, 'a command is settled once'); END"
    )
    op.execute(
        "CREATE TRIGGER commands_keep_delete BEFORE DELETE ON commands "
        "BEGIN SELECT RAISE(ABORT, 'commands are only added to'); END"
    )


def _protect_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is only added to', TG_TABLE_NAME; END $$"
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_keeps BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in (*_APPEND_ONLY, "commands"):
        op.execute(
            f"CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER commands_settle_once BEFORE UPDATE ON commands FOR EACH ROW "
        "WHEN (OLD.settled_at IS NOT NULL) EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER commands_keep_delete BEFORE DELETE ON commands FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
