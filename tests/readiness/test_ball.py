"""Is every moment of a region launch held by whoever could move it on, and by nobody twice?"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.ball import Ball, Holder, holders, passed_on, spells, tallies, total
from readiness.commands import Cancel, Choice, Hold, Position, Resume
from readiness.events import RegionEvent, RegionLaunchStarted
from readiness.ledger import Look
from readiness.policy import TIERS, Function, Policy, Stage
from readiness.region import Ending, RegionLaunch
from readiness.rules import begin, evolve
from tests.effort import examples
from tests.readiness.builders import KEY, NOW, UNPOLLED
from tests.readiness.governing import deny, grant
from tests.readiness.histories import Telling, histories, tell

MESSAGE, ANSWERS = Stage.VALUE_PROPOSITIONS, Stage.OBJECTION_HANDLING
ZONE = "Europe/Berlin"
MARKETING, SALES, ENABLEMENT, PRODUCT = Function.MARKETING, Function.SALES, Function.ENABLEMENT, Function.PRODUCT


def ball_of(telling: Telling) -> Ball:
    """Return where the ball has been in a history."""
    ball = passed_on(KEY, None, None, telling.events)
    assert ball is not None
    return ball


def telling_start(event: RegionEvent) -> RegionLaunch:
    """Return the region that the first event of a history makes."""
    assert isinstance(event, RegionLaunchStarted)
    return begin(KEY, event)


def held(telling: Telling) -> tuple[Stage, set[str]]:
    """Return at which stage the region is, and who holds it there."""
    pairs = holders(telling.region)
    (stage,) = {stage for stage, _ in pairs}
    return stage, {function.value for _, function in pairs}


def begun(policy: Policy = UNPOLLED) -> Telling:
    """Return a history that has just begun, forty days before its launch."""
    return tell(policy, 40, [])


def ready(policy: Policy = UNPOLLED) -> Telling:
    """Return a history in which every learning stage is passed."""
    telling = begun(policy)
    telling.learn(4, 4)
    telling.sign_everything()
    return telling


# --- who holds it


def test_whoever_has_not_signed_holds_what_is_to_be_signed() -> None:
    """Both keys hold the message together, the missing one alone once the other has signed, and then the answers."""
    telling = begun()
    assert held(telling) == (MESSAGE, {"marketing", "sales"})
    telling.sign(MESSAGE, MARKETING, Position.APPROVE)
    assert held(telling) == (MESSAGE, {"sales"})
    telling.sign(MESSAGE, SALES, Position.APPROVE)
    assert held(telling) == (ANSWERS, {"marketing", "sales"})


def test_what_was_sent_back_is_held_by_marketing_until_it_signs_another_text() -> None:
    """Marketing alone holds it while its own signature stands by that text: whoever sent it back has spoken."""
    telling = begun()
    telling.sign(MESSAGE, MARKETING, Position.APPROVE)
    telling.sign(MESSAGE, SALES, Position.SEND_BACK)
    assert held(telling) == (MESSAGE, {"marketing"})
    telling.edit(MESSAGE)
    telling.sign(MESSAGE, MARKETING, Position.APPROVE)
    assert held(telling) == (MESSAGE, {"sales"})


def test_marketing_writes_on_where_all_have_signed_and_it_is_not_enough() -> None:
    """Answers that are signed though too many are missing wait for whoever writes them."""
    telling = begun()
    telling.world = telling.world.but(answered=3)
    telling.sign_everything()
    assert held(telling) == (ANSWERS, {"marketing"})


def test_enablement_holds_while_people_learn_and_prove_it() -> None:
    """Training and certification are enablement's, one after the other."""
    telling = begun()
    telling.sign_everything()
    assert held(telling) == (Stage.TRAINING, {"enablement"})
    telling.learn(4, 0)
    assert held(telling) == (Stage.CERTIFICATION, {"enablement"})


