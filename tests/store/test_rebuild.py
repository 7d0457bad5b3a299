"""Is every projection the fold of the ledger, and nothing else?"""

from sqlalchemy import delete, select

from readiness.commands import Choice, Role
from readiness.keys import LaunchKey
from readiness.ledger import Look
from store.rebuild import Rebuilt, rebuild, rebuild_region
from store.records_schema import launches, region_launches
from store.regions import launch_record, region_record, update_region
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import PRODUCT, Desk


def test_rebuilding_what_is_right_changes_nothing(desk: Desk) -> None:
    """The rows are what the ledger folds to, in every state."""
    key = desk.with_go()
    desk.clock.now = LAUNCH_AT
    desk.launch(key)
    with desk.store.reading() as tx:
        before = tx.execute(select(region_launches)).one()
    assert list(rebuild(desk.store)) == [
        Rebuilt(LaunchKey(product=PRODUCT, run=1), 1, differed=False),
        Rebuilt(key, before.version, differed=False),
    ]
    with desk.store.reading() as tx:
        assert tx.execute(select(region_launches)).one() == before


def test_a_row_that_tells_something_else_is_put_right(desk: Desk) -> None:
    """The ledger is the truth; a row that was tampered with follows it again."""
    key = desk.ready()
    truth = desk.region(key)
    false_go = desk.proposed(key, desk.decide(key, Choice.GO))[0].model_copy(update={"owner": "somebody"})
    with desk.store.writing() as tx:
        update_region(tx, key, state=false_go.model_dump(mode="json"), verdict="go", shown_verdict="go")
    assert rebuild_region(desk.store, key).differed
    assert desk.region(key) == truth


def test_rows_that_are_gone_come_back_from_the_ledger(desk: Desk) -> None:
    """Without its projections the database still knows everything."""
    key = desk.ready()
    desk.accepted(key, desk.ask(key, "cancel", "pm-7", Role.PRODUCT_MANAGER))
    desk.carry_out_launch(LaunchKey(product=PRODUCT, run=1), Look())
    (again,) = desk.start("emea")
    desk.accepted(again, desk.hold(again))
    with desk.store.reading() as tx:
        before = [region_record(tx, one) for one in (key, again)]
        launch = launch_record(tx, LaunchKey(product=PRODUCT, run=2))
    with desk.store.writing() as tx:
        tx.execute(delete(region_launches))
        tx.execute(delete(launches))
    assert all(stream.differed for stream in rebuild(desk.store))
    with desk.store.reading() as tx:
        after = [region_record(tx, one) for one in (key, again)]
        assert [record.region for record in after] == [record.region for record in before]
        assert [record.commands_logged for record in after] == [record.commands_logged for record in before]
        assert launch_record(tx, LaunchKey(product=PRODUCT, run=2)) == launch
    assert desk.latest("emea") == again
