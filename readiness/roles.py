"""Which roles does a person hold once some were granted and some withdrawn, and what did they give while they did?"""

# A change holds from its moment on; of the changes that concern a region, for it by name or for every region, the
# latest in force counts. What a token claims is older than any change, so a withdrawal stands whatever is claimed.

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import Field

from readiness.commands import ROLE_OF_FUNCTION, Role
from readiness.evidence import Evidence
from readiness.refusals import RoleChangePast, RolesAreOwn
from readiness.refusing import refuse
from readiness.region import RegionLaunch, WaiverStatus
from readiness.role_values import RoleLost, lost_words
from readiness.values import Frozen, Identifier, Moment, Slug

SPEAKS: dict[str, Role] = {
    **{function.value: role for function, role in ROLE_OF_FUNCTION.items()},
    Role.EXECUTIVE.value: Role.EXECUTIVE,
}
"""By the word for whom a region waits: the role of whoever speaks for that function, or decides."""

EVERYWHERE: Literal["*"] = "*"
"""The region of a role that is held in every region, today's and those to come."""


class RoleChange(Frozen):
    """That somebody was granted a role, or had it withdrawn, in one region or in every one (`*`)."""

    person: Identifier
    role: Role
    region: Slug | Literal["*"]
    change: Literal["granted", "withdrawn"]
    effective_at: Moment


Change = TypeVar("Change", bound=RoleChange)


class HeldRole(Frozen):
    """A role that is held in one region, or in every region (`*`) but those of `excluding`."""

    role: Role
    region: Slug | Literal["*"]
    excluding: tuple[Slug, ...] = Field(default=())

    def covers(self, region: str) -> bool:
        """Say whether it is held in `region`."""
        return self.region == region or (self.region == EVERYWHERE and region not in self.excluding)


def roles_held(
    claimed: Iterable[tuple[Role, str]], changes: Iterable[RoleChange], *, at: datetime
) -> tuple[HeldRole, ...]:
    """Return what is held at `at` of the roles `claimed` and those granted, less what was withdrawn.

    `changes` are one person's, in the order in which they were made.
    """
    held: dict[Role, set[str]] = {}
    without: dict[Role, set[str]] = {}
    for role, region in claimed:
        held.setdefault(role, set()).add(region)
    for change in in_force(changes, at=at):
        here, lost = held.setdefault(change.role, set()), without.setdefault(change.role, set())
        if change.region == EVERYWHERE:
            lost.clear()
        if change.change == "granted":
            here.add(change.region)
            lost.discard(change.region)
        elif change.region == EVERYWHERE:
            here.clear()
        else:
            here.discard(change.region)
            lost.add(change.region)
    return tuple(
        HeldRole(
            role=role,
            region=region,
            excluding=tuple(sorted(without.get(role, ()))) if region == EVERYWHERE else (),
        )
        for role in sorted(held)
        for region in sorted(held[role])
    )


def speakers_in(held: Mapping[str, Iterable[HeldRole]], region: str) -> dict[str, tuple[str, ...]]:
    """Return who speaks for each function in `region` and who decides there, by the words of `SPEAKS`; words for
    which nobody is known are left out.

    `held` are the roles of each person. Who holds the role for this region comes before who holds it for all.
    """
    found: dict[Role, dict[str, bool]] = {}
    for person, roles in held.items():
        for each in roles:
            if each.covers(region):
                of_role = found.setdefault(each.role, {})
                of_role[person] = of_role.get(person, True) and each.region == EVERYWHERE
    return {
        word: tuple(sorted(of_role, key=lambda person: (of_role[person], person)))
        for word, role in SPEAKS.items()
        if (of_role := found.get(role, {}))
    }


def grant_behind(changes: Iterable[Change], role: Role, region: str, *, at: datetime) -> Change | None:
    """Return the grant by which one person held `role` in `region` at `at`; None where it came with their sign-in."""
    concerned = [c for c in in_force(changes, at=at) if c.role is role and c.region in (region, EVERYWHERE)]
    return concerned[-1] if concerned and concerned[-1].change == "granted" else None


def in_force(changes: Iterable[Change], *, at: datetime) -> list[Change]:
    """Return the changes that have taken effect by `at`, the one that counts last; of two for one moment the later
    made counts."""
    return sorted((c for c in changes if c.effective_at <= at), key=lambda change: change.effective_at)


def roles_lost(changes: Sequence[RoleChange], region: str) -> tuple[RoleLost, ...]:
    """Return when each of the people of `changes`, in the order in which they were made, was without a role in
    `region` because it was withdrawn there; a withdrawal that was taken back for the same moment never was."""
    concerned = sorted(
        (change for change in changes if change.region in (region, EVERYWHERE)), key=lambda c: c.effective_at
    )
    begun: dict[tuple[str, Role], datetime] = {}
    spans: list[RoleLost] = []
    for change in concerned:
        who = (change.person, change.role)
        if change.change == "withdrawn":
            begun.setdefault(who, change.effective_at)
            continue
        since = begun.pop(who, None)
        if since is not None and since < change.effective_at:
            spans.append(
                RoleLost(person=change.person, role=change.role, from_at=since, until_at=change.effective_at)
            )
    spans.extend(RoleLost(person=person, role=role, from_at=since) for (person, role), since in begun.items())
    return tuple(sorted(spans, key=lambda span: (span.from_at, span.person, span.role)))


def require_change(person: str, *, by: str, effective_at: datetime | None, now: datetime) -> None:
    """Raise CommandRefused unless `by` may change the roles of `person` from `effective_at` on."""
    if person == by:
        raise refuse(RolesAreOwn, "Nobody changes their own roles. Ask another administrator.")
    if effective_at is not None and effective_at < now:
        raise refuse(RoleChangePast, "The moment from which it is to count has passed. Leave it out for now.")


def givers(region: RegionLaunch) -> frozenset[tuple[str, Role]]:
    """Return who gave something that the launch of `region` may rest on, and by which role."""
    found = {(signature.person, ROLE_OF_FUNCTION[signature.function]) for signature in region.sign_offs}
    decisions = (region.decision, region.lost.decision if region.lost is not None else None)
    found |= {(decision.person, Role.EXECUTIVE) for decision in decisions if decision is not None}
    found |= {
        (waiver.answered_by, Role.EXECUTIVE)
        for waiver in region.waivers
        if waiver.status is WaiverStatus.GRANTED and waiver.answered_by is not None
    }
    poll = region.poll
    if poll is not None:
        voters = [(ballot.person, ballot.function) for ballot in poll.sealed]
        voters += [(ballot.person, ballot.function) for ballot in (*poll.carried, *poll.opened) if ballot.person]
        found |= {(person, ROLE_OF_FUNCTION[function]) for person, function in voters}
    return frozenset(found)


def why_go_counts_no_more(region: RegionLaunch, evidence: Evidence) -> str | None:
    """Return why the standing go does not count at the judged instant: whoever gave it was not an executive here all
    the time since; None where it counts, or none stands."""
    decision = region.decision
    if decision is None or not decision.is_go:
        return None
    lost = evidence.lost(decision.person, Role.EXECUTIVE, given_at=decision.at)
    return lost_words(lost, seen_at=min(evidence.figures.gathered_at, evidence.figures.at))
