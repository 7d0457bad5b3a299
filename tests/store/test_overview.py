"""Do the totals of the board agree with its rows, whoever asks and by whatever filter?"""

from collections import Counter

import pytest

from readiness.commands import Choice
from readiness.policy import Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from store.board import board, refresh_figures
from store.overview import count_products, named_products, named_regions, tallies
from tests.store.desk import Desk


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
        assert sum(tally.count for tally in tallies(tx, within=["apac"])) == 1
        assert named_regions(tx, within=["apac"]) == (("apac", "APAC"),)
        assert tallies(tx, within=[]) == ()
        assert named_products(tx, within=[]) == ()
        assert count_products(tx, within=[]) == 0


def test_totals_follow_the_filters(three: Desk) -> None:
    """Product, region and stage narrow the totals as they narrow the board."""
    with three.store.reading() as tx:
        assert sum(tally.count for tally in tallies(tx, region="emea")) == 1
        assert tallies(tx, product="borealis") == ()
        at_decision = tallies(tx, stage=Stage.GO_NO_GO)
        assert [tally.verdict for tally in at_decision] == [Verdict.GO]


def test_products_are_counted_once_however_many_regions(three: Desk) -> None:
    """A product counts once where any of its regions fits, and none beyond the one asked up to."""
    with three.store.reading() as tx:
        assert count_products(tx) == 1
        assert count_products(tx, verdict=Verdict.GO, rag=Rag.GREEN, stage=Stage.GO_NO_GO) == 1
        assert count_products(tx, verdict=Verdict.CANCELLED) == 0
        assert count_products(tx, up_to="atlas-2") == 1
        assert count_products(tx, up_to="atlas-1") == 0


def test_products_and_regions_have_the_names_of_their_plans(three: Desk) -> None:
    """What one filters by is called what its plan calls it."""
    with three.store.reading() as tx:
        assert named_products(tx) == (("atlas-2", "Atlas 2"),)
        assert named_regions(tx) == (("amer", "AMER"), ("apac", "APAC"), ("emea", "EMEA"))
