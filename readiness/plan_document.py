"""Which launch does a plan document ask for, and if none, what is wrong with it?"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from readiness.canonical import digest
from readiness.impact import ProposedTier, TierGrounds, proposed_tier
from readiness.instants import WallClockRepeated, WallClockSkipped, parse_wall_clock, resolve, written
from readiness.plan import Assessment, Course, LaunchPlan, RegionPlan
from readiness.plan_bodies import PlanBody, PolicyBody, RegionBody, SlipBody
from readiness.plan_faults import Fault, Mentioned, PlanFaulty, in_document_order
from readiness.plan_reader import Read, read_part
from readiness.policy import TIERS, Function, Policy
from readiness.values import BASIS_POINTS

WESTERNMOST = timedelta(hours=-12)
"""The offset of the last place on earth to which a given wall clock comes."""

_MOST_NAMED = 5
"""Regions that one sentence names."""

_BOTH_KEYS = (Function.MARKETING, Function.SALES)
"""Who signs in every launch (rule 6 of the design: two keys)."""


def read_plan(document: object, *, now: datetime) -> LaunchPlan:
    """Return the plan that `document` asks for, judged at the instant `now`.

    `document` is what YAML or JSON reads from a plan as DESIGN 6.2 shows it. Raises PlanFaulty with every fault
    there is, in document order.
    """
    faults: list[Fault] = []
    plan = read_part(PlanBody, document, "", faults)
    if plan is None:
        raise PlanFaulty(faults)
    regions, courses, rules = plan.parts("regions"), plan.parts("courses"), plan.part("policy")
    launches = _launches(plan, regions, now, faults)
    faults += _regions_twice(regions)
    faults += _courses_twice(courses)
    faults += _keys_missing(rules)
    proposal = _proposal(plan)
    faults += _tier_unexplained(plan, proposal)
    if faults:
        raise PlanFaulty(in_document_order(faults, document), mentioned=_mentioned(plan))
    tier: int = plan.values["tier"] if proposal is None else plan.values.get("tier", proposal.tier)
    policy = _policy(TIERS[tier], rules)
    clock: datetime | None = plan.values.get("launch_at")
    return LaunchPlan(
        product=plan.values["product"],
        name=plan.values["name"],
        tier=tier,
        owner=plan.values["owner"],
        regions=tuple(_region_plan(region, launches[region.path], policy=policy, now=now) for region in regions),
        courses=tuple(Course(**course.settings()) for course in courses),
        assessment=Assessment(**plan.part("assessment").settings()),
        policy=policy,
        below_tier=_below_tier(policy, TIERS[tier]),
        wall_clock=None if clock is None else written(clock),
        tier_grounds=_tier_grounds(plan, proposal),
    )


def read_region(document: object, *, plan: LaunchPlan, now: datetime) -> RegionPlan:
    """Return the region that `document`, one entry of a plan's `regions`, adds to the running launch of `plan`.

    A region without a `launch_at` of its own takes the plan's. Raises PlanFaulty, with paths within the entry.
    """
    faults: list[Fault] = []
    region = read_part(RegionBody, document, "", faults)
    if region is None:
        raise PlanFaulty(faults)
    clock = None if plan.wall_clock is None else parse_wall_clock(plan.wall_clock)
    launch = _future_launch(region, clock, now, faults)
    if faults or launch is None:
        raise PlanFaulty(in_document_order(faults, document))
    return _region_plan(region, launch, policy=plan.policy, now=now)


def reschedule_instant(wall_clock: object, time_zone: str, *, now: datetime) -> datetime:
    """Return the instant, in UTC, of `wall_clock` in a region's zone; raises PlanFaulty with the path `launch_at`.

    `wall_clock` is what the body of a reschedule gives as `launch_at`.
    """
    faults: list[Fault] = []
    slip = read_part(SlipBody, {"launch_at": wall_clock, "time_zone": time_zone}, "", faults)
    launch = None if slip is None or faults else _future_launch(slip, None, now, faults)
    if faults or launch is None:
        raise PlanFaulty(faults)
    return launch.instant


def read_policy(document: object, *, base: Policy) -> tuple[Policy, tuple[str, ...]]:
    """Return `base` with what `document`, the `policy` of a plan, asks for instead, and where it asks less than the
    tier; raises PlanFaulty, with paths within the document."""
    faults: list[Fault] = []
    rules = read_part(PolicyBody, document, "", faults)
    if rules is None:
        raise PlanFaulty(faults)
    faults += _keys_missing(rules)
    if faults:
        raise PlanFaulty(in_document_order(faults, document))
    policy = _policy(base, rules)
    return policy, _below_tier(policy, TIERS[policy.tier])


def plan_as_document(plan: LaunchPlan, *, tier_reason: str | None = None) -> dict[str, Any]:
    """Return the document, for showing, that asks for what `plan` holds: every setting is written out, shares and
    scores as plain numbers.

    Why it has its tier is no part of a plan, which keeps the digest alone: `tier_reason` has the words.
    """
    grounds = plan.tier_grounds or TierGrounds()
    return {
        "product": plan.product,
        "name": plan.name,
        "tier": plan.tier,
        **({"impact": {each.question: each.answer for each in grounds.answers}} if grounds.answers else {}),
        **({} if tier_reason is None else {"tier_reason": tier_reason}),
        "owner": plan.owner,
        **({} if plan.wall_clock is None else {"launch_at": plan.wall_clock}),
        "regions": [_region_as_document(region, plan.wall_clock) for region in plan.regions],
        "courses": [
            {"course_id": course.course_id, "title": course.title, "min_score": _plain(course.min_score)}
            for course in plan.courses
        ],
        "assessment": {
            "assessment_id": plan.assessment.assessment_id,
            "title": plan.assessment.title,
            "pass_mark": _plain(plan.assessment.pass_mark),
            **_given(valid_days=plan.assessment.valid_days, max_attempts=plan.assessment.max_attempts),
        },
        "policy": policy_as_document(plan.policy),
    }


def policy_as_document(policy: Policy) -> dict[str, Any]:
    """Return the `policy` of a plan document that asks for what `policy` holds, its shares as plain numbers."""
    return {
        "value_propositions": {
            "segments": list(policy.value_propositions.segments),
            "signed_by": _names(policy.value_propositions.signed_by),
        },
        "objection_handling": {
            "top_objections": policy.objection_handling.top_objections,
            "answered_share": _share(policy.objection_handling.answered_share),
            "signed_by": _names(policy.objection_handling.signed_by),
        },
        "training": {
            "required_share": _share(policy.training.required_share),
            "functions": list(policy.training.functions),
        },
        "certification": {"required_share": _share(policy.certification.required_share)},
        "go_no_go": {
            "polled": _names(policy.go_no_go.polled),
            "decided_by": policy.go_no_go.decided_by,
            "wave": policy.go_no_go.wave.value,
            "short_path": policy.go_no_go.short_path,
        },
    }


class _Launch(NamedTuple):
    clock: datetime
    """What the clocks of the region show then."""
    instant: datetime


def _launches(plan: Read, regions: list[Read], now: datetime, faults: list[Fault]) -> dict[str, _Launch]:
    """Return the launch of each region by its path, where there is one."""
    clock: datetime | None = plan.values.get("launch_at")
    launches: dict[str, _Launch] = {}
    following: list[Read] = []
    late: list[Read] = []
    for region in regions:
        if not region.is_open("launch_at"):
            launch = _future_launch(region, None, now, faults)
        else:
            following.append(region)
            launch = None if clock is None else _launch(region, clock, faults)
            if clock is not None and _is_past(clock, launch, now):
                late.append(region)
        if launch is not None:
            launches[region.path] = launch
    if clock is None and following and plan.is_open("launch_at"):
        faults.append(_launch_missing("launch_at", "Give launch_at for the plan, or one in each region."))
    if clock is not None and (late or (not regions and _is_past(clock, None, now))):
        faults.append(_past("launch_at", clock, [region.values.get("region", region.path) for region in late]))
    return launches


def _future_launch(region: Read, clock: datetime | None, now: datetime, faults: list[Fault]) -> _Launch | None:
    """Return when the region launches by its own wall clock, or else by `clock`, if that is still to come."""
    if "launch_at" in region.faulty:
        return None
    own: datetime | None = region.values.get("launch_at", clock)
    at = region.at("launch_at")
    if own is None:
        faults.append(_launch_missing(at, "Give the region a launch_at; the plan has none for every region."))
        return None
    launch = _launch(region, own, faults)
    if _is_past(own, launch, now):
        faults.append(_past(at, own))
    return launch


def _launch(region: Read, clock: datetime, faults: list[Fault]) -> _Launch | None:
    """Return the launch at `clock` in the region's zone, or None where there is not exactly one."""
    zone = region.values.get("time_zone")
    if zone is None:
        return None
    at = region.at("launch_at")
    try:
        return _Launch(clock, resolve(clock, zone))
    except WallClockSkipped as skipped:
        faults.append(Fault(path=at, code="wall-clock-skipped", reason=str(skipped)))
    except WallClockRepeated as repeated:
        faults.append(Fault(path=at, code="wall-clock-repeated", reason=str(repeated)))
    return None


