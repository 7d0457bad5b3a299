"""Does the core say what is asked of whoever is waited for, and since when it is their turn?"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.asks import Ask, ask_of_hold
from readiness.commands import Choice, Position
from readiness.events import HoldCause
from readiness.evidence import Evidence
from readiness.policy import TIERS, Function, Stage
from readiness.readiness import Blocker, Readiness
from readiness.region import RegionLaunch
from readiness.rules import evaluate
from tests.effort import examples
from tests.readiness.builders import NOW, READY_WORLD, UNPOLLED, World, region_launch
from tests.readiness.governing import asked as waiver_asked
from tests.readiness.histories import Telling, histories, tell
from tests.readiness.steps import accepted

MESSAGE = Stage.VALUE_PROPOSITIONS
MARKETING, SALES = Function.MARKETING, Function.SALES
HOUR = timedelta(hours=1)


def begun(*, polled: bool = False) -> Telling:
    """Return a history that has just begun, forty days before its launch."""
    return tell(TIERS[2] if polled else UNPOLLED, 40, [])


def ready(*, polled: bool = False) -> Telling:
    """Return a history in which every learning stage is passed."""
    telling = begun(polled=polled)
    telling.learn(4, 4)
    telling.sign_everything()
    return telling


def shown(telling: Telling, *, changed_at: datetime | None = None) -> Readiness:
    """Return how the region stands, where its message was last changed at `changed_at`."""
    evidence: Evidence = telling.evidence(telling.region.launch_at)
    message, *others = evidence.contents
    changed = message.model_copy(update={"changed_at": changed_at})
    evidence = evidence.model_copy(update={"contents": (changed, *others)})
    return evaluate(telling.region.policy, evidence, telling.region, at=evidence.figures.at)


def asked(telling: Telling, *, changed_at: datetime | None = None) -> dict[str, tuple[Ask | None, datetime]]:
    """Return what is asked of whom, and since when."""
    return {each.waiting_on: (each.ask, each.since) for each in shown(telling, changed_at=changed_at).blockers}


def test_what_is_not_written_yet_is_asked_of_marketing_alone() -> None:
    """Nobody reads and signs what is not there."""
    telling = begun()
    telling.world = telling.world.but(missing=("enterprise",))
    assert asked(telling) == {"marketing": (Ask.WRITE, NOW)}


def test_both_keys_are_asked_to_sign_since_the_stage_opened() -> None:
    """A text that was there before is to be signed from the start."""
    assert asked(begun()) == {"marketing": (Ask.SIGN, NOW), "sales": (Ask.SIGN, NOW)}


def test_whoever_sent_a_text_back_is_asked_nothing_until_it_is_written_anew() -> None:
    """They have spoken: marketing alone is waited for, since it was sent back, and then they are asked again, since
    there is another text."""
    telling = begun()
    telling.sign(MESSAGE, MARKETING, Position.APPROVE)
    telling.wait(2)
    telling.sign(MESSAGE, SALES, Position.SEND_BACK)
    telling.wait(3)
    (blocker,) = shown(telling).blockers
    assert (blocker.waiting_on, blocker.ask, blocker.since) == ("marketing", Ask.WRITE_ANEW, NOW + 2 * HOUR)
    assert (blocker.reason, blocker.sent_back_by) == ("Sales sent the value propositions back", ("sales",))
    telling.edit(MESSAGE)
    telling.wait(1)
    rewritten_at = NOW + 5 * HOUR
    assert asked(telling, changed_at=rewritten_at) == {
        "marketing": (Ask.SIGN, rewritten_at),
        "sales": (Ask.SIGN, rewritten_at),
    }


def test_marketing_that_has_not_signed_yet_writes_anew_all_the_same() -> None:
    """What was sent back is not asked to be signed as it is, and it is said who sent it back."""
    telling = begun()
    telling.sign(MESSAGE, SALES, Position.SEND_BACK)
    (blocker,) = shown(telling).blockers
    assert (blocker.waiting_on, blocker.ask) == ("marketing", Ask.WRITE_ANEW)
    assert blocker.reason == "Sales sent the value propositions back"


def test_answers_are_asked_for_before_their_signatures() -> None:
    """Marketing is asked once, for what comes first."""
    telling = begun()
    for function in (MARKETING, SALES):
        telling.sign(MESSAGE, function, Position.APPROVE)
    telling.world = telling.world.but(answered=3)
    assert {whom: ask for whom, (ask, _) in asked(telling).items()} == {"marketing": Ask.ANSWER, "sales": Ask.SIGN}


def test_people_learn_first_and_then_prove_it() -> None:
    """Of enablement the stage tells what is asked."""
    telling = begun()
    telling.sign_everything()
    assert asked(telling) == {"enablement": (Ask.LEARN, NOW)}
    telling.wait(1)
    telling.learn(4, 0)
    assert asked(telling) == {"enablement": (Ask.CERTIFY, NOW + HOUR)}


def test_a_poll_is_opened_voted_in_and_followed_by_the_decision_each_since_its_turn_came() -> None:
    """The turn of a seat begins with the poll, and the executive's when the poll has closed."""
    telling = ready(polled=True)
    assert asked(telling) == {"product": (Ask.OPEN_POLL, NOW)}
    telling.wait(1)
    telling.poll()
    telling.wait(1)
    assert asked(telling) == dict.fromkeys(("marketing", "sales", "enablement"), (Ask.VOTE, NOW + HOUR))
    assert next(each.reason for each in shown(telling).blockers) == "Marketing has not voted"
    for function in (SALES, MARKETING, Function.ENABLEMENT):
        telling.vote(function)
    telling.wait(1)
    assert asked(telling) == {"executive": (Ask.DECIDE, NOW + 2 * HOUR)}


