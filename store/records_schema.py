"""In which tables do launches, their commands, their ledger and their content lie?"""

# The ledger, launch records and content revisions are only ever added to, and a command is settled once: triggers
# on the tables of `APPEND_ONLY` hold us to it. What `region_launches` and `launches` tell is folded from the ledger
# and can be made anew.

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    column,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB

from store.schema_base import metadata
from store.types import Identity, Json, Ordinal, UtcDateTime

MaybeJson = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A document that may be missing: then NULL, never the JSON null."""

launches = Table(
    "launches",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", String),
    Column("tier", Integer),
    Column("owner", Identity),
    Column("state", MaybeJson),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Index(
        "uq_launches_running",
        "product",
        unique=True,
        sqlite_where=(column("version") > 0) & column("ended_at").is_(None),
        postgresql_where=(column("version") > 0) & column("ended_at").is_(None),
    ),
)
"""One product's launches; a row of version 0 only serves to be locked. `state` is the folded `Launch`."""

region_launches = Table(
    "region_launches",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("region", Identity, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("launch_run", Integer, nullable=False),
    Column("is_latest", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("core_version", Integer, nullable=False),
    Column("state", Json, nullable=False),
    Column("name", String, nullable=False),
    Column("product_name", String, nullable=False),
    Column("time_zone", String, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("owner", Identity, nullable=False),
    Column("launch_at", UtcDateTime, nullable=False),
    Column("stage", Identity, nullable=False),
    Column("verdict", Identity, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("revisit_at", UtcDateTime),
    Column("lost_at", UtcDateTime),
    Column("commands_logged", Integer, nullable=False),
    Column("facts_revision", BigInteger, nullable=False),
    Column("looked_revision", BigInteger, nullable=False),
    Column("looked_at", UtcDateTime),
    Column("figures", MaybeJson),
    Column("figures_revision", BigInteger, nullable=False),
    Column("figures_gathered_at", UtcDateTime),
    Column("figures_steady_until", UtcDateTime),
    Column("contents", MaybeJson),
    Column("facts_dated_until", UtcDateTime),
    Column("shown_verdict", Identity, nullable=False),
    Column("rag", Identity, nullable=False),
    Column("index_tenths", Integer, nullable=False),
    Column("coverage_hundredths", Integer, nullable=False),
    Column("forecast_at", UtcDateTime),
    Column("reasons", Json, nullable=False),
    Column("blockers", MaybeJson),
    Column("decision", MaybeJson),
    Column("open_waivers", Integer, nullable=False, server_default="0"),
    Column("owes", Boolean, nullable=False, server_default=false()),
    Column("waivers", MaybeJson),
    Column("conditions", MaybeJson),
    Column("ball", MaybeJson),
    Index(
        "uq_region_launches_running",
        "product",
        "region",
        unique=True,
        sqlite_where=column("ended_at").is_(None),
        postgresql_where=column("ended_at").is_(None),
    ),
    # What the board filters and counts by: its totals and names are found in these two alone.
    Index(
        "ix_region_launches_board",
        "is_latest",
        "product",
        "region",
        "stage",
        "rag",
        "shown_verdict",
        "verdict",
        "launch_at",
        "product_name",
        "name",
        "tier",
        "wave",
    ),
    Index("ix_region_launches_by_region", "is_latest", "region", "product", "name"),
    Index("ix_region_launches_pulse", "is_latest", "region", "version", "figures_gathered_at"),
    Index("ix_region_launches_by_verdict", "shown_verdict", "is_latest"),
    Index("ix_region_launches_due", "ended_at", "revisit_at"),
    Index(
        "ix_region_launches_marked",
        "product",
        "region",
        "run",
        sqlite_where=column("facts_revision") > column("figures_revision"),
        postgresql_where=column("facts_revision") > column("figures_revision"),
    ),
)
"""The region's row: whoever writes about a region launch holds it. `state` is the folded `RegionLaunch`; from
`figures` on it is what the board shows. A region is marked while `facts_revision` is ahead of `figures_revision`."""

commands = Table(
    "commands",
    metadata,
    Column("id", String, primary_key=True),
    Column("product", Identity, nullable=False),
    Column("region", Identity, nullable=False),
    Column("run", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("person", Identity, nullable=False),
    Column("role", String, nullable=False),
    Column("idempotency_key", String, nullable=False),
    Column("body", Json, nullable=False),
    Column("body_digest", String, nullable=False),
    Column("command", Json, nullable=False),
    Column("command_digest", String, nullable=False),
    Column("logged_at", UtcDateTime, nullable=False),
    Column("outcome", MaybeJson),
    Column("settled_at", UtcDateTime),
    Column("name_digest", String),
    Column("on_behalf_of", String),
    Column("request_id", String),
    Column("address", String),
    Column("token_id", String),
    Column("authenticated_at", UtcDateTime),
    UniqueConstraint("person", "idempotency_key"),
    Index("ix_commands_scope", "product", "region", "run", "sequence"),
    Index(
        "ix_commands_open",
        "logged_at",
        sqlite_where=column("settled_at").is_(None),
        postgresql_where=column("settled_at").is_(None),
    ),
)
"""Every request that was authenticated and authorised; `region` is empty where it is about the launch as a whole.
`body` is what the person sent, with their words; `command` is what travels, without. From `name_digest` on it says
from where it came, as far as that is known."""

printed_names = Table(
    "printed_names",
    metadata,
    Column("command_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("salt", String),
)
"""The name of who signed as it was printed then, apart from the log so that it can be erased; `name_digest` there is
that of salt and name."""

ledger = Table(
    "ledger",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("region", Identity, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("type", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("person", Identity),
    Column("command_id", String),
    Column("core_version", Integer, nullable=False),
    Column("event", Json, nullable=False),
)
"""Every event, numbered from 1 without gaps; `region` is empty for the stream of the launch as a whole."""

launch_records = Table(
    "launch_records",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("region", Identity, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("launch_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Column("decision_version", Integer, nullable=False),
    Column("readiness", Json, nullable=False),
    Column("readiness_digest", String, nullable=False),
    Column("permit", MaybeJson),
)
"""That a region launched, by which event and decision, the readiness that proved it then, and the permit that it
gave: a `PermitGrant`, missing where the launch is older than these are."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Ordinal, primary_key=True, autoincrement=True),
    Column("product", Identity, nullable=False),
    Column("region", Identity, nullable=False),
    Column("run", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("taken_at", UtcDateTime),
    Index("ix_outbox_at", "at"),
    Index(
        "ix_outbox_waiting",
        "id",
        sqlite_where=column("taken_at").is_(None),
        postgresql_where=column("taken_at").is_(None),
    ),
)
"""What others are to be told, written with what it tells of; `version` is 0 for what is no event of the ledger."""

alarms = Table(
    "alarms",
    metadata,
    Column("id", Ordinal, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("product", Identity, nullable=False),
    Column("region", Identity, nullable=False),
    Column("run", Integer, nullable=False),
    Column("detail", String, nullable=False),
    Column("resolved_at", UtcDateTime),
    Index("ix_alarms_scope", "product", "region", "run"),
)
"""What should never happen and did: a forged command, a ledger that is behind, a workflow that was lost."""

content_revisions = Table(
    "content_revisions",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("stage", Identity, primary_key=True),
    Column("key", Identity, primary_key=True),
    Column("region", Identity, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("digest", String, nullable=False),
    Column("body", Json, nullable=False),
    Column("material", Boolean, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("person", Identity, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
"""Every revision of every text; `region` is empty for the product-wide one. A revision number is dealt out once per
product, stage and key, so that it names one text wherever it holds."""

stage_digests = Table(
    "stage_digests",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("region", Identity, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("stage", Identity, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("digest", String, nullable=False),
    Column("material", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
"""What a region's stage was signed under after each edit that changed it; `material` says what edit led there."""

decision_records = Table(
    "decision_records",
    metadata,
    Column("product", Identity, primary_key=True),
    Column("region", Identity, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("document", String, nullable=False),
    Column("digest", String, nullable=False),
)
"""What each decision was taken on, as canonical JSON: the black box."""

APPEND_ONLY = ("ledger", "launch_records", "content_revisions", "decision_records", "stage_digests")
"""The tables of records whose rows are never changed and never removed; `store/sources.py` has all evidence."""
