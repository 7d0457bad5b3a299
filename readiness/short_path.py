"""Which earlier wave has proved what a region is about to launch, so that nobody need be polled again?"""

# The short path spares the poll and nothing else: both keys sign, everybody learns and is certified, every lesson of
# the earlier wave is addressed, and an executive decides. A poll that was opened all the same counts.

from readiness.evidence import Evidence
from readiness.policy import SIGNED_STAGES
from readiness.region import RegionLaunch


def proven_by(region: RegionLaunch, evidence: Evidence | None) -> str | None:
    """Return the region of an earlier wave that launched on all texts of `region` as they stand, under its policy;
    None where there is none, where a poll was opened here, and where the policy knows no short path."""
    if not region.policy.go_no_go.short_path or region.poll is not None or evidence is None:
        return None
    contents = [evidence.content_of(stage) for stage in SIGNED_STAGES]
    proven = [set(content.proven_in) if content is not None else set() for content in contents]
    return min(set.intersection(*proven), default=None)
