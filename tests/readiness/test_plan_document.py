"""Is a plan document read exactly as it is written?"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from readiness.plan import Assessment, Course, LaunchPlan
from readiness.plan_bodies import PlanBody
from readiness.plan_document import plan_as_document, read_plan, read_region, reschedule_instant
from readiness.plan_faults import PlanFaulty
from readiness.policy import TIERS, Function, WaveLaunch
from tests.readiness.plan_documents import NOW, changed, document, faults_of


def test_the_plan_of_the_design_is_read() -> None:
    """The example of the design becomes a plan with its instants in UTC and its shares in basis points."""
    plan = read_plan(document(), now=NOW)

    assert (plan.product, plan.name, plan.tier, plan.owner) == ("atlas-2", "Atlas 2", 1, "pm-7")
    assert [(region.region, region.wave, region.wall_clock, region.launch_at) for region in plan.regions] == [
        ("emea", 1, "2027-03-01T09:00", datetime(2027, 3, 1, 8, 0, tzinfo=UTC)),
        ("apac", 2, "2027-03-15T09:00", datetime(2027, 3, 15, 1, 0, tzinfo=UTC)),
    ]
    assert plan.courses == (Course(course_id="atlas-2-basics", title="Atlas 2 basics"),)
    assert plan.assessment == Assessment(
        assessment_id="atlas-2-cert",
        title="Atlas 2 certification",
        pass_mark=Decimal(80),
        valid_days=365,
        max_attempts=5,
    )
    assert plan.policy.value_propositions.segments == ("enterprise", "mid-market")
    assert plan.policy.training.required_share == 9_000
    assert plan.below_tier == ()


def test_a_plan_names_who_holds_a_seat_in_the_poll() -> None:
    """Seats left out are the tier's; fewer are marked, none means no poll, and a quorum never asks for more."""
    assert read_plan(document(), now=NOW).policy.go_no_go == TIERS[1].go_no_go
    few = read_plan(changed("policy.go_no_go.polled", ["sales", "marketing"]), now=NOW)
    assert few.policy.go_no_go.votes_needed == 2
    assert few.below_tier == ("policy.go_no_go.polled",)
    assert read_plan(changed("policy.go_no_go.polled", []), now=NOW).policy.go_no_go.votes_needed == 0
    assert faults_of(changed("policy.go_no_go.polled", ["sales", "legal", "Sales"])) == [
        ("policy.go_no_go.polled[1]", "unknown-function"),
        ("policy.go_no_go.polled[2]", "seat-twice"),
    ]


def test_a_plan_says_whether_a_wave_launches_together_and_may_take_the_short_path() -> None:
    """Left out, neither; asking for more than the tier marks nothing, and sparing a poll does."""
    assert read_plan(document(), now=NOW).policy.go_no_go.wave is WaveLaunch.ALONE
    plan = read_plan(changed("policy.go_no_go.wave", " Together"), now=NOW)
    assert plan.policy.go_no_go.wave is WaveLaunch.TOGETHER
    assert plan.below_tier == ()
    assert read_plan(plan_as_document(plan), now=NOW).policy == plan.policy
    assert faults_of(changed("policy.go_no_go.wave", "all")) == [("policy.go_no_go.wave", "unknown-setting")]
    short = read_plan(changed("policy.go_no_go.short_path", True), now=NOW)
    assert short.policy.go_no_go.short_path
    assert short.below_tier == ("policy.go_no_go.short_path",)
    assert faults_of(changed("policy.go_no_go.short_path", "yes")) == [("policy.go_no_go.short_path", "not-a-switch")]
    assert faults_of(changed("policy.go_no_go.wave", True)) == [("policy.go_no_go.wave", "unknown-setting")]


@pytest.mark.parametrize("tier", [1, 2, 3])
@pytest.mark.parametrize("policy", [None, {}, {"training": None, "go_no_go": {}}, "absent"])
def test_what_the_policy_leaves_out_is_the_tiers(tier: int, policy: object) -> None:
    """Without a policy, or with empty parts of one, the tier's defaults hold and nothing is below them."""
    asked = changed("tier", tier)
    asked["policy"] = policy
    if policy == "absent":
        del asked["policy"]
    plan = read_plan(asked, now=NOW)

    assert plan.policy == TIERS[tier]
    assert plan.below_tier == ()