def _is_past(clock: datetime, launch: _Launch | None, now: datetime) -> bool:
    """Say whether a launch lies in the past; where its zone cannot be read, whether it does wherever that is."""
    return (clock.replace(tzinfo=UTC) - WESTERNMOST if launch is None else launch.instant) <= now


def _past(path: str, clock: datetime, regions: Sequence[str] = ()) -> Fault:
    named = ", ".join(regions[:_MOST_NAMED])
    more = f" and {len(regions) - _MOST_NAMED} more" if len(regions) > _MOST_NAMED else ""
    where = f" in {named}{more}" if regions else ""
    reason = f"{written(clock)} is already past{where}; give a launch that is still to come."
    return Fault(path=path, code="launch-in-the-past", reason=reason)


def _launch_missing(path: str, reason: str) -> Fault:
    return Fault(path=path, code="missing-field", reason=reason)


def _regions_twice(regions: list[Read]) -> list[Fault]:
    faults: list[Fault] = []
    first: dict[str, str] = {}
    for region in regions:
        name = region.values.get("region")
        if name is None:
            continue
        if name in first:
            reason = f"The region {name} is listed already at {first[name]}; list each region once."
            faults.append(Fault(path=region.at("region"), code="region-twice", reason=reason))
        first.setdefault(name, region.path)
    return faults


