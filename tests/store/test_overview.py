"""Do the totals of the board agree with its rows, whoever asks and by whatever filter?"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from readiness.commands import Choice
from readiness.keys import RegionKey
from readiness.policy import Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from store.board import board, refresh_figures
from store.overview import Order, Ranked, named_products, named_regions, ranked_products, tallies, waves_and_tiers
from store.pulse import changed_since, pulse
from store.records_schema import region_launches
from store.wanted import Wanted
from tests.store.desk import Desk

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def three(desk: Desk) -> Desk:
    """A product in three regions, one of them with a go."""
    keys = desk.start("amer", "apac", "emea")
    desk.write_all()
    desk.teach("emea")
    emea = keys[2]
    desk.sign_all(emea)
    for key in keys:
        desk.look(key)
    desk.accepted(emea, desk.decide(emea, Choice.GO))
    refresh_figures(desk.store, keys)
    return desk


def test_the_totals_are_those_of_the_rows(three: Desk) -> None:
    """Every row is counted once, by the verdict and the colour that it shows."""
    with three.store.reading() as tx:
        rows = Counter((row.verdict, row.rag) for row in board(tx))
        assert {(tally.verdict, tally.rag): tally.count for tally in tallies(tx)} == rows
    assert rows[(Verdict.GO, Rag.GREEN)] == 1


def test_nothing_is_counted_that_the_reader_may_not_see(three: Desk) -> None:
    """Totals, products and regions are those of the reader's own regions."""
    with three.store.reading() as tx:
        assert sum(tally.count for tally in tallies(tx, Wanted(within=["apac"]))) == 1
        assert named_regions(tx, within=["apac"]) == (("apac", "APAC"),)
        assert tallies(tx, Wanted(within=[])) == ()
        assert named_products(tx, within=[]) == ()
        assert ranked_products(tx, Wanted(within=[])) == ()
        assert waves_and_tiers(tx, within=[]) == ((), ())
        assert pulse(tx, within=[]).regions == 0
        assert changed_since(tx, LONG_AGO, within=[]) == ()


def test_totals_follow_the_filters(three: Desk) -> None:
    """Product, region and stage narrow the totals as they narrow the board."""
    with three.store.reading() as tx:
        assert sum(tally.count for tally in tallies(tx, Wanted(region="emea"))) == 1
        assert tallies(tx, Wanted(product="borealis")) == ()
        at_decision = tallies(tx, Wanted(stage=Stage.GO_NO_GO))
        assert [tally.verdict for tally in at_decision] == [Verdict.GO]


def test_products_come_once_with_as_many_cells_as_fit(three: Desk) -> None:
    """A product comes once where any of its regions fits, and none where none does."""
    with three.store.reading() as tx:
        (atlas,) = ranked_products(tx)
        assert (atlas.product, atlas.cells) == ("atlas-2", 3)
        assert ranked_products(tx, Wanted(verdict=Verdict.GO, rag=Rag.GREEN)) == (Ranked("atlas-2", atlas.tier, 1),)
        assert ranked_products(tx, Wanted(verdict=Verdict.CANCELLED)) == ()
        for words, found in (("ATLAS", 1), ("las-2", 1), ("a%", 0), ("_", 0), ("borealis", 0)):
            assert len(ranked_products(tx, Wanted(words=words))) == found, words
        assert ranked_products(tx, Wanted(tier=atlas.tier, wave=1)) == (atlas,)
        assert ranked_products(tx, Wanted(tier=atlas.tier + 1)) == ranked_products(tx, Wanted(wave=7)) == ()
        assert waves_and_tiers(tx) == ((1,), (atlas.tier,))


def test_products_come_in_the_order_asked_for(three: Desk) -> None:
    """By name, by the soonest launch, by the worst region, by tier: each order puts another product first."""
    others = (
        ("zebra", "Aardvark", "green", 3, 9),
        ("mango", "Zulu", "amber", 3, -9),
        ("lemon", "Mike", "amber", 1, 5),
    )
    with three.store.writing() as tx:
        row = dict(tx.execute(select(region_launches).where(region_launches.c.region == "emea")).mappings().one())
        tx.execute(update(region_launches).values(rag="red", tier=2))
        for product, name, rag, tier, days in others:
            launch_at = row["launch_at"] + timedelta(days=days)
            changed = {"product": product, "product_name": name, "rag": rag, "tier": tier, "launch_at": launch_at}
            tx.execute(insert(region_launches).values({**row, **changed}))
    first = {Order.NAME: "zebra", Order.LAUNCH: "mango", Order.WORST: "atlas-2", Order.TIER: "lemon"}
    with three.store.reading() as tx:
        assert {order: ranked_products(tx, order=order)[0].product for order in Order} == first


def test_the_pulse_differs_when_something_happens_and_only_then(three: Desk) -> None:
    """An act in one region changes the pulse of who may see it, and of nobody else."""
    emea = RegionKey(product="atlas-2", region="emea", run=1)
    with three.store.reading() as tx:
        before = (pulse(tx), pulse(tx, within=["emea"]), pulse(tx, within=["apac"]))
        assert (pulse(tx), pulse(tx, within=["emea"])) == before[:2]
    three.accepted(emea, three.hold(emea))
    with three.store.reading() as tx:
        after = (pulse(tx), pulse(tx, within=["emea"]), pulse(tx, within=["apac"]))
    assert [now == then for now, then in zip(after, before, strict=True)] == [False, False, True]


def test_what_has_happened_since_is_told_latest_first(three: Desk) -> None:
    """Each event of the latest runs is told once with how its region stands now, and none of before."""
    with three.store.reading() as tx:
        told = changed_since(tx, LONG_AGO)
        assert (told[0].region, told[0].event.type, told[0].verdict) == ("emea", "decision_taken", Verdict.GO)
        assert {each.region for each in told} == {"amer", "apac", "emea"}
        assert "decision_taken" not in {
            each.event.type for each in changed_since(tx, LONG_AGO, but=["decision_taken"])
        }
        assert {each.region for each in changed_since(tx, LONG_AGO, within=["apac"])} == {"apac"}
        assert changed_since(tx, three.store.now(tx)) == ()


def test_products_and_regions_have_the_names_of_their_plans(three: Desk) -> None:
    """What one filters by is called what its plan calls it."""
    with three.store.reading() as tx:
        assert named_products(tx) == (("atlas-2", "Atlas 2"),)
        assert named_regions(tx) == (("amer", "AMER"), ("apac", "APAC"), ("emea", "EMEA"))