def test_a_policy_may_ask_for_more_than_the_tier() -> None:
    """More, or the same from other functions besides, is taken as asked and marked nowhere."""
    asked = document()
    asked["policy"] = {
        "value_propositions": {"signed_by": ["Sales", "marketing", "product"]},
        "objection_handling": {"top_objections": 7},
        "training": {"required_share": 0.95, "functions": ["Sales", "Channel Partners"]},
    }
    plan = read_plan(asked, now=NOW)

    assert plan.policy.value_propositions.signed_by == (Function.SALES, Function.MARKETING, Function.PRODUCT)
    assert plan.policy.value_propositions.due_days == TIERS[1].value_propositions.due_days
    assert plan.policy.objection_handling.top_objections == 7
    assert plan.policy.training.required_share == 9_500
    assert plan.policy.training.functions == ("sales", "channel-partners")
    assert plan.below_tier == ()


def test_asking_less_than_the_tier_is_accepted_and_marked() -> None:
    """Each setting that asks less than the tier's is taken as asked, and marked by its path."""
    asked = document()
    asked["policy"] = {
        "certification": {"required_share": 0.7999},
        "training": {"required_share": 0.8999},
        "objection_handling": {"top_objections": 4, "answered_share": 0.5},
    }
    plan = read_plan(asked, now=NOW)

    assert plan.policy.certification.required_share == 7_999
    assert plan.below_tier == (
        "policy.objection_handling.top_objections",
        "policy.objection_handling.answered_share",
        "policy.training.required_share",
        "policy.certification.required_share",
    )


def test_a_lead_time_below_the_tiers_is_marked_to_the_second() -> None:
    """A region launching sooner than the tier's lead time is marked, not refused; one just in time is not marked."""
    edge = datetime(2027, 3, 1, 8, 0, tzinfo=UTC) - timedelta(days=TIERS[1].lead_time_days)

    assert [region.short_lead for region in read_plan(document(), now=edge).regions] == [False, False]
    late = read_plan(document(), now=edge + timedelta(seconds=1))
    assert [region.short_lead for region in late.regions] == [True, False]


def test_the_plan_needs_no_launch_of_its_own_if_every_region_has_one() -> None:
    """The plan's launch may be left out, or even be long past, where no region goes by it."""
    asked = document()
    asked["regions"][0]["launch_at"] = "2027-03-02 09:00:30"
    del asked["launch_at"]

    plan = read_plan(asked, now=NOW)
    assert plan.wall_clock is None
    assert plan.regions[0].wall_clock == "2027-03-02T09:00:30"
    assert read_plan({**asked, "launch_at": "2020-01-01T00:00"}, now=NOW).regions == plan.regions


def test_yaml_may_have_read_the_wall_clock_already() -> None:
    """YAML makes a datetime of `2027-03-01 09:00:00` and text of `2027-03-01T09:00`, and both mean the same."""
    read = yaml.safe_load("2027-03-01 09:00:00")

    assert isinstance(read, datetime)
    assert read_plan(changed("launch_at", read), now=NOW) == read_plan(document(), now=NOW)


@given(st.integers(1, 10_000), st.sampled_from([float, str, Decimal]))
def test_every_share_is_read_exactly(basis_points: int, kind: Callable[[Decimal], object]) -> None:
    """Whether written as a float, as text or as a decimal, a share is the basis points that a person sees."""
    written = Decimal(basis_points) / 10_000
    plan = read_plan(changed("policy.training.required_share", kind(written)), now=NOW)

    assert plan.policy.training.required_share == basis_points


@pytest.mark.parametrize("score", [80, 80.0, "80", "80.00", Decimal("8e1"), " +80. "])
def test_a_score_is_the_same_however_it_is_written(score: object) -> None:
    """Numbers written differently make plans that are the same to the letter."""
    asked = read_plan(changed("assessment.pass_mark", score), now=NOW)

    assert asked.model_dump_json() == read_plan(document(), now=NOW).model_dump_json()


def test_a_plan_is_written_as_it_is_read() -> None:
    """The document of a plan asks for the same plan again, in plain JSON."""
    asked = changed("policy.training.required_share", 0.8123)
    asked["courses"].append({"course_id": "more", "title": "More", "min_score": 33.3333})
    plan = read_plan(asked, now=NOW)
    written = json.loads(json.dumps(plan_as_document(plan)))

    assert read_plan(written, now=NOW) == plan
    assert written["policy"]["training"]["required_share"] == 0.8123
    assert written["courses"][1]["min_score"] == 33.3333
    assert "launch_at" not in written["regions"][0]
    assert written["regions"][1]["launch_at"] == "2027-03-15T09:00"