def _courses_twice(courses: list[Read]) -> list[Fault]:
    faults: list[Fault] = []
    first: dict[str, Read] = {}
    for course in courses:
        name = course.values.get("course_id")
        if name is None:
            continue
        if name in first:
            faults.append(_course_twice(course, first[name]))
        first.setdefault(name, course)
    return faults


def _course_twice(course: Read, first: Read) -> Fault:
    terms = zip(("title", "min_score"), _course_terms(first), _course_terms(course), strict=True)
    differs = [what for what, before, again in terms if before != again]
    name = course.values["course_id"]
    reason = f"The course {name} is listed already at {first.path}"
    if differs:
        reason = f"{reason}, there with another {' and '.join(differs)}"
    code = "course-contradicts-itself" if differs else "course-twice"
    return Fault(path=course.at("course_id"), code=code, reason=f"{reason}; list each course once.")


def _course_terms(course: Read) -> tuple[str | None, Decimal]:
    return course.values.get("title"), course.values.get("min_score", Decimal(0))


def _keys_missing(rules: Read) -> list[Fault]:
    faults: list[Fault] = []
    for section in ("value_propositions", "objection_handling"):
        part = rules.part(section)
        signers = part.items("signed_by")
        missing = [] if signers is None else [key for key in _BOTH_KEYS if key not in signers]
        if missing:
            reason = f"Marketing and sales both sign in every launch; add {' and '.join(missing)}."
            faults.append(Fault(path=part.at("signed_by"), code="signer-missing", reason=reason))
    return faults


def _proposal(plan: Read) -> ProposedTier | None:
    """Return the tier that the plan's answers propose; None where it gives none, or not all that can be read."""
    if plan.is_open("impact") or "impact" in plan.faulty:
        return None
    return proposed_tier(plan.part("impact").values)


