"""Are denied attempts kept, on each database, in the order in which they were made?"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from store import access_schema
from store.denials import Denial, denials_of, record_denials
from store.engine import Store, open_store
from tests.api.door import NOON, SettableClock


@pytest.fixture
def kept(database_url: str, clock: SettableClock) -> Iterator[Store]:
    """A store of each kind that has the table of denials."""
    opened = open_store(database_url, clock)
    with opened.writing() as tx:
        access_schema.denials.create(tx, checkfirst=True)
    try:
        yield opened
    finally:
        opened.close()


def attempt(person: str, region: str | None) -> Denial:
    """Return somebody's attempt to decide."""
    return Denial(
        person=person,
        token_id="t-1",
        action="decide",
        product="atlas-2",
        region=region,
        method="POST",
        path="/v1/launches/atlas-2/regions/emea/decisions",
        request_id="r-1",
    )


def test_attempts_are_kept_by_person_newest_first(kept: Store, clock: SettableClock) -> None:
    """What one person tried is found without what others tried, the latest first."""
    record_denials(kept, [attempt("s-1", "emea"), attempt("s-2", "emea")])
    clock.advance(timedelta(minutes=1))
    record_denials(kept, [attempt("s-1", None)])
    record_denials(kept, [])
    with kept.reading() as tx:
        assert denials_of(tx, "s-1") == [attempt("s-1", None), attempt("s-1", "emea")]
        assert denials_of(tx, "s-1", limit=1) == [attempt("s-1", None)]
        assert denials_of(tx, "nobody") == []
        moments = tx.execute(select(access_schema.denials.c.at).order_by(access_schema.denials.c.id)).scalars().all()
    assert moments == [NOON, NOON, NOON + timedelta(minutes=1)]
