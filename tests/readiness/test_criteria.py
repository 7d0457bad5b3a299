"""How does each criterion stand, in which colour, on whom does it wait, and with which reason?"""

from datetime import datetime, timedelta

import pytest

from readiness.commands import Position
from readiness.evidence import AudienceChange, Evidence
from readiness.policy import TIERS, CriterionKey, Function, Policy, Stage
from readiness.readiness import CriterionResult
from readiness.region import RegionLaunch
from readiness.rules import begin, evaluate
from tests.readiness.builders import (
    KEY,
    LAUNCH_AT,
    NOW,
    READY_WORLD,
    SIGNERS,
    World,
    region_launch,
    sign_off,
    started,
)
from tests.readiness.steps import accepted, looked, signed

MESSAGE, ANSWERS = CriterionKey.VALUE_PROPOSITIONS_SIGNED, CriterionKey.OBJECTIONS_SIGNED
ANSWERED = CriterionKey.OBJECTIONS_ANSWERED
TRAINED, CERTIFIED = CriterionKey.TRAINING_COMPLETION, CriterionKey.CERTIFIED_SHARE
MESSAGE_DUE, ANSWERS_DUE, TRAINING_DUE, CERTIFICATION_DUE = (
    LAUNCH_AT - timedelta(days=days) for days in (49, 42, 14, 7)
)
SECOND = timedelta(seconds=1)


def reading(
    key: CriterionKey, region: RegionLaunch, evidence: Evidence | World, *, policy: Policy | None = None
) -> CriterionResult:
    """Return how `key` stands in `region`, judged as of its launch instant."""
    gathered = evidence.evidence() if isinstance(evidence, World) else evidence
    readiness = evaluate(policy or region.policy, gathered, region, at=gathered.figures.at)
    return next(criterion for criterion in readiness.criteria if criterion.key is key)


def told(criterion: CriterionResult) -> tuple[str, str, tuple[int, int], tuple[str, ...]]:
    """Return the status and the colour of a criterion, its counts, and on whom it waits."""
    counts = (criterion.numerator, criterion.denominator)
    return criterion.status.value, criterion.rag.value, counts, criterion.waiting_on


def figures(world: World = READY_WORLD, **counts: object) -> Evidence:
    """Return the evidence of a world with other counts of people."""
    evidence = world.evidence()
    return evidence.model_copy(update={"figures": evidence.figures.model_copy(update=counts)})


def without_content() -> Evidence:
    """Return evidence of a time when nobody had written anything."""
    return World().evidence().model_copy(update={"contents": ()})


def half_signed(stage: Stage = Stage.VALUE_PROPOSITIONS) -> RegionLaunch:
    """Return a region whose `stage` marketing has signed, and sales has not."""
    region = region_launch()
    if stage is Stage.OBJECTION_HANDLING:
        for signer in SIGNERS:
            region = accepted(region, sign_off(*signer), World())
    return accepted(region, sign_off(*SIGNERS[0], stage=stage), World())


def at(moment: datetime, world: World | None = None) -> World:
    """Return the world at `moment`."""
    return (world or World()).but(now=moment)


# --- what is signed


def test_a_message_that_nobody_has_written_waits_for_marketing() -> None:
    """Without a statement there is nothing to go by, and nobody else can move it."""
    criterion = reading(MESSAGE, region_launch(), without_content())
    assert told(criterion) == ("no_evidence", "grey", (0, 2), ("marketing",))
    assert criterion.reasons == (
        "The segment all has no statement yet",
        "Marketing has not signed the value propositions",
        "Sales has not signed the value propositions",
    )
    assert (criterion.actual, criterion.required, criterion.due_at) == (0.0, 1.0, MESSAGE_DUE)


@pytest.mark.parametrize(
    ("missing", "status", "colour"), [(("smb",), "unmet", "amber"), (("smb", "all"), "no_evidence", "grey")]
)
def test_a_message_half_written_is_something_to_go_by(missing: tuple[str, ...], status: str, colour: str) -> None:
    """One of two segments is a beginning; both missing is none."""
    segments = TIERS[1].value_propositions.model_copy(update={"segments": ("all", "smb")})
    policy = TIERS[1].model_copy(update={"value_propositions": segments})
    criterion = reading(MESSAGE, region_launch(policy=policy), World(missing=missing))
    assert told(criterion) == (status, colour, (0, 2), ("marketing",))
    assert criterion.reasons[0] == f"The segment {missing[0]} has no statement yet"


