"""Are the tier defaults those of the rule book, and does each stage ask for what it names?"""

import pytest

from readiness.commands import ROLE_OF_FUNCTION, Role
from readiness.events import GIVING
from readiness.policy import GATED_STAGES, TIERS, CriterionKey, Function, Stage
from readiness.readiness import WEIGHTS
from tests.readiness.builders import UNPOLLED


@pytest.mark.parametrize(
    ("tier", "lead_time", "due_days", "shares", "top_objections", "poll", "waivers", "conditions"),
    [
        (
            1,
            56,
            (49, 42, 14, 7, 3),
            (9_000, 8_000),
            5,
            ("m s e p", 4, "dissent", 72),
            (1, 3, 1_000, 30),
            (3, 30),
        ),
        (2, 28, (21, 17, 7, 4, 2), (8_500, 7_000), 5, ("m s e", 2, "dissent", 48), (2, 6, 1_500, 45), (5, 45)),
        (3, 7, (5, 4, 2, 1, 1), (8_000, 5_000), 3, ("m s", 1, "abstention", 24), (3, None, 2_500, 60), (5, 60)),
    ],
)
def test_each_tier_asks_for_what_the_rule_book_says(
    tier: int,
    lead_time: int,
    due_days: tuple[int, ...],
    shares: tuple[int, int],
    top_objections: int,
    poll: tuple[str, int, str, int],
    waivers: tuple[int, int | None, int, int],
    conditions: tuple[int, int],
) -> None:
    """The defaults are the table of the rule book, number by number."""
    policy = TIERS[tier]
    assert (policy.tier, policy.lead_time_days) == (tier, lead_time)
    assert tuple(policy.due_days_of(stage) for stage in GATED_STAGES) == due_days
    assert (policy.training.required_share, policy.certification.required_share) == shares
    handling = policy.objection_handling
    assert (handling.top_objections, handling.answered_share) == (top_objections, 10_000)
    assert policy.value_propositions.segments == ("all",)
    assert policy.training.functions == ("sales",)
    rules, allowed = policy.go_no_go, policy.waivers
    seats = " ".join(seat.value[0] for seat in rules.polled)
    assert (seats, rules.votes_needed, rules.absent, rules.poll_hours) == poll
    assert (rules.most_conditions, rules.condition_days_after_launch) == conditions
    limits = (allowed.open_per_region, allowed.open_per_launch, allowed.deepest_floor, allowed.days_after_launch)
    assert limits == waivers
    assert rules.decided_by == "executive"
    assert rules.longest_review_days == (7 if tier == 3 else 14)
    assert policy.go_no_go.late_launch_minutes == 60
    assert policy.due_days_of(Stage.LAUNCHED) == 0


def test_each_stage_has_its_criteria_in_the_order_in_which_people_read_them() -> None:
    """A poll is asked for only where seats are named."""
    policy = TIERS[1]
    assert [policy.criteria_of(stage) for stage in Stage] == [
        (CriterionKey.VALUE_PROPOSITIONS_SIGNED,),
        (CriterionKey.OBJECTIONS_ANSWERED, CriterionKey.OBJECTIONS_SIGNED),
        (CriterionKey.TRAINING_COMPLETION,),
        (CriterionKey.CERTIFIED_SHARE,),
        (CriterionKey.POLL_COMPLETE,),
        (),
    ]
    nobody = policy.go_no_go.model_copy(update={"polled": ()})
    assert policy.model_copy(update={"go_no_go": nobody}).criteria_of(Stage.GO_NO_GO) == ()


def test_a_criterion_belongs_to_its_stage_and_a_poll_that_nobody_asks_for_to_none() -> None:
    """What a policy does not ask for stands at no stage of it."""
    assert TIERS[1].stage_of(CriterionKey.CERTIFIED_SHARE) is Stage.CERTIFICATION
    assert TIERS[1].stage_of(CriterionKey.POLL_COMPLETE) is Stage.GO_NO_GO
    assert UNPOLLED.stage_of(CriterionKey.POLL_COMPLETE) is None


def test_what_is_signed_is_signed_by_marketing_and_sales() -> None:
    """Two keys for the message and for the answers, none for anything else."""
    keys = (Function.MARKETING, Function.SALES)
    assert [TIERS[1].signers_of(stage) for stage in Stage] == [keys, keys, (), (), (), ()]


def test_the_weights_of_the_index_are_those_of_the_rule_book() -> None:
    """What people know weighs more than what was written; the poll weighs nothing."""
    assert [WEIGHTS[key] for key in CriterionKey] == [15, 10, 5, 30, 40, 0]


def test_each_function_is_spoken_for_by_its_own_role() -> None:
    """A role stands for one function, and nobody else's."""
    assert ROLE_OF_FUNCTION == {
        Function.MARKETING: Role.MARKETING,
        Function.SALES: Role.SALES_LEAD,
        Function.ENABLEMENT: Role.ENABLEMENT,
        Function.PRODUCT: Role.PRODUCT_MANAGER,
    }


def test_what_gives_is_exactly_what_can_lead_to_a_launch() -> None:
    """Whatever a launch may rest on counts only with a command of its kind behind it."""
    assert GIVING == {
        "region_launch_started": ("start_launch", "add_region"),
        "signed_off": ("sign_off",),
        "waiver_requested": ("request_waiver",),
        "waiver_granted": ("grant_waiver",),
        "ballot_cast": ("cast_ballot",),
        "decision_taken": ("decide",),
        "condition_met": ("meet_condition",),
        "region_resumed": ("resume",),
        "region_rescheduled": ("reschedule",),
        "region_slipped": ("reschedule",),
        "lesson_addressed": ("address_lesson",),
        "owner_changed": ("change_owner",),
        "policy_change_asked": ("ask_policy_change",),
        "policy_change_confirmed": ("confirm_policy_change",),
        "launch_owner_changed": ("hand_over",),
    }
