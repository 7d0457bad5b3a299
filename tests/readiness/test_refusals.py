"""Does whoever is refused, or reads a reason, learn in whole sentences what is the matter?"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from readiness.canonical import digest
from readiness.commands import Choice, Hold, Position, RegionCommand, Reschedule, Resume, Role
from readiness.events import HoldCause, RegionHeld
from readiness.evidence import Evidence
from readiness.policy import Function, Stage
from readiness.readiness import Readiness
from readiness.refusals import CommandRefused, Refusal
from readiness.region import RegionLaunch
from readiness.rules import decide, evaluate, evolve, judged_instant, propose
from tests.readiness.alphabet import COMMANDS, acts, command_for, evidence
from tests.readiness.builders import (
    LAUNCH_AT,
    NOW,
    OWNER,
    READY_WORLD,
    SIGNERS,
    World,
    decision,
    region_launch,
    sign_off,
)
from tests.readiness.steps import accepted, is_sentence, launched, looked, signed, with_go
from tests.readiness.test_walk import CROSSROADS, MILESTONES, milestone

WHY = digest("why")
LATER_AT = NOW + timedelta(days=1)
ASKED: dict[str, Any] = {"command_id": "c", "person": OWNER, "role": Role.PRODUCT_MANAGER, "logged_at": NOW}
HOLD = Hold(**ASKED, reason_digest=WHY)
RESUME = Resume(**ASKED, reason_digest=WHY)


def reschedule(by: timedelta) -> Reschedule:
    """Return a move of the launch instant."""
    return Reschedule(**ASKED, reason_digest=WHY, launch_at=LAUNCH_AT + by, wall_clock="2027-03-01T10:00")


def ready() -> RegionLaunch:
    """Return a region that waits for its decision."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


def refusal_of(
    region: RegionLaunch, command: RegionCommand, world: World = READY_WORLD, *, seen: Evidence | None = None
) -> Any:
    """Return the refusal of `command`, which must be refused."""
    gathered = seen or world.evidence(launch_at=region.launch_at)
    refusal = propose(region, command, evidence=gathered, now=world.now).refusal
    assert refusal is not None
    return refusal


def is_reason(text: str) -> bool:
    """Say whether `text` is a reason: a sentence without its full stop."""
    return is_sentence(f"{text}.") and not text.endswith(".")


@pytest.mark.parametrize("name", MILESTONES)
def test_every_refusal_is_in_whole_sentences(name: str) -> None:
    """A refusal says what is the matter, and mostly what to do next."""
    node = milestone(name)
    refused = 0
    for act in acts(CROSSROADS):
        if act.kind in COMMANDS:
            command = command_for(act, node.world, node.region)
            instant = command.launch_at if isinstance(command, Reschedule) else node.region.launch_at
            refusal = propose(
                node.region, command, evidence=evidence(node.world, instant), now=node.world.now
            ).refusal
            if refusal is not None:
                refused += 1
                assert is_sentence(refusal.detail), refusal
    assert refused > 10


def said(readiness: Readiness) -> list[str]:
    """Return every reason that a reader of `readiness` gets to see."""
    of_hold = readiness.hold.reasons if readiness.hold is not None else ()
    of_criteria = (reason for criterion in readiness.criteria for reason in criterion.reasons)
    return [*readiness.reasons, *of_hold, *of_criteria, *(blocker.reason for blocker in readiness.blockers)]


@pytest.mark.parametrize("name", MILESTONES)
def test_every_reason_is_a_sentence_without_its_full_stop(name: str) -> None:
    """Reasons are read one by one, in lists."""
    region, world = milestone(name).region, milestone(name).world
    at = judged_instant(region, now=world.now)
    readiness = evaluate(region.policy, evidence(world, region.launch_at, at), region, at=at)
    assert [reason for reason in said(readiness) if not is_reason(reason)] == []


# --- what else a refusal tells


