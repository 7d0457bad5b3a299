"""Does the store tell the ball of exactly the region launches that are asked for?"""

from datetime import timedelta

import pytest
from sqlalchemy import text, update

from readiness.ball import Holder, passed_on, spells
from readiness.commands import Position, Role
from readiness.keys import LaunchKey
from readiness.ledger import Look
from readiness.policy import TIERS, Function, Stage
from store.ball import BallTold, ball_of_ledger, balls
from store.content import stage_content
from store.ledger import rows_after
from store.records_schema import region_launches
from store.regions import region_record
from store.revision import TABLE
from store.upgrade import upgrade
from tests.readiness.builders import NOW, OWNER
from tests.store.desk import PRODUCT, Desk


@pytest.fixture
def three(desk: Desk) -> Desk:
    """A product in three regions: one polled since an hour after its start, one cancelled, one untouched."""
    desk.policy = TIERS[1]
    amer, _, emea = desk.start("amer", "apac", "emea")
    desk.write_all()
    desk.teach("emea")
    desk.sign_all(emea)
    desk.look(emea)
    desk.clock.now += timedelta(hours=1)
    desk.accepted(emea, desk.ask(emea, "open_poll", OWNER, Role.PRODUCT_MANAGER))
    desk.accepted(amer, desk.ask(amer, "cancel", OWNER, Role.PRODUCT_MANAGER))
    desk.clock.now += timedelta(hours=1)
    return desk


def told(desk: Desk, **asked: object) -> list[BallTold]:
    """Return the balls that the store tells."""
    with desk.store.reading() as tx:
        return list(balls(tx, **asked))  # type: ignore[arg-type]  # Each test asks with what the store takes.


def test_each_ball_is_what_the_whole_ledger_tells(three: Desk) -> None:
    """What a row keeps from settlement to settlement is what every row of the ledger tells from the start."""
    for each in told(three):
        with three.store.reading() as tx:
            assert each.ball == passed_on(each.key, None, None, (row.event for row in rows_after(tx, each.key, 0)))


def test_a_row_of_before_balls_were_kept_is_told_from_its_ledger(three: Desk) -> None:
    """After an upgrade nothing is missing, and the next settlement keeps it from then on."""
    before = told(three)
    with three.store.writing() as tx:
        tx.execute(update(region_launches).values(ball=None))
    assert told(three) == before
    apac, emea = before[1].key, before[2].key
    three.look(apac)
    with three.store.reading() as tx:
        assert region_record(tx, emea).ball is None
        assert region_record(tx, apac).ball == ball_of_ledger(tx, apac)


def test_the_ball_is_where_the_region_stands(three: Desk) -> None:
    """A poll is held by its seats, a cancelled region by nobody, one that was only started by who signs first."""
    amer, apac, emea = told(three)
    assert amer.ball.holding == ()
    assert [(s.stage, s.function) for s in apac.ball.holding] == [
        (Stage.VALUE_PROPOSITIONS, Holder.MARKETING),
        (Stage.VALUE_PROPOSITIONS, Holder.SALES),
    ]
    assert {s.function.value for s in emea.ball.holding} == {function.value for function in Function}
    opened_at, now = NOW + timedelta(hours=1), three.clock.now
    # Product opens the poll, and goes on to hold a seat in it.
    assert [(s.function, s.began_at, s.ended_at) for s in spells(emea.ball, now=now)] == [
        (Holder.PRODUCT, NOW, now),
        (Holder.MARKETING, opened_at, now),
        (Holder.SALES, opened_at, now),
        (Holder.ENABLEMENT, opened_at, now),
    ]


def test_only_what_is_asked_for_is_told(three: Desk) -> None:
    """A product, a region, the regions of the reader, and what still runs narrow what is told."""

    def regions(**asked: object) -> list[str]:
        return [told_of.key.region for told_of in told(three, **asked)]

    assert regions() == ["amer", "apac", "emea"]
    assert regions(product=PRODUCT, region="apac") == ["apac"]
    assert regions(product="borealis") == []
    assert regions(within=["emea", "amer"]) == ["amer", "emea"]
    assert regions(within=[]) == []
    assert regions(running=True) == ["apac", "emea"]


def test_only_the_latest_run_of_a_region_is_told(desk: Desk) -> None:
    """A region that was cancelled and started again begins anew: what its first run took is another story."""
    (first,) = desk.start("emea")
    desk.accepted(first, desk.ask(first, "cancel", OWNER, Role.PRODUCT_MANAGER))
    desk.carry_out_launch(LaunchKey(product=PRODUCT, run=1), Look())
    desk.clock.now += timedelta(hours=5)
    (again,) = desk.start("emea")
    (latest,) = told(desk)
    assert (latest.key, latest.started_at) == (again, NOW + timedelta(hours=5))


def test_an_upgrade_forgets_only_balls_of_what_was_sent_back(desk: Desk) -> None:
    """Who holds what was sent back is told anew from the ledger, and all else stays as it was kept."""
    apac, emea = desk.start("apac", "emea")
    desk.write_all()
    with desk.store.reading() as tx:
        current = stage_content(tx, emea, Stage.VALUE_PROPOSITIONS).evidence.digest
    back = {"stage": Stage.VALUE_PROPOSITIONS, "function": Function.SALES, "digest": current}
    desk.accepted(emea, desk.ask(emea, "sign_off", "sa-1", Role.SALES_LEAD, **back, position=Position.SEND_BACK))
    desk.look(apac)
    with desk.store.writing() as tx:
        tx.execute(text(f"UPDATE {TABLE} SET version_num = '0019'"))
    upgrade(desk.store.engine)
    with desk.store.reading() as tx:
        assert region_record(tx, emea).ball is None
        assert region_record(tx, apac).ball == ball_of_ledger(tx, apac)
