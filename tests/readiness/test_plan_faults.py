"""Is everything that is wrong with a plan document named at once, and where it is?"""

import copy
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from readiness.plan_bodies import MOST_REGIONS
from readiness.plan_document import plan_as_document, read_plan
from readiness.plan_faults import MOST_FAULTS, Fault, PlanFaulty, mentioned_in
from tests.readiness.plan_documents import NOW, changed, document, faults_of

TEN_FAULTS = """
product: Atlas 2
name: Atlas 2
tier: 4
owner: pm 7
launch_at: 2026-03-01T09:00
regions:
  - {region: EMEA, name: Europe, time_zone: Europe/Berln}
  - {region: emea, name: EMEA, time_zone: Europe/Berlin, wave: 0}
courses:
  - {course_id: basics, title: Basics}
  - {course_id: basics, title: Basics again, min_score: 50}
assessment: {assessment_id: cert, title: Certification, pass_mark: 101}
policy:
  training: {required_share: 1.2}
"""


def test_ten_faults_are_named_at_once() -> None:
    """Faults of form and of meaning, in ten places, come in one answer and in the order of the document."""
    assert faults_of(yaml.safe_load(TEN_FAULTS)) == [
        ("product", "malformed"),
        ("tier", "out-of-range"),
        ("owner", "malformed"),
        ("launch_at", "launch-in-the-past"),
        ("regions[0].time_zone", "unknown-time-zone"),
        ("regions[1].region", "region-twice"),
        ("regions[1].wave", "out-of-range"),
        ("courses[1].course_id", "course-contradicts-itself"),
        ("assessment.pass_mark", "score-out-of-range"),
        ("policy.training.required_share", "share-out-of-range"),
    ]


