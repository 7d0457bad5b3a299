"""Does the board show what is true, by few queries, and never a false go?"""

from datetime import timedelta

import pytest
from sqlalchemy import event

from readiness.commands import Choice, Role
from readiness.policy import Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from store.alarms import AlarmKind, standing_alarms
from store.board import NOBODY_LOOKED, aged_regions, board, board_of, close_board_of, marked_regions, refresh_figures
from store.facts import AHEAD_AT_MOST
from store.overview import tallies
from store.regions import mark, mark_lost, region_record, unseen_regions
from store.wanted import Wanted
from tests.store.desk import PRODUCT, Desk


def test_a_region_that_has_just_begun_says_that_nobody_has_counted(desk: Desk) -> None:
    """Unknown is grey and says so."""
    keys = desk.start("apac", "emea")
    with desk.store.reading() as tx:
        rows = board(tx)
        assert [(row.region, row.rag, row.as_of) for row in rows] == [
            ("apac", Rag.GREY, None),
            ("emea", Rag.GREY, None),
        ]
        assert marked_regions(tx) == keys


def test_refreshing_counts_every_marked_region_by_the_same_number_of_queries(desk: Desk) -> None:
    """However many regions are marked, the figures are counted together."""

    def queries(*keys: object) -> int:
        counted: list[str] = []

        def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                counted.append(statement)

        event.listen(desk.store.engine, "before_cursor_execute", count)
        refresh_figures(desk.store, keys)  # type: ignore[arg-type]  # Keys of regions.
        event.remove(desk.store.engine, "before_cursor_execute", count)
        return len(counted)

    keys = desk.start("amer", "apac", "emea", "meta")
    assert queries(keys[0]) == queries(*keys[1:])
    with desk.store.reading() as tx:
        assert marked_regions(tx) == ()


def test_the_board_shows_the_figures_that_were_counted(desk: Desk) -> None:
    """The row tells index, coverage, reasons and when it was counted."""
    (key,) = desk.start("emea")
    desk.teach("emea", people=10, trained=9, certified=4)
    refresh_figures(desk.store, [key])
    with desk.store.reading() as tx:
        (row,) = board(tx)
    assert (row.index, row.coverage) == (50.0, 0.7)
    assert row.as_of == desk.clock.now
    assert row.reasons


def test_a_cell_names_for_whom_the_region_waits(desk: Desk) -> None:
    """What a cell says of that is what the blockers of the same row say, those of the earliest stage first."""
    (key,) = desk.start("emea")
    refresh_figures(desk.store, [key])
    with desk.store.reading() as tx:
        (row,) = board(tx)
        (cell,) = board_of(tx, [PRODUCT], Wanted(), limit=10)
    assert cell.waiting_on == row.waiting_on == tuple(each.waiting_on for each in row.blockers) != ()


def test_cells_seen_from_close_by_are_rows_of_the_board(desk: Desk) -> None:
    """A close look tells what the board's own rows tell, with the decision and all that blocks."""
    desk.with_go()
    with desk.store.reading() as tx:
        rows = board(tx, now=desk.clock.now)
        assert close_board_of(tx, [PRODUCT], Wanted(), limit=10, now=desk.clock.now) == rows
        assert close_board_of(tx, ["borealis"], Wanted(), limit=10, now=desk.clock.now) == ()
    assert rows[0].decision is not None


def test_a_region_is_hinted_only_where_a_criterion_differs_from_its_last_look(desk: Desk) -> None:
    """Figures that move without changing a status disturb no workflow; a status that changes does, until it looks."""
    (key,) = desk.start("emea")
    desk.teach("emea", people=10, trained=1, certified=0)
    desk.look(key)
    desk.teach("emea", people=10, trained=5, certified=0)
    assert refresh_figures(desk.store, [key]) == ()
    desk.teach("emea", people=10, trained=10, certified=0)
    assert refresh_figures(desk.store, [key]) == (key,)
    assert refresh_figures(desk.store, [key]) == (key,)
    desk.look(key)
    assert refresh_figures(desk.store, [key]) == ()


def test_a_go_that_facts_have_overtaken_reads_as_held(desk: Desk) -> None:
    """From the import on, through the count, to the workflow's own verdict, nobody reads a go."""
    key = desk.with_go()
    with desk.store.reading() as tx:
        assert [row.verdict for row in board(tx)] == [Verdict.GO]
    desk.void_passes("emea")
    with desk.store.reading() as tx:
        assert [(row.verdict, row.reasons) for row in board(tx)] == [
            (Verdict.HELD, ("Evidence changed, being checked",))
        ]
        assert region_record(tx, key).region.holding is None
    assert refresh_figures(desk.store, [key]) == (key,)
    with desk.store.reading() as tx:
        (row,) = board(tx)
        assert (row.verdict, row.reasons[0]) == (Verdict.HELD, "Evidence changed, being checked")
        assert board(tx, verdict=Verdict.GO) == ()
    desk.look(key)
    with desk.store.reading() as tx:
        (row,) = board(tx)
        assert (row.verdict, row.reasons[0]) == (
            Verdict.HELD,
            "Held because a gate became unmet after the go",
        )


def test_the_board_says_who_is_waited_on_and_what_was_decided(desk: Desk) -> None:
    """Each row tells what a region's own page tells, but for its stages."""
    key = desk.ready()
    with desk.store.reading() as tx:
        (row,) = board(tx)
    assert ([blocker.waiting_on for blocker in row.blockers], row.decision) == (["executive"], None)
    assert row.waiting_on == ("executive",)
    desk.accepted(key, desk.decide(key, Choice.GO))
    with desk.store.reading() as tx:
        (row,) = board(tx)
    assert row.blockers == ()
    assert row.decision is not None
    assert (row.decision.verdict, row.decision.person) == (Choice.GO, "ex-1")