def test_a_plan_survives_being_recorded() -> None:
    """A plan read back from its own JSON is the same plan."""
    plan = read_plan(document(), now=NOW)

    assert LaunchPlan.model_validate_json(plan.model_dump_json()) == plan


def test_a_region_is_added_to_a_running_launch() -> None:
    """An entry of `regions` becomes a region of the running launch, by the plan's launch where it has none itself."""
    plan = read_plan(document(), now=NOW)
    entry = {"region": "Latin America", "name": "LATAM", "time_zone": "America/Santiago"}

    region = read_region(entry, plan=plan, now=NOW)
    assert (region.region, region.wall_clock) == ("latin-america", "2027-03-01T09:00")
    assert region.launch_at == datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
    later = read_region({**entry, "launch_at": "2026-12-24T09:00"}, plan=plan, now=NOW)
    assert later.short_lead


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"time_zone": "Santiago de Chile"}, [("time_zone", "unknown-time-zone")]),
        ({"launch_at": "2026-11-30T09:00"}, [("launch_at", "launch-in-the-past")]),
        ({"launch_at": "2027-09-05T00:30"}, [("launch_at", "wall-clock-skipped")]),
        ({"launch_at": "soon", "wave": 0}, [("wave", "out-of-range"), ("launch_at", "malformed-wall-clock")]),
        ({"name": None, "x": 1}, [("x", "unknown-field"), ("name", "missing-field")]),
    ],
)
def test_the_faults_of_an_added_region_are_named_within_its_entry(
    change: dict[str, object], faults: list[tuple[str, str]]
) -> None:
    """An entry that cannot be added is refused with all its faults, by their paths in the entry."""
    entry = {"region": "latam", "name": "LATAM", "time_zone": "America/Santiago", "wave": 3} | change
    if entry["name"] is None:
        del entry["name"]
    with pytest.raises(PlanFaulty) as refused:
        read_region(entry, plan=read_plan(document(), now=NOW), now=NOW)

    assert [(fault.path, fault.code) for fault in refused.value.faults] == faults


def test_an_added_region_needs_a_launch_where_the_plan_has_none_for_all() -> None:
    """Where every region of the plan says its own launch, an added one must as well."""
    plan = read_plan(document(), now=NOW).model_copy(update={"wall_clock": None})
    with pytest.raises(PlanFaulty, match="Give the region a launch_at") as refused:
        read_region({"region": "latam", "name": "LATAM", "time_zone": "America/Santiago"}, plan=plan, now=NOW)

    assert [fault.code for fault in refused.value.faults] == ["missing-field"]
    with pytest.raises(PlanFaulty, match="Give a mapping"):
        read_region("latam", plan=plan, now=NOW)


def test_a_launch_is_moved_by_the_clock_of_its_region() -> None:
    """A new launch is a wall clock in the region's zone, and comes back as the instant in UTC."""
    moved = reschedule_instant("2027-07-01T09:00", "Europe/Berlin", now=NOW)

    assert moved == datetime(2027, 7, 1, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "code"),
    [
        ("2026-12-01T13:00", "launch-in-the-past"),
        ("2027-03-28T02:30", "wall-clock-skipped"),
        ("2027-10-31T02:30", "wall-clock-repeated"),
        ("2027-07-01T09:00Z", "malformed-wall-clock"),
        (None, "missing-field"),
        (7, "malformed-wall-clock"),
    ],
)
def test_a_launch_cannot_be_moved_to_no_instant(clock: object, code: str) -> None:
    """A wall clock that is malformed, past, skipped or repeated moves nothing and is at fault as `launch_at`."""
    with pytest.raises(PlanFaulty) as refused:
        reschedule_instant(clock, "Europe/Berlin", now=NOW)

    assert [(fault.path, fault.code) for fault in refused.value.faults] == [("launch_at", code)]


def test_the_shape_of_a_plan_can_be_published() -> None:
    """The bodies describe themselves as JSON Schema, with shares and wall clocks as people write them."""
    schema = PlanBody.model_json_schema()

    assert schema["additionalProperties"] is False
    training = schema["$defs"]["TrainingBody"]["properties"]["required_share"]
    assert training["anyOf"][0]["maximum"] == 1