SINGLE_FAULTS: list[tuple[str, object, tuple[str, str]]] = [
    ("product", "Atlas", ("product", "malformed")),
    ("product", "a" * 65, ("product", "malformed")),
    ("product", "atlas\n", ("product", "malformed")),
    ("product", 2027, ("product", "wrong-type")),
    ("name", "", ("name", "empty")),
    ("name", " \u3000", ("name", "empty")),
    ("name", "two\nlines", ("name", "malformed")),
    ("name", "a\x00b", ("name", "malformed")),
    ("name", "\u202eevil", ("name", "malformed")),
    ("name", "\ud800", ("name", "malformed")),
    ("name", "n" * 301, ("name", "too-long")),
    ("name", date(2027, 3, 1), ("name", "wrong-type")),
    ("tier", 0, ("tier", "out-of-range")),
    ("tier", 1.5, ("tier", "out-of-range")),
    ("tier", True, ("tier", "not-a-number")),
    ("tier", "first", ("tier", "not-a-number")),
    ("tier", 16**5000, ("tier", "out-of-range")),
    ("impact", 7, ("impact", "wrong-type")),
    ("tier_reason", " ", ("tier_reason", "empty")),
    ("tier_reason", 7, ("tier_reason", "wrong-type")),
    ("tier_reason", "\u202eevil", ("tier_reason", "malformed")),
    ("owner", "pm 7", ("owner", "malformed")),
    ("owner", 7, ("owner", "wrong-type")),
    ("owner", None, ("owner", "missing-field")),
    ("launch_at", "2027-03-01T09:00+01:00", ("launch_at", "malformed-wall-clock")),
    ("launch_at", datetime(2027, 3, 1, 9, tzinfo=UTC), ("launch_at", "malformed-wall-clock")),
    ("launch_at", date(2027, 3, 1), ("launch_at", "malformed-wall-clock")),
    ("launch_at", 1772355600, ("launch_at", "malformed-wall-clock")),
    ("launch_at", "2027-02-29T09:00", ("launch_at", "malformed-wall-clock")),
    ("launch_at", "2026-12-01T13:00", ("launch_at", "launch-in-the-past")),
    ("launch_at", None, ("launch_at", "missing-field")),
    ("launch_at", "2027-03-28T02:30", ("regions[0].launch_at", "wall-clock-skipped")),
    ("launch_at", "2027-10-31T02:30", ("regions[0].launch_at", "wall-clock-repeated")),
    ("regions", [], ("regions", "empty")),
    ("regions", {}, ("regions", "wrong-type")),
    ("regions", "emea", ("regions", "wrong-type")),
    ("regions", [{}] * (MOST_REGIONS + 1), ("regions", "too-many")),
    ("regions.1", "apac", ("regions[1]", "wrong-type")),
    ("regions.1", None, ("regions[1]", "wrong-type")),
    ("regions.1.region", False, ("regions[1].region", "wrong-type")),
    ("regions.1.region", "*", ("regions[1].region", "malformed")),
    ("regions.1.region", " EMEA ", ("regions[1].region", "region-twice")),
    ("regions.1.time_zone", "Mars/Olympus", ("regions[1].time_zone", "unknown-time-zone")),
    ("regions.1.time_zone", "../../etc/passwd", ("regions[1].time_zone", "unknown-time-zone")),
    ("regions.1.time_zone", 8, ("regions[1].time_zone", "wrong-type")),
    ("regions.1.wave", 0, ("regions[1].wave", "out-of-range")),
    ("regions.1.wave", 101, ("regions[1].wave", "out-of-range")),
    ("regions.1.launch_at", "2026-11-30", ("regions[1].launch_at", "malformed-wall-clock")),
    ("regions.1.launch_at", "2026-12-01T20:00", ("regions[1].launch_at", "launch-in-the-past")),
    ("regions.1.colour", "red", ("regions[1].colour", "unknown-field")),
    ("courses", [], ("courses", "empty")),
    ("courses.0.min_score", -1, ("courses[0].min_score", "score-out-of-range")),
    ("courses.0.min_score", 33.33333, ("courses[0].min_score", "too-fine")),
    ("courses.0.min_score", float("nan"), ("courses[0].min_score", "not-a-number")),
    ("courses.0.min_score", Decimal("sNaN"), ("courses[0].min_score", "not-a-number")),
    ("courses.0.course_id", "", ("courses[0].course_id", "malformed")),
    ("assessment", None, ("assessment", "missing-field")),
    ("assessment", ["atlas-2-cert"], ("assessment", "wrong-type")),
    ("assessment.pass_mark", 100.01, ("assessment.pass_mark", "score-out-of-range")),
    ("assessment.pass_mark", float("inf"), ("assessment.pass_mark", "not-a-number")),
    ("assessment.pass_mark", "8_0", ("assessment.pass_mark", "not-a-number")),
    ("assessment.valid_days", 0, ("assessment.valid_days", "out-of-range")),
    ("assessment.max_attempts", 2.5, ("assessment.max_attempts", "out-of-range")),
    ("policy", [], ("policy", "wrong-type")),
    ("policy.poll", {}, ("policy.poll", "unknown-field")),
    ("policy.training", 0.9, ("policy.training", "wrong-type")),
    ("policy.training.required_share", 0, ("policy.training.required_share", "share-is-zero")),
    ("policy.training.required_share", -0.0, ("policy.training.required_share", "share-is-zero")),
    ("policy.training.required_share", -0.1, ("policy.training.required_share", "share-out-of-range")),
    ("policy.training.required_share", 1.0001, ("policy.training.required_share", "share-out-of-range")),
    ("policy.training.required_share", 90, ("policy.training.required_share", "share-out-of-range")),
    ("policy.training.required_share", "90%", ("policy.training.required_share", "not-a-number")),
    ("policy.training.required_share", True, ("policy.training.required_share", "not-a-number")),
    ("policy.training.required_share", 0.90001, ("policy.training.required_share", "too-fine")),
    ("policy.training.required_share", 1e-300, ("policy.training.required_share", "too-fine")),
    ("policy.training.required_share", "0.9" + "0" * 28 + "1", ("policy.training.required_share", "too-fine")),
    ("policy.training.required_share", "9" * 10_000, ("policy.training.required_share", "not-a-number")),
    ("policy.training.required_share", "1e999999999", ("policy.training.required_share", "not-a-number")),
    ("policy.training.functions", [], ("policy.training.functions", "empty")),
    ("policy.training.functions", "sales", ("policy.training.functions", "wrong-type")),
    ("policy.training.functions", ["sales", "SALES"], ("policy.training.functions[1]", "function-twice")),
    ("policy.certification.required_share", 1.1, ("policy.certification.required_share", "share-out-of-range")),
    ("policy.value_propositions.segments", [], ("policy.value_propositions.segments", "empty")),
    (
        "policy.value_propositions.segments",
        ["a", "a"],
        ("policy.value_propositions.segments[1]", "segment-twice"),
    ),
    ("policy.value_propositions.segments", ["A b"], ("policy.value_propositions.segments[0]", "malformed")),
    ("policy.value_propositions.signed_by", [], ("policy.value_propositions.signed_by", "empty")),
    ("policy.value_propositions.signed_by", ["sales"], ("policy.value_propositions.signed_by", "signer-missing")),
    ("policy.objection_handling.top_objections", 0, ("policy.objection_handling.top_objections", "out-of-range")),
    (
        "policy.objection_handling.signed_by",
        ["marketing", "sales", "legal"],
        ("policy.objection_handling.signed_by[2]", "unknown-function"),
    ),
    ("policy.go_no_go.decided_by", "pm-7", ("policy.go_no_go.decided_by", "unknown-decider")),
]


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    SINGLE_FAULTS,
    ids=[f"{number}-{path}" for number, (path, _, _) in enumerate(SINGLE_FAULTS)],
)
def test_one_fault_is_named_by_its_path_and_nothing_else_is(path: str, value: object, fault: tuple[str, str]) -> None:
    """A plan in which a single setting is wrong gets exactly one fault, at that setting."""
    assert faults_of(changed(path, value)) == [fault]


