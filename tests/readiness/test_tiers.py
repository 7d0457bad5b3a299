"""Are the tier defaults those of the rule book, and does each stage ask for what it names?"""

import pytest

from readiness.commands import ROLE_OF_FUNCTION, Role
from readiness.events import GIVING
from readiness.policy import GATED_STAGES, TIERS, CriterionKey, Function, Stage
from readiness.readiness import WEIGHTS


@pytest.mark.parametrize(
    ("tier", "lead_time", "due_days", "shares", "top_objections"),
    [
        (1, 56, (49, 42, 14, 7, 3), (9_000, 8_000), 5),
        (2, 28, (21, 17, 7, 4, 2), (8_500, 7_000), 5),
        (3, 7, (5, 4, 2, 1, 1), (8_000, 5_000), 3),
    ],
)
def test_each_tier_asks_for_what_the_rule_book_says(
    tier: int, lead_time: int, due_days: tuple[int, ...], shares: tuple[int, int], top_objections: int
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
    assert (policy.go_no_go.polled, policy.go_no_go.decided_by) == ((), "executive")
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
        (),
        (),
    ]
    seats = policy.go_no_go.model_copy(update={"polled": (Function.SALES,)})
    assert policy.model_copy(update={"go_no_go": seats}).criteria_of(Stage.GO_NO_GO) == (CriterionKey.POLL_COMPLETE,)


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
    """A start, a sign-off, a decision, a resume and a move count only with a command of their kind behind them."""
    assert GIVING == {
        "region_launch_started": ("start_launch", "add_region"),
        "signed_off": ("sign_off",),
        "decision_taken": ("decide",),
        "region_resumed": ("resume",),
        "region_rescheduled": ("reschedule",),
    }
