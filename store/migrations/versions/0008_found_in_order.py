"""How are a page of an audience, a page of the board and its totals found without reading what they do not show?"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Keep people in the order of their ids, and with each region launch in the order of the board what it is counted
    and filtered by."""
    op.drop_index(op.f("ix_roster_region_active_function_until_at_from_at"), "roster")
    op.create_index(
        "ix_roster_audience",
        "roster",
        ["region", "active", "function", "person_id", "until_at", "from_at", "manager_id"],
    )
    op.drop_index("ix_region_launches_latest", "region_launches")
    op.drop_index("ix_region_launches_by_region", "region_launches")
    told = ["stage", "rag", "shown_verdict", "verdict", "launch_at"]
    op.create_index(
        "ix_region_launches_board",
        "region_launches",
        ["is_latest", "product", "region", *told, "product_name", "name"],
    )
    op.create_index("ix_region_launches_by_region", "region_launches", ["is_latest", "region", "product", "name"])
