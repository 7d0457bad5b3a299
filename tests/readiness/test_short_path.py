"""What does the short path spare, and what not?"""

import pytest

from readiness.commands import Choice
from readiness.events import CriterionStatus
from readiness.evidence import Evidence
from readiness.policy import TIERS, Policy, Stage
from readiness.readiness import Readiness
from readiness.region import Ending, Poll, RegionLaunch, Verdict
from readiness.rules import evaluate, evolve, propose, proves, why_not_launch
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, decision, region_launch
from tests.readiness.steps import looked, signed


def policy(*, short: bool = True) -> Policy:
    """Return tier 1, with its poll, and the short path unless said."""
    rules = TIERS[1].go_no_go.model_copy(update={"short_path": short})
    return TIERS[1].model_copy(update={"go_no_go": rules})


def proven(*stages: Stage, by: str = "apac") -> Evidence:
    """Return evidence by which every learning gate is met, and another region launched on the texts of `stages`."""
    evidence = READY_WORLD.evidence()
    contents = tuple(
        each.model_copy(update={"proven_in": (by,)}) if each.stage in stages else each for each in evidence.contents
    )
    return evidence.model_copy(update={"contents": contents})


BOTH = (Stage.VALUE_PROPOSITIONS, Stage.OBJECTION_HANDLING)


def ready(*, short: bool = True) -> RegionLaunch:
    """Return a region that has learned and waits for its poll, or its decision."""
    return looked(signed(region_launch(policy=policy(short=short)), READY_WORLD), READY_WORLD)


def shown(region: RegionLaunch, evidence: Evidence) -> Readiness:
    """Return the readiness at the launch instant."""
    return evaluate(region.policy, evidence, region, at=LAUNCH_AT)


def test_what_an_earlier_wave_proved_unchanged_is_decided_on_without_a_poll() -> None:
    """The executive's go is as ever, and launches while the proof holds; it says by whom."""
    region = ready()
    (poll,) = shown(region, proven(*BOTH)).of(Stage.GO_NO_GO)
    assert (poll.status, poll.waiting_on) == (CriterionStatus.MET, ())
    assert poll.reasons == ("Nobody is polled: apac launched on the same texts and policy",)
    assert [each.waiting_on for each in shown(region, proven(*BOTH)).blockers] == ["executive"]
    proposal = propose(region, decision(Choice.GO), evidence=proven(*BOTH), now=NOW)
    assert proposal.refusal is None
    for event in proposal.events:
        region = evolve(region, event)
    assert shown(region, proven(*BOTH)).verdict is Verdict.GO
    assert why_not_launch(region, proven(*BOTH), at=LAUNCH_AT) == ()
    assert why_not_launch(region, proven(), at=LAUNCH_AT) == ("poll_complete: No poll has been opened yet",)


@pytest.mark.parametrize(
    ("short", "evidence"),
    [
        (False, proven(*BOTH)),
        (True, proven()),
        (True, proven(Stage.VALUE_PROPOSITIONS)),
        (True, proven(Stage.OBJECTION_HANDLING)),
    ],
)
def test_without_the_setting_or_on_another_text_everybody_is_polled(short: bool, evidence: Evidence) -> None:
    """One text that nobody launched on is enough."""
    region = ready(short=short)
    (poll,) = shown(region, evidence).of(Stage.GO_NO_GO)
    assert poll.status is CriterionStatus.NO_EVIDENCE
    assert propose(region, decision(Choice.GO), evidence=evidence, now=NOW).refusal is not None


def test_two_texts_proven_in_two_regions_prove_nothing_together() -> None:
    """One region must have launched on all of it."""
    evidence = proven(*BOTH)
    first, second = evidence.contents
    apart = evidence.model_copy(update={"contents": (first, second.model_copy(update={"proven_in": ("latam",)}))})
    assert shown(ready(), apart).of(Stage.GO_NO_GO)[0].status is CriterionStatus.NO_EVIDENCE


def test_a_poll_that_was_opened_all_the_same_counts() -> None:
    """Who is asked is heard."""
    poll = Poll(opened_at=NOW, opened_by="pm-7", closes_at=LAUNCH_AT, seats=policy().go_no_go.polled)
    region = ready().model_copy(update={"poll": poll})
    assert shown(region, proven(*BOTH)).of(Stage.GO_NO_GO)[0].status is CriterionStatus.UNMET


def test_nobody_is_spared_learning_certification_or_a_signature() -> None:
    """The short path is about the poll alone."""
    unsigned = looked(region_launch(policy=policy()), READY_WORLD)
    refusal = propose(unsigned, decision(Choice.GO), evidence=proven(*BOTH), now=NOW).refusal
    assert refusal is not None
    assert refusal.kind == "gates-not-met"
    assert not any(rules.go_no_go.short_path for rules in TIERS.values())


def launched_first() -> RegionLaunch:
    """Return a region of the first wave that has launched."""
    region = signed(region_launch(policy=policy()), READY_WORLD)
    return region.model_copy(update={"ending": Ending.LAUNCHED, "ended_at": NOW})


def of_wave(wave: int, **changes: object) -> RegionLaunch:
    """Return a region of that wave."""
    region = region_launch(policy=policy())
    return region.model_copy(update={"plan": region.plan.model_copy(update={"wave": wave}), **changes})


def test_an_earlier_wave_proves_what_it_launched_on_and_nothing_else() -> None:
    """Same launch, same policy, same text, a permit that holds: each of these missing, it proves nothing."""
    first, second = launched_first(), of_wave(2)
    content, _ = READY_WORLD.evidence().contents
    assert proves(first, second, content)
    assert not proves(first, of_wave(1), content)
    assert not proves(first, of_wave(2, launch_run=2), content)
    assert not proves(first, of_wave(2, policy=policy(short=False)), content)
    assert not proves(first.model_copy(update={"ending": None}), second, content)
    assert not proves(first.model_copy(update={"suspended_at": NOW}), second, content)
    assert not proves(first.model_copy(update={"sign_offs": ()}), second, content)
    edited = READY_WORLD.but(message="another").evidence().contents[0]
    assert not proves(first, second, edited)
    assert proves(first, second, edited.model_copy(update={"same_as": (content.digest,)}))
