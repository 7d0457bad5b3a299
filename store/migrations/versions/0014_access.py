"""Where are roles granted and withdrawn, keys of services, sessions and logins under way?"""

import sqlalchemy as sa
from alembic import op

from store.types import Identity, Json, Ordinal, UtcDateTime

revision = "0014"
down_revision = "0013"

_TABLE = "role_changes"


def upgrade() -> None:
    """Make the tables of who may come in as whom; changes of roles are only added to."""
    op.create_table(
        _TABLE,
        sa.Column("id", Ordinal, nullable=False, autoincrement=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person", Identity, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("effective_at", UtcDateTime(), nullable=False),
        sa.Column("by", Identity, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("body_digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_changes")),
        sa.UniqueConstraint("by", "idempotency_key", name=op.f("uq_role_changes_by_idempotency_key")),
    )
    op.create_index("ix_role_changes_person", _TABLE, ["person", "id"])
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", Identity, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("grants", Json, nullable=False),
        sa.Column("created_by", Identity, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_by", Identity),
        sa.Column("revoked_at", UtcDateTime()),
        sa.Column("last_used_at", UtcDateTime()),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("body_digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
        sa.UniqueConstraint("created_by", "idempotency_key", name=op.f("uq_api_keys_created_by_idempotency_key")),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person", Identity, nullable=False),
        sa.Column("grants", Json, nullable=False),
        sa.Column("logged_in_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "logins",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("return_to", sa.String(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_logins")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _keep_on_sqlite()
    else:
        _keep_on_postgresql()


def _keep_on_sqlite() -> None:
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {_TABLE}_keeps_{act.lower()} BEFORE {act} ON {_TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{_TABLE} is only added to'); END"
        )
    op.execute(
        f"CREATE TRIGGER {_TABLE}_keeps_replace BEFORE INSERT ON {_TABLE} "
        f"WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{_TABLE} is only added to'); END"
    )


def _keep_on_postgresql() -> None:
    op.execute(
        f"CREATE TRIGGER {_TABLE}_keeps BEFORE UPDATE OR DELETE ON {_TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {_TABLE}_keeps_all BEFORE TRUNCATE ON {_TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
