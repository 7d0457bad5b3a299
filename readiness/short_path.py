"""Which earlier wave has proved what a region is about to launch, so that nobody need be polled again?"""

# The short path spares the poll and nothing else: both keys sign, everybody learns and is certified, every lesson of
# the earlier wave is addressed, and an executive decides. A poll that was opened all the same counts.

from readiness.evidence import ContentEvidence, Evidence
from readiness.policy import SIGNED_STAGES
from readiness.region import Ending, RegionLaunch


def proves(earlier: RegionLaunch, region: RegionLaunch, content: ContentEvidence) -> bool:
    """Say whether `earlier` launched on the text that `region` would sign as `content`: in an earlier wave of the
    same launch, under the same policy, with a permit that holds. All that was signed there must mean the same."""
    same = {content.digest, *content.same_as}
    signed = {signature.digest for signature in earlier.sign_offs if signature.stage is content.stage}
    return (
        earlier.ending is Ending.LAUNCHED
        and earlier.suspended_at is None
        and (earlier.key.product, earlier.launch_run) == (region.key.product, region.launch_run)
        and earlier.plan.wave < region.plan.wave
        and earlier.policy == region.policy
        and bool(signed)
        and signed <= same
    )


def may_be_spared(region: RegionLaunch) -> bool:
    """Say whether the policy knows the short path and there is an earlier wave that could have proved anything."""
    return region.policy.go_no_go.short_path and region.plan.wave > 1


def proven_by(region: RegionLaunch, evidence: Evidence | None) -> str | None:
    """Return the region of an earlier wave that launched on all texts of `region` as they stand, under its policy;
    None where there is none, where a poll was opened here, and where the policy knows no short path."""
    if not region.policy.go_no_go.short_path or region.poll is not None or evidence is None:
        return None
    contents = [evidence.content_of(stage) for stage in SIGNED_STAGES]
    proven = [set(content.proven_in) if content is not None else set() for content in contents]
    return min(set.intersection(*proven), default=None)