@pytest.mark.parametrize("whole", [None, "atlas", 7, [], [{}], True])
def test_what_is_not_a_mapping_is_refused_whole(whole: object) -> None:
    """A document that is no mapping has one fault, at its root, that says what a plan consists of."""
    assert faults_of(whole) == [("", "wrong-type")]


def test_every_missing_field_is_named() -> None:
    """An empty plan, region or course lacks each of its required fields by name."""
    required = ["product", "name", "owner", "regions", "courses", "assessment", "tier"]

    assert faults_of({}) == [(field, "missing-field") for field in required]
    assert [path for path, _ in faults_of({**document(), "regions": [{}], "courses": [{}]})] == [
        *("regions[0].region", "regions[0].name", "regions[0].time_zone"),
        *("courses[0].course_id", "courses[0].title"),
    ]


def test_a_course_listed_twice_is_a_fault_that_says_what_differs() -> None:
    """Listing a course again is a fault, and another one if title or minimum contradict the first."""
    first = {"course_id": "basics", "title": "Basics"}
    again = [first, {**first, "min_score": 0}, {**first, "min_score": 1}, {**first, "title": "B"}]
    with pytest.raises(PlanFaulty) as refused:
        read_plan(changed("courses", again), now=NOW)

    assert [(fault.path, fault.code) for fault in refused.value.faults] == [
        ("courses[1].course_id", "course-twice"),
        ("courses[2].course_id", "course-contradicts-itself"),
        ("courses[3].course_id", "course-contradicts-itself"),
    ]
    assert "another min_score" in refused.value.faults[1].reason
    assert "another title" in refused.value.faults[2].reason


def test_a_past_launch_is_named_once_for_all_the_regions_that_it_stands_for() -> None:
    """The plan's own launch is at fault, once, with the regions that go by it and in which it is past already."""
    asked = document()
    asked["launch_at"] = "2026-12-01T13:00"
    asked["regions"].append({"region": "amer", "name": "Americas", "time_zone": "America/New_York"})
    with pytest.raises(PlanFaulty) as refused:
        read_plan(asked, now=NOW)

    assert refused.value.faults == (
        Fault(
            path="launch_at",
            code="launch-in-the-past",
            reason="2026-12-01T13:00 is already past in emea; give a launch that is still to come.",
        ),
    )


def test_a_launch_is_past_at_its_very_instant() -> None:
    """A plan must launch after the instant at which it is judged."""
    instant = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)

    assert read_plan(document(), now=instant - timedelta(seconds=1)).regions[0].short_lead
    assert faults_of(document(), now=instant) == [("launch_at", "launch-in-the-past")]


