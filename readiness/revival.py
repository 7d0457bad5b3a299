"""Does a go that a gate took away stand again?"""

from collections.abc import Iterator
from datetime import datetime

from readiness.evaluate import evaluate
from readiness.events import CriteriaJudged, RegionEvent
from readiness.evidence import Evidence
from readiness.evolve import evolve
from readiness.lasting import GoRevived
from readiness.region import RegionLaunch
from readiness.slips import holds_good


def revives(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    """Yield the revival of the go that is remembered, where it may stand again, and the criteria as judged under it.

    The ballots of its poll count again with it: the gate that they rest on is closed as it was when they were cast.
    """
    lost = region.lost
    if lost is None or evidence is None or not region.may_revive_at(now):
        return
    revived = GoRevived(at=now, choice=lost.decision.choice, decision_version=lost.decision.version)
    following = evolve(region, revived)
    if not holds_good(following, evidence, now=now):
        return
    yield revived
    readiness = evaluate(following.policy, evidence, following, at=evidence.figures.at)
    if readiness.statuses() != following.judged:
        yield CriteriaJudged(at=now, judged=readiness.judged())