def _tier_unexplained(plan: Read, proposal: ProposedTier | None) -> list[Fault]:
    """Return what is wrong with a tier that is neither given nor proposed, or is another than proposed, without a
    reason: a stricter one too, because what is asked of people must be worth it."""
    if plan.is_open("tier"):
        reason = "The field tier is missing; give it, or answer the questions of impact and it is proposed."
        return [Fault(path="tier", code="missing-field", reason=reason)] if plan.is_open("impact") else []
    tier = plan.values.get("tier")
    if proposal is None or tier in {None, proposal.tier} or not plan.is_open("tier_reason"):
        return []
    reason = (
        f"The answers propose Tier {proposal.tier} ({proposal.points} of {proposal.most_points} points); "
        f"say here why it is Tier {tier}, or leave tier out."
    )
    return [Fault(path="tier_reason", code="tier-reason-missing", reason=reason)]


def _tier_grounds(plan: Read, proposal: ProposedTier | None) -> TierGrounds | None:
    why: str | None = plan.values.get("tier_reason")
    if proposal is None and why is None:
        return None
    return TierGrounds(
        answers=proposal.answers if proposal is not None else (),
        proposed=proposal.tier if proposal is not None else None,
        reason_digest=digest(why) if why is not None else None,
    )


def _mentioned(plan: Read) -> Mentioned:
    courses = [
        (course.path, Course(**course.settings()))
        for course in plan.parts("courses")
        if {"course_id", "title"} <= course.values.keys() and "min_score" not in course.faulty
    ]
    proof = plan.part("assessment")
    is_readable = {"assessment_id", "title", "pass_mark"} <= proof.values.keys() and not proof.faulty
    assessment = Assessment(**proof.settings()) if is_readable else None
    return Mentioned(owner=plan.values.get("owner"), courses=tuple(courses), assessment=assessment)


def _policy(tier: Policy, rules: Read) -> Policy:
    """Return the tier's policy with what the plan asks for instead; a quorum is never more than the seats."""
    settings = tier.model_dump()
    for section in rules.values:
        settings[section].update(rules.part(section).settings())
    poll = settings["go_no_go"]
    poll["votes_needed"] = min(poll["votes_needed"], len(poll["polled"]))
    return Policy.model_validate(settings)


def _below_tier(policy: Policy, tier: Policy) -> tuple[str, ...]:
    """Return the paths, in policy order, of the settings by which `policy` asks less than `tier`."""
    message, objections = policy.value_propositions, policy.objection_handling
    less = {
        "value_propositions.signed_by": not {*tier.value_propositions.signed_by} <= {*message.signed_by},
        "objection_handling.top_objections": objections.top_objections < tier.objection_handling.top_objections,
        "objection_handling.answered_share": objections.answered_share < tier.objection_handling.answered_share,
        "objection_handling.signed_by": not {*tier.objection_handling.signed_by} <= {*objections.signed_by},
        "training.required_share": policy.training.required_share < tier.training.required_share,
        "certification.required_share": policy.certification.required_share < tier.certification.required_share,
        "go_no_go.polled": not {*tier.go_no_go.polled} <= {*policy.go_no_go.polled},
        "go_no_go.short_path": policy.go_no_go.short_path and not tier.go_no_go.short_path,
    }
    return tuple(f"policy.{path}" for path, is_less in less.items() if is_less)


def _region_plan(region: Read, launch: _Launch, *, policy: Policy, now: datetime) -> RegionPlan:
    settings = region.settings() | {
        "launch_at": launch.instant,
        "wall_clock": written(launch.clock),
        "short_lead": launch.instant - now < timedelta(days=policy.lead_time_days),
    }
    return RegionPlan(**settings)


def _region_as_document(region: RegionPlan, clock: str | None) -> dict[str, Any]:
    return {
        "region": region.region,
        "name": region.name,
        "time_zone": region.time_zone,
        "wave": region.wave,
        **({} if region.wall_clock == clock else {"launch_at": region.wall_clock}),
    }


def _given(**fields: int | None) -> dict[str, int]:
    return {name: value for name, value in fields.items() if value is not None}


def _names(functions: Iterable[Function]) -> list[str]:
    return [function.value for function in functions]


def _share(basis_points: int) -> float:
    return basis_points / BASIS_POINTS


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