def test_one_key_of_two_is_half_and_waits_for_the_other() -> None:
    """Two keys: marketing alone is not enough."""
    criterion = reading(MESSAGE, half_signed(), World())
    assert told(criterion) == ("unmet", "amber", (1, 2), ("sales",))
    assert criterion.reasons == ("Sales has not signed the value propositions",)
    assert criterion.actual == 0.5


def test_both_keys_meet_the_criterion_and_nobody_is_waited_for() -> None:
    """What is met says so without a reason."""
    criterion = reading(MESSAGE, signed(region_launch(), World()), World())
    assert told(criterion) == ("met", "green", (2, 2), ())
    assert criterion.reasons == ()
    assert criterion.actual == 1.0


def test_a_signature_under_an_older_revision_does_not_count_and_says_why() -> None:
    """Whoever signed before the edit signs again."""
    region = signed(region_launch(), World())
    criterion = reading(MESSAGE, region, World(message="message 2"))
    assert told(criterion) == ("unmet", "amber", (0, 2), ("marketing", "sales"))
    assert criterion.reasons == (
        "Marketing signed the value propositions before they changed, and not again",
        "Sales signed the value propositions before they changed, and not again",
    )


def test_what_was_sent_back_waits_for_whoever_writes_it() -> None:
    """Marketing is waited for before the function that sent the text back, and no more once it is rewritten."""
    marketing, sales = SIGNERS
    by_marketing = accepted(region_launch(), sign_off(*marketing), World())
    assert reading(MESSAGE, by_marketing, World()).waiting_on == ("sales",)
    back = accepted(by_marketing, sign_off(*sales, position=Position.SEND_BACK), World())
    assert reading(MESSAGE, back, World()).waiting_on == ("marketing", "sales")
    rewritten = World(message="message 2")
    again = accepted(back, sign_off(*marketing, world=rewritten), rewritten)
    assert reading(MESSAGE, again, rewritten).waiting_on == ("sales",)


def test_a_signature_without_any_content_does_not_count() -> None:
    """What is not there cannot have been signed."""
    assert reading(MESSAGE, signed(region_launch(), World()), without_content()).numerator == 0


def test_what_was_sent_back_says_by_whom_until_it_is_rewritten() -> None:
    """Sending back is about one revision, one stage and one function."""
    region = accepted(region_launch(), sign_off(*SIGNERS[0], position=Position.SEND_BACK), World())
    assert reading(MESSAGE, region, World()).reasons == (
        "Marketing sent the value propositions back",
        "Sales has not signed the value propositions",
    )
    rewritten = reading(MESSAGE, region, World(message="message 2"))
    assert rewritten.reasons[0] == "Marketing has not signed the value propositions"
    both_the_same = World(objections="message 1")
    assert reading(ANSWERS, region, both_the_same).reasons[0] == "Marketing has not signed the answers to objections"


@pytest.mark.parametrize(
    ("key", "due_at", "colour"), [(MESSAGE, MESSAGE_DUE, "amber"), (ANSWERED, ANSWERS_DUE, "grey")]
)
def test_what_is_signed_or_written_turns_red_just_after_it_is_due(
    key: CriterionKey, due_at: datetime, colour: str
) -> None:
    """At its due instant a criterion is still in time; grey turns red when due like any other."""
    evidence = [at(moment).evidence() for moment in (due_at, due_at + SECOND)]
    if colour == "grey":
        evidence = [each.model_copy(update={"contents": ()}) for each in evidence]
    assert [reading(key, region_launch(), each).rag.value for each in evidence] == [colour, "red"]


# --- objections


def test_answers_are_counted_against_the_number_asked_for() -> None:
    """Three answered of five asked for are three of five, whoever wrote only three."""
    evidence = World(answered=3).evidence()
    few = evidence.contents[1].model_copy(update={"ranked": 3})
    criterion = reading(
        ANSWERED, region_launch(), evidence.model_copy(update={"contents": (evidence.contents[0], few)})
    )
    assert told(criterion) == ("unmet", "amber", (3, 5), ("marketing",))
    assert criterion.reasons == (
        "3 of the top 5 objections have been written down",
        "3 of the top 5 objections have an answer",
    )
    assert (criterion.actual, criterion.required) == (0.6, 1.0)


