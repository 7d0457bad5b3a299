"""What does the page show on which a launch is started, and what is wrong with what was filled in there?"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from api.commanding import Request as Asking
from api.dependencies import Dependencies
from api.identity import Actor
from api.launches import checked_plan, plain_json, rehearsed_start, role_used
from api.page_answers import viewer_of
from api.page_forms import blank_form
from api.plan_form import Asked, asked_of, rows_in
from api.problems import Problem
from api.rehearsing import StartRehearsalAnswer
from api.rights import Action, can
from readiness.canonical import digest
from readiness.impact import QUESTIONS, proposed_tier
from readiness.instants import known_zones
from readiness.plan import LaunchPlan
from readiness.plan_document import read_plan
from readiness.plan_faults import PlanFaulty
from readiness.values import BASIS_POINTS, slugged
from store.names import names_of
from templates.pages import (
    DueShown,
    FaultLine,
    Form,
    RegionBegins,
    StartPage,
    StartPreview,
    TierProposed,
)
from templates.words import FUNCTIONS

_MISSING = frozenset({"missing-field", "empty"})
"""What is not wrong yet while somebody is still filling in."""


class Checked(NamedTuple):
    """What was filled in, judged: the plan it stands for, or every fault by the field that it is about."""

    asked: Asked
    plan: LaunchPlan | None
    faults: Mapping[str, tuple[str, ...]]
    missing: int
    wrong: int


def checked(deps: Dependencies, actor: Actor, filled: Mapping[str, str], *, so_far: bool, now: datetime) -> Checked:
    """Return what a form stands for, checked as `POST /v1/launches` checks it; `so_far` passes over what is merely
    not filled in yet.

    Of regions that `actor` may not start in nothing is looked up.
    """
    asked = asked_of(filled)
    found = [(fault.path, fault.code, fault.reason) for fault in asked.faults]
    found += [
        (f"regions[{place}].region", "not-allowed", f"No role of yours starts a launch in {region}.")
        for place, region in enumerate(str(slugged(row.get("region", ""))) for row in asked.document["regions"])
        if region and not can(actor, Action.START_LAUNCH, region)
    ]
    plan: LaunchPlan | None = None
    try:
        # Where something is not theirs, the plan is judged by itself alone.
        plan = read_plan(asked.document, now=now) if found else checked_plan(deps, asked.document)
    except PlanFaulty as faulty:
        found += [(fault.path, fault.code, fault.reason) for fault in faulty.faults]
    except Problem as problem:
        found += [(str(e["path"]), str(e["code"]), str(e["reason"])) for e in problem.members.get("errors", ())]
    faults: dict[str, list[str]] = {}
    for path, code, reason in found:
        if not (so_far and code in _MISSING):
            faults.setdefault(asked.field_of(path), []).append(reason)
    missing = sum(code in _MISSING for _, code, _ in found)
    return Checked(
        asked=asked,
        plan=plan if not found else None,
        faults={name: tuple(dict.fromkeys(reasons)) for name, reasons in faults.items()},
        missing=missing,
        wrong=len(found) - missing,
    )


def start_page(
    deps: Dependencies,
    actor: Actor,
    form: Form,
    *,
    judged: Checked | None = None,
    file: Form | None = None,
    file_faults: tuple[FaultLine, ...] = (),
    preview: StartPreview | None = None,
) -> StartPage:
    """Return the page with `form` as it stands."""
    with deps.store.reading() as tx:
        read_at = deps.store.now(tx)
        names = names_of(tx, [actor.person])
    return StartPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None,
        read_at=read_at,
        form=form,
        file=file or blank_form(),
        file_faults=file_faults,
        region_rows=rows_in(form.values, "regions"),
        course_rows=rows_in(form.values, "courses"),
        questions=QUESTIONS,
        zones=tuple(sorted(known_zones())),
        missing=judged.missing if judged is not None else None,
        wrong=judged.wrong if judged is not None else 0,
        proposal=_proposal(form.values),
        preview=preview,
    )


def preview_of(deps: Dependencies, actor: Actor, plan: LaunchPlan, asked: Asked) -> StartPreview:
    """Return what the start of `plan` would begin; raises the problem of its refusal."""
    role = role_used(actor, Action.START_LAUNCH, [region.region for region in plan.regions])
    asking = Asking(actor, role, "", "start_launch", asked.document)
    answer = rehearsed_start(deps, asking, plan)
    with deps.store.reading() as tx:
        names = names_of(tx, [plan.owner])
    policy = plan.policy
    return StartPreview(
        product=plan.product,
        name=plan.name,
        tier=plan.tier,
        owner=names.get(plan.owner, plan.owner),
        regions=_begins(plan, answer),
        below_tier=plan.below_tier,
        segments=policy.value_propositions.segments,
        courses=tuple(course.title for course in plan.courses),
        assessment=plan.assessment.title,
        trained=policy.training.required_share / BASIS_POINTS,
        certified=policy.certification.required_share / BASIS_POINTS,
        top_objections=policy.objection_handling.top_objections,
        seats=tuple(FUNCTIONS[seat] for seat in policy.go_no_go.polled),
        digest=digest_of_plan(asked),
    )


def digest_of_plan(asked: Asked) -> str:
    """Return what tells one plan from another, so that what is started is what was shown."""
    return digest(json.dumps(plain_json(asked.document), sort_keys=True))


def _begins(plan: LaunchPlan, answer: StartRehearsalAnswer) -> tuple[RegionBegins, ...]:
    planned = {region.region: region for region in plan.regions}
    return tuple(
        RegionBegins(
            name=planned[each.region].name,
            time_zone=planned[each.region].time_zone,
            wave=planned[each.region].wave,
            launch_at=each.launch_at,
            is_short=each.short_lead,
            due=tuple(DueShown(stage=due.stage, due_at=due.due_at, is_past=due.past) for due in each.due),
        )
        for each in answer.regions
    )


def _proposal(values: Mapping[str, str]) -> TierProposed | None:
    answers = {question.key: values.get(f"impact.{question.key}", "") for question in QUESTIONS}
    try:
        proposal = proposed_tier(answers)
    except ValueError:
        return None
    return TierProposed(tier=proposal.tier, reasons=proposal.reasons)