def test_the_decision_is_the_executives_where_nobody_is_polled() -> None:
    """Without seats the executive may decide once every gate is met; after a go only the clock is waited for."""
    telling = ready()
    assert held(telling) == (Stage.GO_NO_GO, {"executive"})
    telling.decide(Choice.NO_GO)
    assert held(telling) == (Stage.GO_NO_GO, {"executive"})
    telling.decide(Choice.GO)
    assert held(telling) == (Stage.GO_NO_GO, {"clock"})


def test_the_poll_goes_from_product_to_the_seats_and_to_the_executive() -> None:
    """Product opens it, each seat holds it until it has voted, and the executive once it has closed."""
    telling = ready(TIERS[2])
    assert held(telling) == (Stage.GO_NO_GO, {"product"})
    telling.poll()
    assert held(telling) == (Stage.GO_NO_GO, {"marketing", "sales", "enablement"})
    telling.vote(SALES)
    assert held(telling) == (Stage.GO_NO_GO, {"marketing", "enablement"})
    telling.vote(MARKETING)
    telling.vote(ENABLEMENT)
    assert held(telling) == (Stage.GO_NO_GO, {"executive"})


def test_ballots_whose_ground_has_moved_wait_for_product_to_poll_again() -> None:
    """Where a stage was closed anew the poll must be opened anew, and that is product's."""
    telling = ready(TIERS[2])
    telling.vote_all()
    telling.wait(1)
    telling.learn(4, 0)
    assert held(telling) == (Stage.CERTIFICATION, {"enablement"})
    telling.wait(1)
    telling.learn(4, 4)
    assert held(telling) == (Stage.GO_NO_GO, {"product"})


def test_a_stage_that_was_reopened_holds_before_all_that_come_after_it() -> None:
    """A message that changed is signed again before anybody waits for the decision."""
    telling = ready()
    telling.edit(MESSAGE)
    assert held(telling) == (MESSAGE, {"marketing", "sales"})


def test_a_lost_gate_is_held_by_whom_it_waits_for() -> None:
    """A go that lost its certifications is enablement's, and the executive's again once they are back."""
    telling = ready()
    telling.decide(Choice.GO)
    telling.learn(4, 0)
    assert telling.region.holding is not None
    assert held(telling) == (Stage.CERTIFICATION, {"enablement"})
    telling.learn(4, 4)
    assert held(telling) == (Stage.GO_NO_GO, {"executive"})


def test_a_person_who_holds_a_region_puts_it_to_the_executive() -> None:
    """Whatever it waited for before, only an executive or the owner ends that hold; then it waits for that again."""
    telling = begun()
    telling.steer(Hold)
    assert held(telling) == (MESSAGE, {"executive"})
    telling.steer(Resume)
    assert held(telling) == (MESSAGE, {"marketing", "sales"})


def test_a_missed_instant_is_products() -> None:
    """Nothing moves before somebody plans another launch instant."""
    telling = ready()
    telling.wait(24 * 41)
    telling.launch()
    assert held(telling) == (Stage.GO_NO_GO, {"product"})


def test_a_waiver_that_is_asked_for_waits_for_the_executive_too() -> None:
    """Whoever works on the gate goes on beside the executive, who owes an answer; granted, it closes the gate."""
    telling = ready()
    telling.learn(4, 3)
    assert held(telling) == (Stage.CERTIFICATION, {"enablement"})
    telling.ask_waiver(50)
    assert held(telling) == (Stage.CERTIFICATION, {"enablement", "executive"})
    telling.answer_waiver(grant)
    assert held(telling) == (Stage.GO_NO_GO, {"executive"})


def test_a_waiver_that_was_answered_is_out_of_the_executives_hands() -> None:
    """A denial leaves the gate to whom it was waiting for."""
    telling = ready()
    telling.learn(4, 3)
    telling.ask_waiver(50)
    telling.answer_waiver(deny)
    assert held(telling) == (Stage.CERTIFICATION, {"enablement"})


def test_a_waiver_that_lapses_without_an_answer_is_out_of_the_executives_hands_too() -> None:
    """Nobody is waited for over a wish that has run out."""
    telling = begun()
    telling.fall_short(1)
    telling.wait(30)
    telling.settle(Look())
    telling.wait(30)
    now = telling.world.now
    assert [(s.function, s.began_at, s.ended_at) for s in spells(ball_of(telling), now=now)] == [
        (Holder.ENABLEMENT, NOW, now),
        (Holder.EXECUTIVE, NOW, NOW + timedelta(hours=30)),
    ]


