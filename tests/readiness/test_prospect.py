"""Is it known what comes before a decision, and what makes a region red?"""

from datetime import timedelta

import pytest

from readiness.evaluate import evaluate
from readiness.events import CriterionStatus
from readiness.policy import CriterionKey, Function, Stage
from readiness.prospect import (
    Ahead,
    Reddening,
    RedFor,
    Timeliness,
    ahead,
    decide_by,
    fewest_to_launch,
    foretell,
    later,
    red_for,
    voters,
)
from readiness.readiness import ConditionShown, CriterionResult, Rag, Readiness, Shortfall, WaiverShown
from readiness.region import ConditionStatus, RegionLaunch, Verdict, WaiverStatus
from tests.readiness.builders import NOW, READY_WORLD, World, region_launch
from tests.readiness.governing import ballot, open_poll, polled_region
from tests.readiness.steps import accepted

DUE_AT = NOW + timedelta(days=20)


def reading(**other: object) -> Readiness:
    """Return the readiness of a region that is ready but for what is said of it."""
    return of(region_launch()).model_copy(update={"rag": Rag.RED, "as_of": NOW, **other})


def of(region: RegionLaunch) -> Readiness:
    """Return the readiness of a region in a world in which people have learned."""
    return evaluated(region, READY_WORLD)


def evaluated(region: RegionLaunch, world: World) -> Readiness:
    """Return the readiness of a region in `world`."""
    evidence = world.evidence()
    return evaluate(region.policy, evidence, region, at=evidence.figures.at)


def with_criterion(**other: object) -> Readiness:
    """Return the readiness of a region whose certifications alone are red, as is said of them."""
    shown = reading()
    certified = CriterionResult(
        key=CriterionKey.CERTIFIED_SHARE,
        status=CriterionStatus.UNMET,
        rag=Rag.RED,
        actual=0.4,
        required=0.7,
        numerator=4,
        denominator=10,
        due_at=DUE_AT,
    ).model_copy(update=other)
    stage = shown.stages[0].model_copy(update={"criteria": (certified,)})
    return shown.model_copy(update={"stages": (stage,)})


def waiver(**other: object) -> WaiverShown:
    """Return a waiver of the certifications that was granted, as is said of it."""
    return WaiverShown(
        id="w-1",
        stage=None,
        criterion=CriterionKey.CERTIFIED_SHARE,
        status=WaiverStatus.GRANTED,
        floor=0.3,
        expires_at=DUE_AT,
        covers_launch=True,
        requested_by="pm-7",
        requested_at=NOW,
        answered_by="ex-1",
        answered_at=NOW,
        ended_by=None,
        ended_at=None,
    ).model_copy(update=other)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"due_at": NOW - timedelta(seconds=1)}, (RedFor.OVERDUE,)),
        ({"due_at": NOW}, (RedFor.SLOW,)),
        ({"lapsing": 3}, (RedFor.LAPSES,)),
        ({"lapsing": 2}, (RedFor.SLOW,)),
        ({"due_at": NOW - timedelta(days=1), "lapsing": 3}, (RedFor.OVERDUE,)),
        ({"rag": Rag.AMBER}, ()),
        ({"status": CriterionStatus.WAIVED}, ()),
    ],
)
def test_red_is_told_apart_by_what_makes_it_so(other: dict[str, object], found: tuple[RedFor, ...]) -> None:
    """Overdue comes first; it lapses where enough count today; else it is too slow for its day."""
    assert tuple(each.why for each in red_for(with_criterion(**other))) == found


def test_red_names_the_criterion_and_a_waiver_that_ends() -> None:
    """Each is told with what it is about, in the order of the stages; what is waived is red by its waiver alone."""
    assert red_for(with_criterion(lapsing=3)) == (
        Reddening(why=RedFor.LAPSES, criterion=CriterionKey.CERTIFIED_SHARE),
    )
    ends = waiver(covers_launch=False)
    assert [each.why for each in red_for(with_criterion(waiver=ends))] == [RedFor.WAIVER_ENDS]
    assert [each.why for each in red_for(with_criterion(waiver=ends, lapsing=3))] == [RedFor.LAPSES]


@pytest.mark.parametrize(
    ("waivers", "fewest"),
    [
        ((), 7),
        ((waiver(),), 3),
        ((waiver(covers_launch=False),), 7),
        ((waiver(criterion=CriterionKey.TRAINING_COMPLETION),), 7),
        ((waiver(floor=0.55), waiver(covers_launch=False)), 6),
    ],
)
def test_a_waiver_that_covers_the_launch_day_lowers_with_how_few_it_launches(
    waivers: tuple[WaiverShown, ...], fewest: int
) -> None:
    """Whole people, no fewer than the share that is asked for, or than the floor of a waiver that holds that day."""
    shown = with_criterion().model_copy(update={"waivers": waivers})
    assert fewest_to_launch(shown, CriterionKey.CERTIFIED_SHARE) == fewest
    assert fewest_to_launch(shown, CriterionKey.TRAINING_COMPLETION) is None


