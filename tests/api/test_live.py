"""Does a reader who asks for another instant ever see more than the region has?"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from api.live import region_readiness
from readiness.region import Verdict
from readiness.rows import AttemptRow, CompletionRow, ImportKind
from readiness.rules import BEING_CHECKED
from store.engine import open_store
from store.facts import begin_import
from store.learning import load_attempts, load_completions
from tests.store.desk import PRODUCT, Clock, Desk, marking


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk on a migrated store of this test's own whose clock the test moves."""
    clock = Clock()
    store = open_store(store_url, clock)
    try:
        yield Desk(store, clock)
    finally:
        store.close()


def replace_passes_by_old_ones(desk: Desk) -> None:
    """Correct the records: everyone learned and passed 330 days ago, so that all passes lapse before the launch."""
    desk.void_passes("emea")
    passed_at = desk.clock.now - timedelta(days=330)
    people = [f"emea-{number}" for number in range(10)]
    learned = [CompletionRow(person, "basics", passed_at - timedelta(days=1)) for person in people]
    passed = [AttemptRow(person, "cert", passed_at, Decimal(90)) for person in people]
    with desk.store.writing() as tx:
        begin_import(tx, "old-completions", ImportKind.COMPLETIONS, at=desk.store.now(tx))
        load_completions(tx, learned, import_id="old-completions", mark=marking)
        begin_import(tx, "old-attempts", ImportKind.ATTEMPTS, at=desk.store.now(tx))
        load_attempts(tx, passed, import_id="old-attempts", mark=marking)


def test_a_coming_instant_never_shows_a_go_that_the_day_itself_unmakes(desk: Desk) -> None:
    """Whoever asks about tomorrow, when every pass is still valid, hears what holds for the launch instant."""
    desk.with_go()
    replace_passes_by_old_ones(desk)
    tomorrow = region_readiness(desk.store, PRODUCT, "emea", at=desk.clock.now + timedelta(days=1))
    assert all(criterion.is_satisfied for criterion in tomorrow.criteria)
    assert (tomorrow.verdict, tomorrow.reasons[0]) == (Verdict.HELD, BEING_CHECKED)
