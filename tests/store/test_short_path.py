"""Is a region spared the poll only by another that has really launched on the same texts and policy?"""

import pytest

from readiness.commands import ROLE_OF_FUNCTION, Choice, Role
from readiness.keys import RegionKey
from readiness.ledger import Accepted, LaunchDenied, Launched, Refused
from readiness.policy import TIERS, Policy, Stage
from readiness.region import Verdict
from store.board import refresh_figures
from store.regions import region_record
from store.texts import contents_of
from tests.readiness.builders import LAUNCH_AT, OWNER, SIGNERS, UNPOLLED
from tests.store.desk import Desk, plan

LATER_AT = LAUNCH_AT.replace(day=15)


def short_path() -> Policy:
    """Return a policy with seats that a later wave may spare."""
    rules = UNPOLLED.go_no_go.model_copy(update={"polled": TIERS[1].go_no_go.polled, "votes_needed": 4})
    return UNPOLLED.model_copy(update={"go_no_go": rules.model_copy(update={"short_path": True})})


def proven_in(desk: Desk, key: RegionKey) -> list[tuple[str, ...]]:
    """Return where each text of a region was proven."""
    with desk.store.reading() as tx:
        return [content.proven_in for content in contents_of(tx, [desk.region(key)])[key]]


@pytest.fixture
def waves(desk: Desk) -> tuple[RegionKey, RegionKey]:
    """A region that has launched after its poll, and one of the next wave that has signed and learned."""
    desk.policy = short_path()
    wanted = plan("apac", "emea", policy=desk.policy)
    apac, emea = wanted.regions
    later = emea.model_copy(update={"wave": 2, "launch_at": LATER_AT, "wall_clock": "2027-03-15T09:00"})
    first, second = desk.start_settled(wanted.model_copy(update={"regions": (apac, later)})).open_regions
    desk.write_all()
    for key in (first, second):
        desk.teach(key.region, people=1, trained=1, certified=1)
        desk.sign_all(key)
        desk.look(key)
    _poll_and_launch(desk, first)
    return first, second


def test_a_later_wave_is_decided_on_without_a_poll_once_the_earlier_has_launched(
    desk: Desk, waves: tuple[RegionKey, RegionKey]
) -> None:
    """It is told as the earlier launches, and launches at its own instant."""
    _, emea = waves
    assert proven_in(desk, emea) == [("apac",), ("apac",)]
    with desk.store.reading() as tx:
        record = region_record(tx, emea)
    assert record.facts_revision > record.figures_revision
    refresh_figures(desk.store, [emea])
    assert isinstance(desk.carry_out(emea, desk.decide(emea, Choice.GO)).outcome, Accepted)
    desk.clock.now = LATER_AT
    assert isinstance(desk.launch(emea), Launched)


def test_another_text_than_was_launched_on_brings_the_poll_back(
    desk: Desk, waves: tuple[RegionKey, RegionKey]
) -> None:
    """Signed anew by both keys or not, nobody has launched on it."""
    _, emea = waves
    desk.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Another promise."}, regions=("emea",))
    for function, role, person in SIGNERS:
        desk.accepted(emea, desk.sign_off(emea, Stage.VALUE_PROPOSITIONS, function, role, person))
    assert proven_in(desk, emea) == [(), ("apac",)]
    outcome = desk.carry_out(emea, desk.decide(emea, Choice.GO)).outcome
    assert isinstance(outcome, Refused)
    assert outcome.refusal.kind == "gates-not-met"


def test_a_go_on_the_short_path_launches_nothing_once_its_proof_is_gone(
    desk: Desk, waves: tuple[RegionKey, RegionKey]
) -> None:
    """The launch transaction gathers the proof anew."""
    _, emea = waves
    desk.accepted(emea, desk.decide(emea, Choice.GO))
    assert desk.look(emea).bearings.verdict is Verdict.GO
    desk.write(
        Stage.OBJECTION_HANDLING,
        "objection-1",
        {"objection": "Too much of 1", "answer": "Quite another answer", "rank": 1},
        regions=("emea",),
        holds=("emea",),
    )
    desk.clock.now = LATER_AT
    answer = desk.launch(emea)
    assert isinstance(answer, LaunchDenied)
    assert "poll_complete: No poll has been opened yet" in answer.objections


def _poll_and_launch(desk: Desk, key: RegionKey) -> None:
    desk.accepted(key, desk.ask(key, "open_poll", OWNER, Role.PRODUCT_MANAGER))
    for seat in desk.policy.go_no_go.polled:
        said = {"position": "agree"}
        role = ROLE_OF_FUNCTION[seat]
        desk.accepted(key, desk.ask(key, "cast_ballot", f"voter-{seat}", role, said=said, function=seat))
    desk.look(key)
    desk.accepted(key, desk.decide(key, Choice.GO))
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)