def test_an_objection_without_an_answer_is_named() -> None:
    """Who has to answer learns what."""
    evidence = World(answered=3).evidence()
    unanswered = evidence.contents[1].model_copy(update={"missing": ("price", "support")})
    criterion = reading(
        ANSWERED, region_launch(), evidence.model_copy(update={"contents": (evidence.contents[0], unanswered)})
    )
    assert criterion.reasons == (
        "3 of the top 5 objections have an answer",
        "Still to answer: price, support",
    )


def test_answers_that_nobody_has_written_are_nothing_to_go_by() -> None:
    """No objection yet is no evidence."""
    criterion = reading(ANSWERED, region_launch(), without_content())
    assert told(criterion) == ("no_evidence", "grey", (0, 5), ("marketing",))
    assert criterion.reasons == (
        "0 of the top 5 objections have been written down",
        "0 of the top 5 objections have an answer",
    )


def test_every_top_objection_answered_meets_the_criterion() -> None:
    """Five of five, and nothing more to say."""
    criterion = reading(ANSWERED, region_launch(), World())
    assert told(criterion) == ("met", "green", (5, 5), ())
    assert criterion.reasons == ()


def test_one_ranked_objection_is_enough_to_be_signed_and_none_is_not() -> None:
    """What is signed is what is said about the objections that are ranked."""
    region = signed(region_launch(), World())
    evidence = World().evidence()
    for ranked, status in ((1, "met"), (0, "no_evidence")):
        content = evidence.contents[1].model_copy(update={"ranked": ranked})
        contents = (evidence.contents[0], content)
        criterion = reading(ANSWERS, region, evidence.model_copy(update={"contents": contents}))
        assert criterion.status.value == status
    assert told(criterion) == ("no_evidence", "grey", (2, 2), ("marketing",))
    assert criterion.reasons == ("No objection has been ranked yet",)
    assert told(reading(ANSWERS, region, without_content()))[:2] == ("no_evidence", "grey")


def test_the_answers_wait_for_the_key_that_is_missing() -> None:
    """The answers have two keys of their own."""
    criterion = reading(ANSWERS, half_signed(Stage.OBJECTION_HANDLING), World())
    assert told(criterion) == ("unmet", "amber", (1, 2), ("sales",))
    assert criterion.reasons == ("Sales has not signed the answers to objections",)


# --- people


def test_a_share_of_people_says_how_many_are_missing_and_how_many_are_needed() -> None:
    """42 of 50 are 0.84; 45 make nine in ten."""
    change = AudienceChange(joined=1, left=0, excluded=0, since=NOW)
    criterion = reading(TRAINED, region_launch(), figures(World(trained=42), change=change))
    assert told(criterion) == ("unmet", "amber", (42, 50), ("enablement",))
    assert (criterion.actual, criterion.required, criterion.due_at) == (0.84, 0.9, TRAINING_DUE)
    assert criterion.reasons == (
        "8 of 50 have not completed every required course",
        "3 more are needed",
    )
    assert criterion.audience == change


def test_enough_people_meet_the_criterion_and_need_no_forecast() -> None:
    """45 of 50 are nine in ten."""
    criterion = reading(TRAINED, region_launch(), figures(completions_recent=5))
    assert told(criterion) == ("met", "green", (45, 50), ())
    assert (criterion.reasons, criterion.forecast_at) == ((), None)


@pytest.mark.parametrize(("started", "status"), [(0, "no_evidence"), (1, "unmet")])
def test_one_person_who_has_started_is_something_to_go_by(started: int, status: str) -> None:
    """Nobody has started: no evidence yet."""
    evidence = figures(World(), started=started)
    assert reading(TRAINED, region_launch(), evidence).status.value == status


@pytest.mark.parametrize("key", [TRAINED, CERTIFIED])
def test_an_empty_audience_is_no_evidence_whatever_else_is_known(key: CriterionKey) -> None:
    """Nobody of nobody never passes."""
    nobody = figures(World(audience=0), started=3, last_attempt_at=NOW)
    criterion = reading(key, region_launch(), nobody)
    assert told(criterion) == ("no_evidence", "grey", (0, 0), ("enablement",))
    assert criterion.reasons == ("Nobody is in the audience, and an empty audience never passes",)


