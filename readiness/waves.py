"""For which other regions of its wave does a region wait before it launches?"""

# A policy may have the regions of a wave launch together. Then a go is not enough: at its instant a region launches
# only beside regions that stand at a go, or have launched. It is said beforehand on whom it waits.

from collections.abc import Iterator
from datetime import datetime, timedelta

from readiness.asks import Ask
from readiness.evidence import Evidence, WaveMate
from readiness.policy import Stage, WaveLaunch
from readiness.readiness import Blocker
from readiness.region import RegionLaunch, Verdict

MOST_NAMED = 20
"""Regions that one sentence names; a wave may have hundreds."""

WAVE = "wave"
"""On whom a region waits that has its go while another of its wave has none."""


def launches_together(region: RegionLaunch) -> bool:
    """Say whether `region` launches only together with the others of its wave."""
    return region.policy.go_no_go.wave is WaveLaunch.TOGETHER


def waits_for_wave(region: RegionLaunch, evidence: Evidence, *, at: datetime) -> str | None:
    """Return which regions of its wave do not stand at a go as of `at`, and where they stand; None where none is in
    the way of `region`, or each launches alone."""
    if not launches_together(region):
        return None
    if evidence.wave_mates is None:
        return f"nobody looked where the other regions of wave {region.plan.wave} stand"
    behind = [f"{mate.region} ({why})" for mate in evidence.wave_mates if (why := _behind(region, mate, at=at))]
    if not behind:
        return None
    more = f" and {len(behind) - MOST_NAMED} more" if len(behind) > MOST_NAMED else ""
    return f"wave {region.plan.wave} launches together, and waits for {', '.join(behind[:MOST_NAMED])}{more}"


def wave_unsettled(region: RegionLaunch, evidence: Evidence) -> str | None:
    """Return of which regions of its wave it is not known yet where they stand: the launch of `region` is neither
    allowed nor refused until it is; None where it is known of all, or each launches alone."""
    if not launches_together(region):
        return None
    unsettled = [mate.region for mate in evidence.wave_mates or () if not mate.settled]
    more = f" and {len(unsettled) - MOST_NAMED} more" if len(unsettled) > MOST_NAMED else ""
    return f"of its wave {', '.join(unsettled[:MOST_NAMED])}{more} being settled" if unsettled else None


def wave_blocker(region: RegionLaunch, verdict: Verdict, evidence: Evidence, *, at: datetime) -> Iterator[Blocker]:
    """Yield the blocker of a region that has its go and waits for others of its wave, where somebody looked."""
    decision = region.decision
    if verdict not in _GOES or decision is None or evidence.wave_mates is None:
        return
    waits = waits_for_wave(region, evidence, at=at)
    if waits is not None:
        reason = waits[0].upper() + waits[1:]
        yield Blocker(
            stage=Stage.GO_NO_GO,
            criterion=None,
            waiting_on=WAVE,
            since=decision.at,
            reason=reason,
            ask=Ask.AWAIT_WAVE,
        )


_GOES = frozenset({Verdict.GO, Verdict.CONDITIONAL_GO})


def _behind(region: RegionLaunch, mate: WaveMate, *, at: datetime) -> str | None:
    """Return why `mate` does not stand at a go as of `at`; None where it does, or has launched."""
    verdict = Verdict(mate.verdict)
    if verdict is Verdict.LAUNCHED:
        return None
    if verdict not in _GOES:
        return verdict.value.replace("_", " ")
    if not mate.settled:
        return "being checked"
    if at > mate.launch_at + timedelta(minutes=region.policy.go_no_go.late_launch_minutes):
        return "its launch instant has passed"
    if mate.condition_due_at is not None and mate.condition_due_at <= at:
        return "a condition of its go is not met"
    return None
