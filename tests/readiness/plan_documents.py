"""Which plan documents do tests start from?"""

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from readiness.plan_document import read_plan
from readiness.plan_faults import PlanFaulty

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)

PLAN = """
product: atlas-2
name: Atlas 2
tier: 1
owner: pm-7
launch_at: 2027-03-01T09:00
regions:
  - {region: emea, name: EMEA, time_zone: Europe/Berlin, wave: 1}
  - {region: apac, name: APAC, time_zone: Asia/Singapore, wave: 2, launch_at: 2027-03-15T09:00}
courses: [{course_id: atlas-2-basics, title: Atlas 2 basics, min_score: 0}]
assessment:
  {assessment_id: atlas-2-cert, title: Atlas 2 certification, pass_mark: 80, valid_days: 365, max_attempts: 5}
policy:
  value_propositions: {segments: [enterprise, mid-market], signed_by: [marketing, sales]}
  objection_handling: {top_objections: 5, answered_share: 1.0, signed_by: [marketing, sales]}
  training: {required_share: 0.9, functions: [sales]}
  certification: {required_share: 0.8}
  go_no_go: {polled: [marketing, sales, enablement, product], decided_by: executive}
"""


def document() -> Any:
    """Return the plan of the design as YAML reads it."""
    return yaml.safe_load(PLAN)


def faults_of(asked: object, *, now: datetime = NOW) -> list[tuple[str, str]]:
    """Return path and code of every fault of a document."""
    with pytest.raises(PlanFaulty) as refused:
        read_plan(asked, now=now)
    assert all(fault.reason.endswith(".") and len(fault.reason.encode()) < 500 for fault in refused.value.faults)
    return [(fault.path, fault.code) for fault in refused.value.faults]


def changed(path: str, value: object) -> Any:
    """Return the plan of the design with the setting at a dotted path given another value."""
    whole = document()
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    here = whole
    for step in steps:
        here = here[step]
    here[last] = value
    return whole