def test_an_audience_of_one_is_an_audience() -> None:
    """One seller who has not learned is one seller short."""
    criterion = reading(TRAINED, region_launch(), figures(World(audience=1), started=1))
    assert criterion.status.value == "unmet"
    assert criterion.reasons == ("1 of 1 have not completed every required course", "1 more are needed")


def test_an_attempt_is_something_to_go_by_for_certification() -> None:
    """Without an attempt there is no evidence; one that failed is evidence."""
    assert reading(CERTIFIED, region_launch(), World(trained=45)).status.value == "no_evidence"
    criterion = reading(CERTIFIED, region_launch(), figures(World(trained=45), last_attempt_at=NOW))
    assert told(criterion) == ("unmet", "amber", (0, 50), ("enablement",))
    assert criterion.reasons == ("50 of 50 hold no certification valid at launch", "40 more are needed")
    assert criterion.due_at == CERTIFICATION_DUE


@pytest.mark.parametrize(
    ("recent", "colour"),
    # Ten more are needed, and seven weeks are left: three in a fortnight are in time, two are not.
    [(3, "amber"), (2, "red")],
)
def test_people_are_amber_while_their_pace_is_in_time_and_red_where_it_is_not(recent: int, colour: str) -> None:
    """A forecast after the due date is red long before that date."""
    pace = figures(certified=30, certified_recent=recent, last_attempt_at=NOW)
    criterion = reading(CERTIFIED, region_launch(), pace)
    assert criterion.rag.value == colour
    assert criterion.forecast_at is not None
    assert (criterion.forecast_at <= CERTIFICATION_DUE) is (colour == "amber")


def test_a_forecast_on_the_very_due_instant_is_in_time() -> None:
    """What is done as it falls due is not late."""
    launch_at = datetime(2027, 3, 1, tzinfo=NOW.tzinfo)
    region = begin(KEY, started(launch_at=launch_at))
    evidence = READY_WORLD.but(certified=39, now=launch_at - timedelta(days=8)).evidence(launch_at=launch_at)
    pace = evidence.figures.model_copy(update={"certified_recent": 14})
    criterion = reading(CERTIFIED, region, evidence.model_copy(update={"figures": pace}))
    assert (criterion.forecast_at, criterion.rag.value) == (criterion.due_at, "amber")


def test_training_has_a_forecast_of_its_own() -> None:
    """The pace of completions says when enough are trained."""
    pace = figures(World(trained=35), completions_recent=7)
    assert reading(TRAINED, region_launch(), pace).forecast_at == datetime(2027, 1, 25, tzinfo=NOW.tzinfo)


@pytest.mark.parametrize(("key", "stage"), [(TRAINED, Stage.TRAINING), (CERTIFIED, Stage.CERTIFICATION)])
def test_people_who_stand_still_for_fourteen_open_days_are_red(key: CriterionKey, stage: Stage) -> None:
    """Without a pace a criterion is amber, and red once its stage was open for fourteen days without movement."""
    region = looked(signed(region_launch(), World()), World(trained=45 if stage is Stage.CERTIFICATION else 0))
    opened_at = region.stage(stage).opened_at
    assert opened_at == NOW
    still_at = NOW + timedelta(days=14)

    def colour(moment: datetime, moved_at: datetime | None) -> str:
        evidence = at(moment).evidence()
        moved = {"started": 1, "last_completion_at": moved_at, "last_attempt_at": moved_at or NOW - SECOND}
        still = evidence.figures.model_copy(update=moved)
        return reading(key, region, evidence.model_copy(update={"figures": still})).rag.value

    assert [colour(still_at - SECOND, None), colour(still_at, None)] == ["amber", "red"]
    moved_at = NOW + timedelta(days=3)
    still_at += timedelta(days=3)
    assert [colour(still_at - SECOND, moved_at), colour(still_at, moved_at)] == ["amber", "red"]


def test_a_stage_that_is_reopened_has_fourteen_days_anew() -> None:
    """Standing still is counted from when the stage was opened or reopened last."""
    region = looked(signed(region_launch(), READY_WORLD), READY_WORLD)
    fallen_at = NOW + timedelta(days=20)
    fallen = World(trained=40, now=fallen_at)
    region = looked(region, fallen)
    assert region.stage(Stage.TRAINING).since == fallen_at

    def colour(moment: datetime) -> str:
        evidence = fallen.but(now=moment).evidence()
        still = evidence.figures.model_copy(update={"last_completion_at": NOW})
        return reading(TRAINED, region, evidence.model_copy(update={"figures": still})).rag.value

    assert fallen_at + timedelta(days=14) < TRAINING_DUE, "so that it is not red for being late"
    assert [colour(fallen_at + timedelta(days=14) - SECOND), colour(fallen_at + timedelta(days=14))] == [
        "amber",
        "red",
    ]