def test_whoever_acted_on_an_old_version_learns_what_moved_it_on() -> None:
    """The version that was seen, the one that stands, who moved it on and when."""
    region = ready()
    refusal = refusal_of(region, decision(seen=region.version - 1))
    assert (refusal.seen, refusal.version) == (region.version - 1, region.version)
    assert (refusal.by, refusal.at) == ("sa-1", NOW)
    assert refusal.detail.startswith(
        f"You acted on version {region.version - 1}; the region is at version {region.version}. Look at"
    )


def test_whoever_may_not_sign_learns_who_does() -> None:
    """A stage is signed by its functions, and a stage without content by nobody."""
    by_enablement = sign_off(Function.ENABLEMENT, Role.ENABLEMENT, "en-1")
    assert refusal_of(region_launch(), by_enablement).detail == (
        "Value propositions is signed by marketing, sales, not by enablement."
    )
    of_training = sign_off(*SIGNERS[0], stage=Stage.TRAINING)
    assert refusal_of(ready(), of_training).detail == "Training is signed by nobody, not by marketing."
    by_another = sign_off(Function.SALES, Role.MARKETING, "ma-1")
    assert "sales_lead" in refusal_of(region_launch(), by_another).detail


def test_whoever_signs_an_old_revision_learns_the_current_one() -> None:
    """The digest to sign comes with the refusal; none where there is no content."""
    command = sign_off(*SIGNERS[0], world=World(message="message 0"))
    refusal = refusal_of(region_launch(), command, World())
    assert (refusal.kind, refusal.current) == ("digest-is-stale", World().digest_of(Stage.VALUE_PROPOSITIONS))
    nothing = World().evidence().model_copy(update={"contents": ()})
    refusal = refusal_of(region_launch(), sign_off(*SIGNERS[0]), seen=nothing)
    assert (refusal.kind, refusal.current) == ("digest-is-stale", None)


def test_a_sign_off_without_evidence_at_hand_is_refused() -> None:
    """What cannot be compared is not signed."""
    proposal = propose(region_launch(), sign_off(*SIGNERS[0]), evidence=None, now=NOW)
    assert proposal.refusal is not None
    assert proposal.refusal.kind == "digest-is-stale"


def test_segments_that_must_be_written_first_are_named() -> None:
    """Whoever writes them knows which."""
    world = World(missing=("enterprise", "smb"))
    refusal = refusal_of(region_launch(), sign_off(*SIGNERS[0], world=world), world)
    assert refusal.missing == ("enterprise", "smb")
    assert "yet: enterprise, smb. Write them" in refusal.detail


def test_whoever_signs_again_learns_who_has_signed() -> None:
    """The first signature stands; an edit of punctuation does not ask for another."""
    region = accepted(region_launch(), sign_off(*SIGNERS[0]), World())
    assert refusal_of(region, sign_off(*SIGNERS[0]), World()).by == "ma-1"
    punctuated = World(message="message 1!", same_message=("message 1",))
    assert refusal_of(region, sign_off(*SIGNERS[0], world=punctuated), punctuated).kind == "already-signed"


def test_whoever_comes_second_learns_who_was_first_and_when() -> None:
    """Where a refusal follows from what somebody did just before, it names them and the moment."""
    signed_once = accepted(region_launch(), sign_off(*SIGNERS[0]), World())
    assert told(refusal_of(signed_once, sign_off(*SIGNERS[0]), World())) == ("ma-1", NOW)
    held = accepted(ready(), HOLD, READY_WORLD)
    assert told(refusal_of(held, HOLD)) == (OWNER, NOW)
    assert told(refusal_of(held, decision())) == (OWNER, NOW)
    assert told(refusal_of(accepted(held, RESUME, READY_WORLD), RESUME)) == (OWNER, NOW)
    assert told(refusal_of(with_go(), decision())) == ("ex-1", NOW)
    assert told(refusal_of(ready(), reschedule(timedelta(0)))) == ("sa-1", NOW)