def test_a_mark_that_changes_nothing_gives_the_go_back_once_it_is_counted(desk: Desk) -> None:
    """A harmless import takes the go off the board only until the figures are counted."""
    key = desk.with_go()
    with desk.store.writing() as tx:
        mark(tx, [(PRODUCT, "emea")])
    assert refresh_figures(desk.store, [key]) == ()
    with desk.store.reading() as tx:
        assert [row.verdict for row in board(tx)] == [Verdict.GO]
        assert unseen_regions(tx) == (key,)


def test_a_lost_workflow_reads_as_held_until_it_settles_again(desk: Desk) -> None:
    """A go without a workflow behind it is no go."""
    key = desk.with_go()
    with desk.store.writing() as tx:
        mark_lost(tx, key, now=desk.clock.now)
    refresh_figures(desk.store, [key])
    with desk.store.reading() as tx:
        (row,) = board(tx)
        assert row.verdict is Verdict.HELD
        assert "lost" in row.reasons[0]
        assert [alarm.kind for alarm in standing_alarms(tx)] == [AlarmKind.WORKFLOW_LOST]
    desk.look(key)
    with desk.store.reading() as tx:
        assert standing_alarms(tx) == ()
        assert [row.verdict for row in board(tx)] == [Verdict.GO]


def test_a_rescheduled_region_is_counted_for_its_new_instant(desk: Desk) -> None:
    """Figures of the old instant say nothing of the new one."""
    key = desk.with_go()
    launch_at = desk.region(key).launch_at + timedelta(days=400)
    command = desk.ask(key, "reschedule", "pm-7", Role.PRODUCT_MANAGER, launch_at=launch_at, wall_clock="later")
    desk.accepted(key, command)
    with desk.store.reading() as tx:
        figures = region_record(tx, key).figures
        assert figures is not None
        assert (figures.at, figures.certified) == (launch_at, 0)


@pytest.mark.parametrize(
    ("filters", "regions"),
    [
        ({}, ["apac", "emea"]),
        ({"product": "nova"}, []),
        ({"region": "emea"}, ["emea"]),
        ({"verdict": Verdict.READY}, ["emea"]),
        ({"stage": Stage.GO_NO_GO}, ["emea"]),
        ({"rag": Rag.GREY}, []),
        ({"within": ["apac", "mars"]}, ["apac"]),
        ({"within": []}, []),
        ({"after": (PRODUCT, "apac")}, ["emea"]),
        ({"limit": 1}, ["apac"]),
    ],
)
def test_the_board_is_filtered_and_paged(desk: Desk, filters: dict[str, object], regions: list[str]) -> None:
    """Each filter leaves what it names, in order of product and region."""
    apac, emea = desk.start("apac", "emea")
    desk.write_all()
    desk.teach("emea")
    desk.teach("apac", trained=0, certified=0)
    desk.sign_all(emea)
    desk.look(emea)
    refresh_figures(desk.store, [apac])
    with desk.store.reading() as tx:
        assert [row.region for row in board(tx, **filters)] == regions  # type: ignore[arg-type]  # One filter each.


def test_only_the_latest_run_is_on_the_board(desk: Desk) -> None:
    """Paths mean the latest, and so does the board."""
    key = desk.with_go()
    desk.accepted(key, desk.ask(key, "cancel", "pm-7", Role.PRODUCT_MANAGER))
    with desk.store.reading() as tx:
        assert [(row.run, row.verdict) for row in board(tx)] == [(1, Verdict.CANCELLED)]
        assert marked_regions(tx) == ()
        assert aged_regions(tx, gathered_before=desk.clock.now + timedelta(days=1), now=desk.clock.now) == ()


def test_old_figures_are_found(desk: Desk) -> None:
    """Time alone changes pace and validity, so old figures are counted anew."""
    key = desk.ready()
    desk.clock.now += AHEAD_AT_MOST + timedelta(seconds=1)
    refresh_figures(desk.store, [key])
    now = desk.clock.now
    with desk.store.reading() as tx:
        assert aged_regions(tx, gathered_before=now, now=now) == ()
        assert aged_regions(tx, gathered_before=now + timedelta(seconds=1), now=now) == (key,)


def test_a_go_whose_instant_passed_unseen_is_not_shown(desk: Desk) -> None:
    """A dead worker must not leave a go on the board: a minute after its instant it reads as held, and says why."""
    key = desk.with_go()
    due = desk.region(key).launch_at
    with desk.store.reading() as tx:
        assert [row.verdict for row in board(tx, now=due)] == [Verdict.GO]
        late = due + timedelta(minutes=2)
        (row,) = board(tx, now=late)
        assert (row.verdict, row.reasons[0]) == (Verdict.HELD, NOBODY_LOOKED)
        assert board(tx, verdict=Verdict.GO, now=late) == ()
        assert [tally.verdict for tally in tallies(tx, now=late)] == [Verdict.HELD]


def test_a_criterion_that_stays_unmet_in_another_way_disturbs_no_workflow(desk: Desk) -> None:
    """From no evidence to too little of it no gate moves, so there is nothing for a workflow to look at."""
    (key,) = desk.start("emea")
    desk.look(key)
    before = desk.region(key).judged
    desk.teach("emea", people=10, trained=1, certified=0)
    assert refresh_figures(desk.store, [key]) == ()
    desk.look(key)
    assert desk.region(key).judged != before
