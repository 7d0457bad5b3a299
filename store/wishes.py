"""What is a wish about, under which name of who wishes it, and may it be known already?"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from readiness.keys import LaunchKey, RegionKey
from store.names import NAME_OF
from store.records_schema import commands, region_launches

_UNDER_KEY = select(commands.c.id).where(
    commands.c.person == bindparam("person_id"), commands.c.idempotency_key == bindparam("idempotency_key")
)
_LATEST_REGION = select(
    region_launches.c.run,
    NAME_OF.scalar_subquery().label("printed_name"),
    _UNDER_KEY.exists().label("may_be_repeat"),
).where(
    region_launches.c.product == bindparam("product"),
    region_launches.c.region == bindparam("region"),
    region_launches.c.is_latest,
)
"""All of it at once: each question more is felt in every act."""


class About(NamedTuple):
    """What must be known of a wish before it is logged."""

    scope: LaunchKey | RegionKey
    printed_name: str | None
    """The name of the person as it is now; None where nobody of that id is known."""
    may_be_repeat: bool = True
    """False where the person has not used this Idempotency-Key yet."""


def about_region(tx: Connection, product: str, region: str, person: str, idempotency_key: str) -> About | None:
    """Return what a wish of `person` for `product` in `region` is about: the latest run there, which is what paths
    mean; None where there was none. One query."""
    asked = {"product": product, "region": region, "person_id": person, "idempotency_key": idempotency_key}
    row = tx.execute(_LATEST_REGION, asked).first()
    if row is None:
        return None
    return About(RegionKey(product=product, region=region, run=row.run), row.printed_name, row.may_be_repeat)