# --- for how long


def test_the_end_ends_every_spell() -> None:
    """After a cancellation nobody holds anything, and time goes on without being counted."""
    telling = begun()
    telling.wait(5)
    telling.steer(Cancel)
    ball = ball_of(telling)
    assert ball.holding == ()
    for now in (NOW + timedelta(hours=5), NOW + timedelta(days=99)):
        assert [(s.function, s.began_at, s.ended_at) for s in spells(ball, now=now)] == [
            (Holder.MARKETING, NOW, NOW + timedelta(hours=5)),
            (Holder.SALES, NOW, NOW + timedelta(hours=5)),
        ]


def test_time_is_told_in_hours_and_in_working_days_of_the_region() -> None:
    """From Monday 9:00 UTC, 10:00 in Berlin, to the Tuesday after next are 192 hours, and six working days there."""
    telling = begun()
    telling.wait(5.0)
    telling.sign(MESSAGE, MARKETING, Position.APPROVE)
    marketing, sales = tallies(ball_of(telling), zone=ZONE, now=NOW + timedelta(days=8))
    assert (marketing.stage, marketing.function, marketing.span) == (MESSAGE, Holder.MARKETING, timedelta(hours=5))
    assert (marketing.hours, marketing.days, marketing.holding) == (5.0, 0.2, 0)
    assert marketing.working_days == Fraction(5, 24)
    assert (sales.hours, sales.days, sales.holding, sales.regions) == (192.0, 6.0, 1, 1)


def test_who_holds_it_for_no_time_yet_is_told_all_the_same() -> None:
    """At the very start nothing has passed, and it is known already who is waited for."""
    ball = ball_of(begun())
    assert spells(ball, now=NOW) == ()
    told = [(tally.function, tally.hours, tally.holding) for tally in tallies(ball, zone=ZONE, now=NOW)]
    assert told == [(Holder.MARKETING, 0.0, 1), (Holder.SALES, 0.0, 1)]


def test_an_instant_between_two_holders_interrupts_nobody() -> None:
    """A stage that is reopened and closed again in one settlement leaves the spell of whoever holds it whole."""
    telling = ready()
    telling.wait(3)
    telling.steer(Hold)
    telling.steer(Resume)
    telling.wait(3)
    telling.decide(Choice.GO)
    at_the_decision = [s for s in spells(ball_of(telling), now=telling.world.now) if s.stage is Stage.GO_NO_GO]
    assert [(s.function, s.began_at, s.ended_at) for s in at_the_decision] == [
        (Holder.EXECUTIVE, NOW, NOW + timedelta(hours=6))
    ]


def test_a_clock_that_was_put_back_takes_no_time_away() -> None:
    """An event that is dated before the one ahead of it counts as having come at the same instant."""
    telling = begun()
    telling.wait(5)
    telling.sign(MESSAGE, MARKETING, Position.APPROVE)
    earlier = telling.events[-1].model_copy(update={"type": "signed_off", "function": SALES, "at": NOW})
    ball = passed_on(KEY, telling.region, ball_of(telling), [earlier])
    assert ball is not None
    assert ball.at == NOW + timedelta(hours=5)
    assert all(s.ended_at is not None and s.began_at < s.ended_at for s in spells(ball, now=NOW))


def test_the_portfolio_is_the_sum_of_its_regions() -> None:
    """Hours, days and regions are added by stage and function; who holds how many now is counted beside."""
    one, other = begun(), begun()
    one.sign(MESSAGE, MARKETING, Position.APPROVE)
    now = NOW + timedelta(days=1)
    summed = total(tally for telling in (one, other) for tally in tallies(ball_of(telling), zone=ZONE, now=now))
    assert [(t.stage, t.function, t.hours, t.days, t.regions, t.holding) for t in summed] == [
        (MESSAGE, Holder.MARKETING, 24.0, 1.0, 1, 1),
        (MESSAGE, Holder.SALES, 48.0, 2.0, 2, 2),
    ]


