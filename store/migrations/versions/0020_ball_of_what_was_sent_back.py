"""Who holds what was sent back?"""

import sqlalchemy as sa
from alembic import op

from store.records_schema import MaybeJson
from store.types import Json

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Forget the ball where something was sent back: marketing alone holds it now until it is written anew.

    A region's next settlement fills it again, and until then it is read from the ledger.
    """
    regions = sa.table("region_launches", sa.column("ball", MaybeJson), sa.column("state", Json))
    sent_back = sa.cast(regions.c.state["sent_back"], sa.Text)
    op.execute(sa.update(regions).where(sent_back != "[]").values(ball=sa.null()))