def test_one_fewer_than_that_stands_in_the_way() -> None:
    """What is told is what the gate itself is judged by."""
    fewest = fewest_to_launch(of(region_launch()), CriterionKey.CERTIFIED_SHARE)
    assert fewest is not None
    for certified, is_satisfied in ((fewest, True), (fewest - 1, False)):
        shown = evaluated(region_launch(), READY_WORLD.but(certified=certified))
        assert [each.is_satisfied for each in shown.of(Stage.CERTIFICATION)] == [is_satisfied]


@pytest.mark.parametrize(
    ("other", "foretold"),
    [
        ({"rag": Rag.AMBER}, (Timeliness.UNKNOWN, None)),
        ({"rag": Rag.AMBER, "forecast_at": DUE_AT}, (Timeliness.IN_TIME, DUE_AT)),
        ({"forecast_at": DUE_AT}, (Timeliness.MISSES, None)),
        ({"forecast_at": DUE_AT + timedelta(days=1)}, (Timeliness.MISSES, DUE_AT + timedelta(days=1))),
        ({}, (Timeliness.MISSES, None)),
    ],
)
def test_it_is_foretold_whether_people_learn_in_time(
    other: dict[str, object], foretold: tuple[Timeliness, object]
) -> None:
    """Red misses its day, whatever the pace; else the pace of the last fourteen days tells, and none tells none."""
    found = foretell(with_criterion(**other), [CriterionKey.CERTIFIED_SHARE])
    assert found is not None
    assert (found.timeliness, found.forecast_at) == foretold
    assert foretell(with_criterion(**other), [CriterionKey.TRAINING_COMPLETION]) is None
    met = with_criterion(status=CriterionStatus.MET, **other)
    assert foretell(met, [CriterionKey.CERTIFIED_SHARE]) is None


@pytest.mark.parametrize(
    ("status", "due_in", "found"),
    [
        (ConditionStatus.MISSED, 5, (RedFor.CONDITION,)),
        (ConditionStatus.OPEN, 0, (RedFor.CONDITION,)),
        (ConditionStatus.OPEN, 1, ()),
        (ConditionStatus.MET, 0, ()),
    ],
)
def test_a_missed_condition_makes_red(status: ConditionStatus, due_in: int, found: tuple[RedFor, ...]) -> None:
    """One that is due and not met is missed, whoever has looked; what is not red has no reason to be."""
    promised = ConditionShown(
        id="c-1", owner="pm-7", due_at=NOW + timedelta(days=due_in), status=status, closed_by=None, closed_at=None
    )
    shown = with_criterion(rag=Rag.AMBER).model_copy(update={"conditions": (promised,)})
    assert tuple(each.why for each in red_for(shown)) == found
    assert red_for(shown.model_copy(update={"rag": Rag.AMBER})) == ()


def test_before_the_decision_comes_the_poll_where_one_is_asked_for() -> None:
    """It is opened first; once it is open the last seats vote; where none is asked for, an executive decides."""
    assert ahead(reading()) == (Ahead.DECISION,)
    asked = polled_region()
    assert ahead(of(asked)) == (Ahead.POLL, Ahead.VOTES, Ahead.DECISION)
    assert voters(of(asked)) == asked.policy.go_no_go.polled
    opened = accepted(asked, open_poll(), READY_WORLD)
    assert ahead(of(opened)) == (Ahead.VOTES, Ahead.DECISION)
    assert voters(of(opened)) == asked.policy.go_no_go.polled
    first = accepted(opened, ballot(Function.MARKETING), READY_WORLD)
    assert voters(of(first)) == tuple(each for each in voters(of(opened)) if each is not Function.MARKETING)
    assert ahead(reading(verdict=Verdict.GO)) == (), "it has its answer"
    assert decide_by(of(opened)) == opened.policy.due_at(Stage.GO_NO_GO, opened.launch_at)
    assert decide_by(reading(stages=())) is None


def test_what_stands_behind_the_open_stage_is_told_once() -> None:
    """What blocks is not told again; what is met is not told; the rest comes in the order of the stages."""
    shown = of(region_launch())
    assert [each.criterion for each in shown.blockers] == [CriterionKey.VALUE_PROPOSITIONS_SIGNED] * 2
    found = later(shown)
    assert [each.criterion for each in found] == [CriterionKey.OBJECTIONS_SIGNED], "people have learned ahead"
    assert found[0].shortfall == Shortfall(numerator=0, denominator=2, needed=2)
    assert found[0].waiting_on == ("marketing", "sales")
    behind = evaluated(region_launch(), World(audience=50, trained=44, certified=38))
    assert [(each.criterion, each.shortfall.needed) for each in later(behind)[1:]] == [
        (CriterionKey.TRAINING_COMPLETION, 1),
        (CriterionKey.CERTIFIED_SHARE, 2),
    ]
    assert later(of(region_launch()).model_copy(update={"stages": ()})) == ()
