"""Where is kept what a decision was taken on, and how many waivers are open where?"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from store.types import Identity, UtcDateTime

revision = "0009"
down_revision = "0008"

_MAYBE_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
_TABLE = "decision_records"


def upgrade() -> None:
    """Make the table of decision records, which is only added to, and the columns that the board shows."""
    op.create_table(
        _TABLE,
        sa.Column("product", Identity, nullable=False),
        sa.Column("region", Identity, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("product", "region", "run", "version", name=op.f("pk_decision_records")),
    )
    op.add_column("region_launches", sa.Column("open_waivers", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("region_launches", sa.Column("waivers", _MAYBE_JSON))
    op.add_column("region_launches", sa.Column("conditions", _MAYBE_JSON))
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
    key = " AND ".join(f"{column} = NEW.{column}" for column in ("product", "region", "run", "version"))
    op.execute(
        f"CREATE TRIGGER {_TABLE}_keeps_replace BEFORE INSERT ON {_TABLE} "
        f"WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE {key}) "
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