def test_a_locked_stage_does_not_stand_still() -> None:
    """Nobody is late with what has not been opened."""
    evidence = at(NOW + timedelta(days=30)).evidence()
    still = evidence.figures.model_copy(update={"started": 1, "last_completion_at": NOW})
    assert reading(TRAINED, region_launch(), evidence.model_copy(update={"figures": still})).rag.value == "amber"


def test_people_are_red_just_after_they_are_due_whatever_their_pace() -> None:
    """Past the due date a good pace helps no more."""
    region = looked(signed(region_launch(), World()), World())
    colours = []
    for moment in (TRAINING_DUE, TRAINING_DUE + SECOND):
        evidence = at(moment, World(trained=44)).evidence()
        pace = evidence.figures.model_copy(update={"completions_recent": 50})
        colours.append(reading(TRAINED, region, evidence.model_copy(update={"figures": pace})).rag.value)
    # At the due date a forecast of the next day is late already.
    assert colours == ["red", "red"]
    still = at(TRAINING_DUE, World(trained=44)).evidence()
    assert reading(TRAINED, region, still).rag.value == "amber"


@pytest.mark.parametrize(
    ("lapsing", "lapse_at", "reason"),
    [
        (1, None, "1 of 40 certifications lapses before the launch"),
        (2, None, "2 of 41 certifications lapse before the launch"),
        (2, LAUNCH_AT - timedelta(days=1), "2 of 41 certifications lapse before the launch, the first on 2027-02-28"),
    ],
)
def test_what_lapses_before_the_launch_is_said_first(lapsing: int, lapse_at: datetime | None, reason: str) -> None:
    """Ready on the day, not today; and the reason says so."""
    evidence = figures(certified=39, lapsing=lapsing, first_lapse_at=lapse_at)
    criterion = reading(CERTIFIED, region_launch(), evidence)
    assert criterion.reasons == (
        reason,
        "11 of 50 hold no certification valid at launch",
        "1 more are needed",
    )
    assert criterion.rag.value == "red"


def test_a_lapse_is_red_only_where_it_makes_the_difference() -> None:
    """Enough who stay certified are green; too few with and without the lapsing are what their pace makes them."""
    enough = reading(CERTIFIED, region_launch(), figures(certified=40, lapsing=3))
    assert (enough.status.value, enough.rag.value) == ("met", "green")
    assert enough.reasons == ("3 of 43 certifications lapse before the launch",)
    too_few = reading(CERTIFIED, region_launch(), figures(certified=30, lapsing=9))
    assert (too_few.status.value, too_few.rag.value) == ("unmet", "amber")
    assert reading(CERTIFIED, region_launch(), figures(certified=30, lapsing=10)).rag.value == "red"


def test_training_does_not_lapse() -> None:
    """Who has learned has learned: what lapses are certifications."""
    criterion = reading(TRAINED, region_launch(), figures(World(trained=44), lapsing=5))
    assert criterion.rag.value == "amber"
    assert criterion.reasons[0] == "6 of 50 have not completed every required course"


# --- the poll


def test_a_poll_waits_for_every_seat() -> None:
    """Where seats are named and no poll was opened, whoever plans the launch is waited for."""
    seats = TIERS[1].go_no_go.model_copy(update={"polled": (Function.MARKETING, Function.SALES)})
    policy = TIERS[1].model_copy(update={"go_no_go": seats})
    due_at = LAUNCH_AT - timedelta(days=3)
    colours = []
    for moment in (due_at, due_at + SECOND):
        evidence = at(moment, READY_WORLD).evidence()
        criterion = reading(CriterionKey.POLL_COMPLETE, region_launch(policy=policy), evidence)
        assert told(criterion) == ("no_evidence", criterion.rag.value, (0, 2), ("product",))
        assert criterion.reasons == ("No poll has been opened yet",)
        assert (criterion.actual, criterion.required, criterion.due_at) == (0.0, 1.0, due_at)
        colours.append(criterion.rag.value)
    assert colours == ["grey", "red"]