def test_whoever_signs_what_was_edited_meanwhile_learns_who_edited_it() -> None:
    """The editor is named by the refusal of a stale digest, and by that of a readiness that the edit moved on."""
    edited = World(message="message 2").evidence()
    contents = tuple(c.model_copy(update={"changed_by": "ma-2", "changed_at": LATER_AT}) for c in edited.contents)
    seen = edited.model_copy(update={"contents": contents})
    assert told(refusal_of(region_launch(), sign_off(*SIGNERS[0], world=World()), seen=seen)) == ("ma-2", LATER_AT)
    region = accepted(region_launch(), sign_off(*SIGNERS[0]), World())
    late = sign_off(*SIGNERS[1]).model_copy(update={"seen": region.version})
    assert told(refusal_of(region, late, seen=seen)) == ("ma-2", NOW)


def told(refusal: Any) -> tuple[str | None, datetime | None]:
    """Return by whom and when somebody was overtaken."""
    return refusal.by, refusal.at


def test_a_locked_stage_says_what_opens_it() -> None:
    """The stage before comes first."""
    command = sign_off(*SIGNERS[0], stage=Stage.OBJECTION_HANDLING)
    assert refusal_of(region_launch(), command, World()).detail.startswith("Objection handling opens when")


def test_the_second_key_is_told_whose_hand_turned_the_first() -> None:
    """Two functions, two people; another stage is another lock."""
    region = accepted(region_launch(), sign_off(*SIGNERS[0]), World())
    refusal = refusal_of(region, sign_off(Function.SALES, Role.SALES_LEAD, "ma-1"), World())
    assert refusal.detail == (
        "You signed this stage for marketing. Someone else signs for sales: two functions, two people."
    )
    crosswise = accepted(accepted(region, sign_off(*SIGNERS[1]), World()), _answers("sa-1"), World())
    assert crosswise.signature(Stage.OBJECTION_HANDLING, Function.MARKETING) is not None


def _answers(person: str) -> RegionCommand:
    return sign_off(Function.MARKETING, Role.MARKETING, person, stage=Stage.OBJECTION_HANDLING)


def test_a_decision_over_a_persons_hold_names_the_person() -> None:
    """Whoever wants to decide knows whom to ask; where nobody is named, nobody is."""
    region = accepted(ready(), HOLD, READY_WORLD)
    assert (refusal_of(region, decision()).kind, refusal_of(region, decision()).by) == ("region-is-held", OWNER)
    assert (refusal_of(region, HOLD).kind, refusal_of(region, HOLD).by) == ("region-is-held", OWNER)
    hold = decision(Choice.HOLD)
    assert refusal_of(region, hold).by == OWNER
    nobodys = evolve(ready(), RegionHeld(at=NOW, cause=HoldCause.PERSON))
    assert [refusal_of(nobodys, command).by for command in (decision(), HOLD)] == ["", ""]


def test_a_second_go_names_whose_go_stands() -> None:
    """The same decision is taken once; another one may follow it, and a no-go may be renewed."""
    refusal = refusal_of(with_go(), decision(person="ex-2"))
    assert (refusal.kind, refusal.by) == ("already-decided", "ex-1")
    no_go = accepted(with_go(), decision(Choice.NO_GO), READY_WORLD)
    assert (
        accepted(accepted(no_go, decision(Choice.NO_GO), READY_WORLD), decision(), READY_WORLD).decision is not None
    )


def test_a_decision_on_unmet_gates_names_them_in_order() -> None:
    """Every unmet criterion, with its stage and its reasons."""
    refusal = refusal_of(region_launch(), decision(), World())
    assert "yet: value_propositions_signed, objections_signed, training_completion, certified_share. A" in (
        refusal.detail
    )
    assert [(unmet.stage.value, len(unmet.reasons)) for unmet in refusal.unmet] == [
        ("value_propositions", 2),
        ("objection_handling", 2),
        ("training", 2),
        ("certification", 2),
    ]


@pytest.mark.parametrize("choice", [Choice.GO, Choice.NO_GO])
def test_a_decision_without_the_facts_for_the_instant_is_refused(choice: Choice) -> None:
    """Facts for another instant, or none, say nothing of this one."""
    elsewhere = READY_WORLD.evidence(launch_at=LAUNCH_AT + timedelta(days=1))
    assert refusal_of(ready(), decision(choice), seen=elsewhere).kind == "evidence-missing"
    proposal = propose(ready(), decision(choice), evidence=None, now=NOW)
    assert proposal.refusal is not None
    assert proposal.refusal.kind == "evidence-missing"
    assert is_sentence(proposal.refusal.detail)