# --- whatever happens


@given(telling=histories, hours=st.integers(0, 100))
@settings(max_examples=examples(40))
def test_no_function_holds_a_stage_twice_at_once(telling: Telling, hours: int) -> None:
    """The spells of one function at one stage neither overlap nor touch, and none of them is empty."""
    found = spells(ball_of(telling), now=telling.world.now + timedelta(hours=hours))
    assert all(s.ended_at is not None and s.began_at < s.ended_at for s in found)
    for pair in {(s.stage, s.function) for s in found}:
        own = [s for s in found if (s.stage, s.function) == pair]
        assert all(one.ended_at is not None and one.ended_at < other.began_at for one, other in pairwise(own))


@given(telling=histories, hours=st.integers(0, 100))
@settings(max_examples=examples(40))
def test_every_moment_from_start_to_end_is_held(telling: Telling, hours: int) -> None:
    """All spells together cover the time from the start to the end, or to now, without a gap and with nothing beyond;
    and the region is at one stage at a time."""
    now = telling.world.now + timedelta(hours=hours)
    until = telling.region.ended_at or now
    found = spells(ball_of(telling), now=now)
    reached = NOW
    for spell in found:
        assert spell.began_at <= reached
        assert spell.ended_at is not None
        reached = max(reached, spell.ended_at)
    assert reached == until
    for one in found:
        at_once = (s for s in found if s.began_at < (one.ended_at or now) and one.began_at < (s.ended_at or now))
        assert {s.stage for s in at_once} == {one.stage}


@given(telling=histories)
@settings(max_examples=examples(40))
def test_a_moment_is_held_by_whom_the_events_until_then_name(telling: Telling) -> None:
    """Between two events the spells name exactly those whom the region named after the first: nothing is smeared."""
    found = spells(ball_of(telling), now=telling.world.now)
    region: RegionLaunch | None = None
    for event, following in pairwise((*telling.events, None)):
        assert event is not None
        region = telling_start(event) if region is None else evolve(region, event)
        until = following.at if following is not None else telling.world.now
        if event.at < until:
            here = {(s.stage, s.function) for s in found if s.began_at <= event.at and until <= (s.ended_at or until)}
            assert here == set(holders(region))


@given(telling=histories, cut=st.integers(0, 200))
@settings(max_examples=examples(30))
def test_following_in_two_steps_gives_the_same(telling: Telling, cut: int) -> None:
    """Whoever has followed the ball so far may go on from there."""
    so_far, region = telling.events[:cut], None
    for event in so_far:
        region = telling_start(event) if region is None else evolve(region, event)
    first = passed_on(KEY, None, None, so_far)
    assert passed_on(KEY, region, first, telling.events[cut:]) == ball_of(telling)


@given(first=histories, second=histories)
@settings(max_examples=examples(15))
def test_nothing_is_lost_in_a_sum(first: Telling, second: Telling) -> None:
    """The hours and working days of a portfolio are those of its regions, to the last microsecond."""
    now = max(first.world.now, second.world.now)
    each = [tally for telling in (first, second) for tally in tallies(ball_of(telling), zone=ZONE, now=now)]
    summed = total(each)
    assert sum((t.span for t in summed), timedelta()) == sum((t.span for t in each), timedelta())
    assert sum(t.working_days for t in summed) == sum(t.working_days for t in each)
    assert len({(t.stage, t.function) for t in summed}) == len(summed)


def test_a_launched_region_is_held_by_nobody() -> None:
    """From a go on only the clock is waited for, and from the launch on nothing."""
    telling = ready()
    telling.decide(Choice.GO)
    telling.launch()
    assert telling.region.ending is Ending.LAUNCHED
    ball = ball_of(telling)
    assert ball.holding == ()
    (waiting,) = spells(ball, now=datetime(2030, 1, 1, tzinfo=UTC))
    assert (waiting.function, waiting.ended_at) == (Holder.CLOCK, telling.region.launch_at)
