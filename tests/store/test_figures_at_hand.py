"""When are figures that were counted before good enough, and who never trusts them?"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event, select, update

from api.live import region_readiness
from readiness.ledger import LaunchDenied, Launched
from readiness.policy import Stage
from readiness.readiness import Readiness
from readiness.region import Verdict
from store.board import aged_regions, refresh_figures
from store.facts import AHEAD_AT_MOST
from store.records_schema import region_launches
from store.regions import region_record
from store.sight import gather, look
from tests.store.desk import PRODUCT, Desk

COUNTING = "learners"
"""What every query that counts people mentions."""


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """Take down what is asked of the database."""
    asked: list[str] = []

    def take_down(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(desk.store.engine, "before_cursor_execute", take_down)
    try:
        yield asked
    finally:
        event.remove(desk.store.engine, "before_cursor_execute", take_down)


def counted(desk: Desk) -> None:
    """Let facts be no longer dated ahead, and count."""
    desk.clock.now += AHEAD_AT_MOST + timedelta(seconds=1)
    key = desk.latest("emea")
    assert key is not None
    refresh_figures(desk.store, [key])
    desk.clock.now += timedelta(seconds=1)


def void_passes(desk: Desk) -> None:
    """Correct away the passes that were taken in before the figures were counted."""
    now = desk.clock.now
    desk.clock.now = now - AHEAD_AT_MOST - timedelta(seconds=2)
    desk.void_passes("emea")
    desk.clock.now = now


def lasting(readiness: Readiness) -> Readiness:
    """What a readiness says, whenever it was gathered."""
    return readiness.model_copy(update={"as_of": None})


def test_nobody_is_counted_again_while_nothing_has_changed(desk: Desk) -> None:
    """A region's page costs one row, and one look at the roles of those who gave something, however many people are
    behind it, and says what counting them would."""
    desk.ready()
    counted(desk)
    with statements(desk) as asked:
        shown = region_readiness(desk.store, PRODUCT, "emea")
    read = [statement for statement in asked if statement.startswith("SELECT") and "clock_timestamp" not in statement]
    assert len(read) == 2
    assert "role_changes" in read[1]
    assert shown.as_of == desk.clock.now
    with desk.store.writing() as tx:
        tx.execute(update(region_launches).values(figures_revision=0))
    with statements(desk) as asked:
        assert lasting(region_readiness(desk.store, PRODUCT, "emea")) == lasting(shown)
    assert any(COUNTING in statement for statement in asked)


def test_what_a_stage_that_opens_asks_anew_is_counted_before_anybody_asks(desk: Desk) -> None:
    """Training opens with the last signature, and the audience's change is told since then: the next sweep counts it,
    so that whoever decides after it counts nobody."""
    (key,) = desk.start("emea")
    desk.write_all()
    desk.teach("emea")
    counted(desk)
    desk.sign_all(key)
    assert desk.region(key).stage(Stage.TRAINING).opened_at is not None
    desk.clock.now += timedelta(minutes=1)
    with desk.store.reading() as tx:
        due = aged_regions(tx, gathered_before=desk.clock.now - timedelta(hours=1), now=desk.clock.now)
    assert due == (key,)
    refresh_figures(desk.store, due)
    with statements(desk) as asked:
        assert look(desk.store, key, 0).evidence is not None
    assert not any(COUNTING in statement for statement in asked)
    with desk.store.reading() as tx:
        assert aged_regions(tx, gathered_before=desk.clock.now - timedelta(hours=1), now=desk.clock.now) == ()


def test_a_new_fact_is_seen_at_once(desk: Desk) -> None:
    """Figures at hand are of no use once a fact came, also before anybody has counted it."""
    desk.with_go()
    counted(desk)
    void_passes(desk)
    shown = region_readiness(desk.store, PRODUCT, "emea")
    assert shown.verdict is Verdict.HELD
    assert "10 of 10 hold no certification valid at launch" in shown.reasons


def test_an_edit_is_seen_at_once(desk: Desk) -> None:
    """What was signed is compared with the words of this moment."""
    desk.ready()
    counted(desk)
    assert region_readiness(desk.store, PRODUCT, "emea").verdict is Verdict.READY
    desk.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Atlas 2 doubles your close."})
    assert region_readiness(desk.store, PRODUCT, "emea").verdict is Verdict.NOT_READY


def test_the_launch_counts_for_itself(desk: Desk) -> None:
    """Figures that somebody wrote into the region's row open no gate: the second lock reads facts alone."""
    key = desk.with_go()
    taught_at, desk.clock.now = desk.clock.now, desk.region(key).launch_at
    refresh_figures(desk.store, [key])
    with desk.store.reading() as tx:
        figures, contents = tx.execute(select(region_launches.c.figures, region_launches.c.contents)).one()
    launch_at, desk.clock.now = desk.clock.now, taught_at
    desk.void_passes("emea")
    desk.clock.now = launch_at
    lie = {"figures": figures, "contents": contents, "figures_revision": region_launches.c.facts_revision}
    with desk.store.writing() as tx:
        tx.execute(update(region_launches).values(lie))
    sight = look(desk.store, key, 0)
    assert sight.evidence is not None
    assert sight.evidence.figures.certified == 10
    answer = desk.launch(key)
    assert isinstance(answer, LaunchDenied)
    assert any("certification" in objection for objection in answer.objections)


def test_an_honest_region_launches_on_what_is_counted_then(desk: Desk) -> None:
    """The same walk without a lie launches, so that the refusal above is for the lie."""
    key = desk.with_go()
    counted(desk)
    desk.clock.now = desk.region(key).launch_at
    assert isinstance(desk.launch(key), Launched)


def test_figures_that_no_longer_hold_are_found_within_a_minute(desk: Desk) -> None:
    """A fact may be dated a little ahead: until that moment has passed nobody relies on what was counted."""
    key = desk.with_go()
    hour = timedelta(hours=1)
    with desk.store.reading() as tx:
        assert aged_regions(tx, gathered_before=desk.clock.now - hour, now=desk.clock.now) == (key,)
    counted(desk)
    with desk.store.reading() as tx:
        assert aged_regions(tx, gathered_before=desk.clock.now - hour, now=desk.clock.now) == ()


def test_looking_does_not_put_off_the_hourly_counting(desk: Desk) -> None:
    """A look that takes figures at hand counts nobody, so the row still says when they were counted."""
    key = desk.with_go()
    counted(desk)
    counted_at = desk.clock.now - timedelta(seconds=1)
    desk.clock.now += timedelta(minutes=30)
    desk.look(key)
    with desk.store.reading() as tx:
        assert tx.execute(select(region_launches.c.figures_gathered_at)).scalar_one() == counted_at
        just_after = counted_at + timedelta(microseconds=1)
        assert aged_regions(tx, gathered_before=just_after, now=desk.clock.now) == (key,)


def test_what_was_gathered_is_gathered_anew_for_whoever_insists(desk: Desk) -> None:
    """Counting anew says the same of a region in which nothing moved."""
    key = desk.with_go()
    counted(desk)
    now = desk.clock.now
    launch_at = desk.region(key).launch_at
    with desk.store.reading() as tx:
        records = [region_record(tx, key)]
        at_hand = gather(tx, records, {key: launch_at}, now=now)[key]
        anew = gather(tx, records, {key: launch_at}, now=now, counted_anew=True)[key]
    assert at_hand.contents == anew.contents
    assert at_hand.figures.model_copy(update={"steady_until": None}) == anew.figures.model_copy(
        update={"steady_until": None}
    )