def test_a_stage_that_is_open_blocks_a_decision_though_its_criteria_are_met() -> None:
    """What counts is that the stage was closed: a region that has not looked yet decides nothing."""
    unlooked = signed(region_launch(), World())
    with pytest.raises(CommandRefused) as raised:
        decide(unlooked, decision(), evidence=READY_WORLD.evidence(), now=NOW)
    assert raised.value.refusal.kind == "gates-not-met"
    assert "not met yet: a stage that is not closed yet. A" in raised.value.refusal.detail


@pytest.mark.parametrize("command", [HOLD, decision(Choice.HOLD)])
def test_a_hold_may_name_a_date_to_look_again_that_is_still_to_come(command: RegionCommand) -> None:
    """The date is kept; one that has come is refused."""
    region = accepted(ready(), command.model_copy(update={"review_at": LATER_AT}), READY_WORLD)
    assert region.holding is not None
    assert region.holding.review_at == LATER_AT
    refusal = refusal_of(ready(), command.model_copy(update={"review_at": NOW}))
    assert refusal.kind == "review-date-past"
    assert is_sentence(refusal.detail)


def test_a_go_keeps_no_date_to_look_again() -> None:
    """Only a no-go is looked at again."""
    region = accepted(ready(), decision().model_copy(update={"review_at": LATER_AT}), READY_WORLD)
    assert region.decision is not None
    assert region.decision.review_at is None


def test_there_is_nothing_to_resume_where_nothing_is_held() -> None:
    """The refusal says so."""
    assert refusal_of(ready(), RESUME).kind == "region-not-held"


def test_what_has_passed_is_named_as_it_was_written() -> None:
    """The launch instant is read on the region's own clock."""
    late = READY_WORLD.but(now=LAUNCH_AT)
    region = evolve(ready(), RegionHeld(at=NOW, cause=HoldCause.GATE_UNMET))
    for command in (decision(at=LAUNCH_AT), RESUME):
        refusal = refusal_of(region, command, late)
        assert refusal.kind == "launch-instant-passed"
        assert "2027-03-01T09:00" in refusal.detail
    past = refusal_of(ready(), reschedule(NOW - LAUNCH_AT))
    assert past.detail == "2027-03-01T10:00 has passed in Europe/Berlin. Name a later time."
    assert refusal_of(ready(), reschedule(timedelta(0))).detail.startswith("The region launches at 2027-03-01T10:00")


def test_an_ended_region_says_how_it_ended() -> None:
    """Launched or cancelled, in this run."""
    assert refusal_of(launched(), HOLD).detail == "EMEA was launched and takes no more commands in this run."


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (HOLD, "A hold"),
        (RESUME, "Resuming"),
        (reschedule(timedelta(days=1)), "A reschedule"),
        (decision(), "A decision"),
        (decision(Choice.HOLD), "A decision"),
        (sign_off(*SIGNERS[0], position=Position.SEND_BACK), "Sending content back"),
    ],
)
def test_what_governs_needs_a_reason(command: RegionCommand, what: str) -> None:
    """A reason is required everywhere that governs except to approve."""
    refusal = refusal_of(ready(), command.model_copy(update={"reason_digest": None}))
    assert refusal.detail == f"{what} needs a reason. Say why in `reason`."


def test_an_approval_needs_no_reason() -> None:
    """Who approves has said what there is to say."""
    silent = sign_off(*SIGNERS[0]).model_copy(update={"reason_digest": None})
    assert accepted(region_launch(), silent, World()).sign_offs != ()


def test_every_refusal_can_be_read_back() -> None:
    """What the command log keeps of a refusal is the refusal."""
    adapter = TypeAdapter[Refusal](Refusal)
    for refusal in (refusal_of(region_launch(), decision()), refusal_of(launched(), HOLD)):
        assert adapter.validate_json(adapter.dump_json(refusal)) == refusal