def test_a_poll_whose_ground_has_moved_is_opened_again_since_it_moved() -> None:
    """Nobody was to open another before the gates were met anew."""
    telling = ready(polled=True)
    telling.vote_all()
    telling.wait(1)
    telling.learn(4, 0)
    telling.wait(1)
    telling.learn(4, 4)
    telling.wait(1)
    assert asked(telling) == {"product": (Ask.OPEN_POLL, NOW + 2 * HOUR)}


@pytest.mark.parametrize("cause", HoldCause)
def test_each_hold_asks_for_what_ends_it(cause: HoldCause) -> None:
    """A person's hold is resumed, a missed instant is moved, and whatever a rule held is decided anew."""
    wanted = {HoldCause.PERSON: Ask.RESUME, HoldCause.LAUNCH_INSTANT_MISSED: Ask.RESCHEDULE}
    assert ask_of_hold(cause) is wanted.get(cause, Ask.DECIDE)


def test_a_waiver_that_was_asked_for_is_to_be_answered() -> None:
    """The executive is told that it is for them, since it was asked for."""
    region: RegionLaunch = accepted(region_launch(), waiver_asked(), World())
    found = evaluate(region.policy, World().evidence(), region, at=World().evidence().figures.at).blockers
    assert [each.ask for each in found if each.waiting_on == "executive"] == [Ask.ANSWER_WAIVER]


def test_what_was_written_down_before_asks_were_kept_still_reads() -> None:
    """A stored blocker without what is asked is one of which nobody knows."""
    (kept, *_) = shown(begun()).blockers
    before = kept.model_dump(mode="json", exclude={"ask"})
    assert Blocker.model_validate(before) == kept.model_copy(update={"ask": None})


def test_a_go_asks_nobody() -> None:
    """Only its instant is waited for."""
    telling = ready()
    telling.decide(Choice.GO)
    assert asked(telling) == {}


@given(telling=histories, hours=st.integers(0, 100))
@settings(max_examples=examples(60))
def test_a_turn_begins_neither_before_its_stage_opened_nor_after_now(telling: Telling, hours: int) -> None:
    """Whatever happened, what is asked has been asked since a moment at which it could be, and it is said what."""
    telling.world = telling.world.later(timedelta(hours=hours))
    for each in shown(telling).blockers:
        opened_at = telling.region.stage(each.stage).since or telling.region.started_at
        by_hold = telling.region.holding is not None or each.ask in {Ask.ANSWER_WAIVER, Ask.NAME_SEAT}
        assert by_hold or opened_at <= each.since
        assert each.since <= telling.world.now
        assert each.ask not in {None, Ask.AWAIT_WRITING}


def test_a_ready_world_asks_for_nothing_more_to_be_learned() -> None:
    """Where enough have learned and nothing is signed, only the signers are asked."""
    found = evaluate(UNPOLLED, READY_WORLD.evidence(), region_launch(), at=READY_WORLD.evidence().figures.at)
    assert {each.ask for each in found.blockers} == {Ask.SIGN}