def test_a_launch_that_is_past_everywhere_is_named_without_a_zone() -> None:
    """Where no zone can be read, a launch is named as past once it is past in the last place on earth."""
    asked = changed("regions", [{"region": "emea", "name": "EMEA", "time_zone": "Berlin"}])
    asked["launch_at"] = "2026-12-01T00:00"
    unknown = ("regions[0].time_zone", "unknown-time-zone")

    assert faults_of(asked, now=NOW) == [("launch_at", "launch-in-the-past"), unknown]
    assert faults_of(asked, now=NOW - timedelta(seconds=1)) == [unknown]


def test_what_only_the_database_knows_can_be_added_in_its_place() -> None:
    """Even a faulty plan says whom and what it mentions, and further faults go where the document has them."""
    asked = yaml.safe_load(TEN_FAULTS)
    asked["owner"] = "nobody"
    with pytest.raises(PlanFaulty) as refused:
        read_plan(asked, now=NOW)

    mentioned = refused.value.mentioned
    assert mentioned.owner == "nobody"
    assert [(path, course.title) for path, course in mentioned.courses] == [
        ("courses[0]", "Basics"),
        ("courses[1]", "Basics again"),
    ]
    assert mentioned.assessment is None
    more = [
        Fault(path="courses[0].title", code="course-known-otherwise", reason="It is known as Fundamentals."),
        Fault(path="owner", code="unknown-person", reason="There is no such person."),
    ]
    codes = [fault.code for fault in refused.value.adding(more, document=asked).faults]
    assert codes[2] == "unknown-person"
    assert codes[7:9] == ["course-known-otherwise", "course-contradicts-itself"]


def test_a_plan_without_faults_says_whom_and_what_it_mentions() -> None:
    """A sound plan and a faulty one are checked against the database in the same way."""
    plan = read_plan(document(), now=NOW)
    mentioned = mentioned_in(plan)

    assert (mentioned.owner, mentioned.assessment) == ("pm-7", plan.assessment)
    assert mentioned.courses == (("courses[0]", plan.courses[0]),)
    broken = changed("name", "")
    with pytest.raises(PlanFaulty) as refused:
        read_plan(broken, now=NOW)
    assert refused.value.mentioned == mentioned


def test_odd_names_of_fields_are_named_safely() -> None:
    """A field whose name is no text, or hardly printable, is named so that any answer can carry it."""
    asked = {**document(), 1: 2, False: 3, "\ud800": 4, "a.b": 5, "x" * 1000: 6}
    with pytest.raises(PlanFaulty) as refused:
        read_plan(asked, now=NOW)

    assert [fault.path for fault in refused.value.faults][1:4] == ["['False']", "['\\ud800']", "['a.b']"]
    assert all(len(fault.path.encode()) < 100 for fault in refused.value.faults)
    assert str(refused.value).startswith("5 faults: ['1']: There is no such field here")


def test_a_document_of_nothing_but_faults_gets_an_answer_of_bounded_length() -> None:
    """However many faults there are, the first are named and the rest are counted."""
    faults = faults_of({f"x{number}": number for number in range(MOST_FAULTS + 40)})

    assert len(faults) == MOST_FAULTS + 1
    assert faults[-1] == ("", "more-faults")


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2027-03-01T09:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def every_path(part: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the way to each setting of a document, mappings and lists included."""
    members: list[tuple[str | int, object]] = []
    if isinstance(part, Mapping):
        members = list(part.items())
    elif isinstance(part, list):
        members = list(enumerate(part))
    return [way for key, value in members for way in [(*path, key), *every_path(value, (*path, key))]]


@given(st.lists(st.tuples(st.sampled_from(every_path(document())), JSONISH), min_size=1, max_size=4))
def test_whatever_a_document_says_it_is_a_plan_or_faulty(edits: list[tuple[tuple[str | int, ...], object]]) -> None:
    """Any value in any place makes a plan or named faults, each with a sentence, and never another error."""
    asked: Any = document()
    for (*steps, last), value in edits:
        here = asked
        try:
            for step in steps:
                here = here[step]
            here[last] = copy.deepcopy(value)
        except (TypeError, KeyError, IndexError):
            continue
    try:
        plan = read_plan(asked, now=NOW)
    except PlanFaulty:
        assert faults_of(asked)
    else:
        assert all(region.launch_at > NOW for region in plan.regions)
        assert read_plan(plan_as_document(plan), now=NOW).policy == plan.policy
