"""What becomes of a proposal: is it written, refused, or decided again on a ledger that has moved on?"""

# `settle` and `settle_launch` are the only writers of the ledger beside the launch transaction. Each holds its row
# from its first read to its commit.

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, update

from readiness.commands import Position, RequestWaiver, SignOff
from readiness.events import (
    DecisionTaken,
    LaunchEnded,
    LaunchStarted,
    PollClosed,
    RegionEvent,
    RegionLaunched,
    RegionLaunchStarted,
)
from readiness.evidence import ContentEvidence, Evidence, Figures
from readiness.keys import LaunchKey, RegionKey
from readiness.lasting import GoRevived
from readiness.launch import Launch, LaunchCause, LaunchProposal, LaunchSettled, evolve_launch
from readiness.ledger import (
    Accepted,
    Cause,
    LaunchRefused,
    LaunchRow,
    Look,
    Outcome,
    Proposal,
    Refused,
    RegionRow,
    Settled,
)
from readiness.lessons import teaches
from readiness.policy_events import PolicyChanged
from readiness.refusals import DigestStale, Expired, Overtaken, Refusal, RoleWithdrawn
from readiness.region import RegionLaunch
from readiness.rules import bearings, evolve, fold
from store.access import RolesRead
from store.alarms import AlarmKind, resolve, sound
from store.ballots import ballots_named, untrue_ballots
from store.commands import (
    CommandForged,
    LoggedCommand,
    authenticated,
    logged_all,
    overtaken_by,
)
from store.decision_records import record_row
from store.engine import Store
from store.facts import AHEAD_AT_MOST
from store.ledger import (
    ROWS_AT_ONCE,
    LedgerBehind,
    ProposalForged,
    append,
    append_to_launch,
    launch_rows_after,
    rows_after,
)
from store.lessons import mark_later_waves
from store.projection import begin_row, moved_row
from store.records_schema import launches
from store.regions import (
    LaunchRecord,
    RegionRecord,
    lock_launch,
    lock_region_now,
    mark,
    mark_locked,
    next_runs,
    open_regions,
    pairs_of,
    region_record,
    update_region,
)
from store.requirements import require
from store.settled import record_outcome, settle_and_move
from store.texts import begin_digests, contents_of
from store.waiver_debt import waivers_elsewhere

COMMAND_LIFE = timedelta(seconds=60)
"""How long a command may stay open (DESIGN section 5): a wish older than that is not carried out any more."""

_NOT_SETTLED = (RegionLaunchStarted, RegionLaunched)
"""Events with a way of their own: a start is written with its launch, a launch by the launch transaction alone."""


def settle(
    store: Store,
    key: RegionKey,
    known: int,
    cause: Cause,
    proposal: Proposal,
    *,
    evidence: Evidence | None = None,
) -> Settled:
    """Write what is proposed for `cause` behind version `known`, in one transaction that holds the region's row.

    `evidence` is what the proposal was made on, where there was any: with a look it says up to which revision of
    facts the region has seen, and its figures show on the board. Returns rows and writes nothing where the ledger is
    ahead of `known`, or where the command has an outcome already.

    Raises CommandForged where the log does not hold the command as it came, ProposalForged, LedgerBehind where the
    ledger ends before `known` (each leaves an alarm), RegionUnknown and StoreAway.
    """
    with alarmed(store, key), store.writing() as tx:
        record, now = held_for(tx, store, key, cause)
        settled = settle_held(
            tx, record, known=known, cause=cause, proposal=proposal, seen=evidence, now=now, roles=RolesRead(tx)
        )
    teach(store, key, settled)
    return settled


def teach(store: Store, key: RegionKey, settled: Settled) -> None:
    """Have later waves look where what was settled teaches them something."""
    if any(teaches(row.event) for row in settled.rows):
        # In a transaction of its own, because rows are taken in key order. Were it lost, later waves would look when
        # their figures are next counted, and whatever they propose or launch on is gathered anew anyway.
        with store.writing() as tx:
            mark_later_waves(tx, key)


def settle_launch(
    store: Store, key: LaunchKey, known: int, cause: LaunchCause, proposal: LaunchProposal
) -> LaunchSettled:
    """Write what is proposed for a launch as a whole, with the first event of every region that it opens.

    As `settle`; it is also behind where a region that it would open is being launched already, and where it would end
    although a region is open.
    """
    with alarmed(store, key), store.writing() as tx:
        return _settle_launch(tx, store, key, known=known, cause=cause, proposal=proposal)


@contextmanager
def alarmed(store: Store, key: LaunchKey | RegionKey) -> Iterator[None]:
    """Leave an alarm, in a transaction of its own, where what failed must be looked at by someone."""
    try:
        yield
    except (CommandForged, ProposalForged) as forged:
        sound(store, AlarmKind.COMMAND_FORGED, key, str(forged))
        raise
    except LedgerBehind as behind:
        sound(store, AlarmKind.LEDGER_BEHIND, key, str(behind))
        raise


def held_for(tx: Connection, store: Store, key: RegionKey, cause: Cause) -> tuple[RegionRecord, datetime]:
    """Take the rows that settling `cause` needs until the transaction ends; return what the region's tells, and the
    store's clock after that."""
    if isinstance(cause, RequestWaiver):
        # The regions of a launch share a budget of waivers: who asks for one takes their turn.
        lock_launch(tx, LaunchKey(product=key.product, run=region_record(tx, key).region.launch_run))
    record, held_at = lock_region_now(tx, key)
    return record, store.now_told(held_at)


def settle_held(
    tx: Connection,
    record: RegionRecord,
    *,
    known: int,
    cause: Cause,
    proposal: Proposal,
    seen: Evidence | None,
    now: datetime,
    roles: RolesRead,
    logged: LoggedCommand | None = None,
) -> Settled:
    """As `settle`, in a transaction that holds what `held_for` took; `roles`, and `logged`, which is what the log has
    of the command where somebody has read that already, being read after that."""
    key = record.key
    require_not_behind(key, head=record.version, known=known)
    heading = bearings(record.region, now=now)
    command = None if isinstance(cause, Look | LaunchRefused) else authenticated(tx, key, cause, found=logged)
    if command is not None and command.outcome is not None:
        rows = rows_after(tx, key, known, limit=ROWS_AT_ONCE)
        return Settled(rows=rows, outcome=command.outcome, bearings=heading)
    if record.version > known:
        rows = rows_after(tx, key, known, limit=ROWS_AT_ONCE)
        return Settled(rows=rows, is_behind=True, bearings=heading)
    if isinstance(cause, RequestWaiver) and seen is not None:
        elsewhere = waivers_elsewhere(tx, record.region)
        if elsewhere != seen.waivers_elsewhere:
            return Settled(is_behind=True, bearings=heading)
    # An edit raises the revision of the row that is held here: while it is that of the evidence, nobody has edited.
    contents = seen.contents if seen is not None and seen.figures.revision == record.facts_revision else None
    if command is not None:
        if contents is None and isinstance(command.command, SignOff):
            contents = contents_of(tx, [record.region])[key]
        is_last = command.sequence == record.commands_logged
        too_late = _too_late(tx, command, contents or (), is_last=is_last, roles=roles, now=now)
        if too_late is not None:
            outcome = Refused(refusal=too_late)
            record_outcome(tx, command.id, outcome, now=now)
            return Settled(outcome=outcome, bearings=heading)
    _require_ordinary(proposal.events)
    _require_true_ballots(tx, key, proposal.events)
    _require_lost_go(record.region, proposal.events)
    keeping = partial(_decisions_among, record, seen)
    rows = append(tx, key, proposal.events, after=known, now=now, command=command, keeping=keeping)
    region = fold(key, record.region, rows)
    if region is None:
        raise ValueError(f"{key} has no beginning")
    same_instant = seen is not None and proposal_is_for(region, seen.figures)
    columns = moved_row(
        tx,
        record,
        region,
        now=now,
        rows=rows,
        seen=seen.figures if seen is not None and same_instant else None,
        looked=isinstance(cause, Look),
        contents=contents,
        roles=roles,
    )
    settled = _outcome(proposal.refusal, version=region.version) if command is not None else None
    if command is not None and settled is not None:
        settle_and_move(tx, key, command.id, settled, columns, now=now)
    else:
        update_region(tx, key, **columns)
    if any(isinstance(row.event, PolicyChanged) for row in rows):
        # What is known of it was counted and read by the policy before.
        mark_locked(tx, [key])
    if record.lost_at is not None:
        resolve(tx, AlarmKind.WORKFLOW_LOST, key, now=now)
    return Settled(rows=rows, outcome=settled, bearings=bearings(region, now=now))


def _settle_launch(
    tx: Connection, store: Store, key: LaunchKey, *, known: int, cause: LaunchCause, proposal: LaunchProposal
) -> LaunchSettled:
    record = lock_launch(tx, key)
    now = store.now(tx)
    require_not_behind(key, head=record.version, known=known)
    command = None if isinstance(cause, Look) else authenticated(tx, key, cause)
    opened = open_regions(tx, key.product)
    ended = record.launch is not None and record.launch.ended_at is not None
    if command is not None and command.outcome is not None:
        rows = launch_rows_after(tx, key, known)
        return LaunchSettled(rows=rows, open_regions=opened, outcome=command.outcome, ended=ended)
    taken = {opening.plan.region for opening in proposal.openings} & {region.region for region in opened}
    ends_early = bool(opened) and any(isinstance(event, LaunchEnded) for event in proposal.events)
    if record.version > known or taken or ends_early:
        return LaunchSettled(rows=launch_rows_after(tx, key, known), open_regions=opened, is_behind=True, ended=ended)
    if command is not None and now - command.logged_at > COMMAND_LIFE:
        outcome = Refused(refusal=_expired(command))
        record_outcome(tx, command.id, outcome, now=now)
        return LaunchSettled(open_regions=opened, outcome=outcome, ended=ended)
    rows = append_to_launch(tx, key, proposal.events, after=known, now=now, command=command)
    launch = _folded(record, rows)
    for row in rows:
        if isinstance(row.event, LaunchStarted):
            plan = row.event.plan
            # Takes the turn of the writers of facts, so it comes before any region's row is taken.
            require(tx, key.product, plan.courses, plan.assessment, plan.policy.training.functions)
            mark(tx, pairs_of(tx, key.product), now + AHEAD_AT_MOST)
    _open(tx, key, proposal.openings, command, now=now)
    settled = _settled_outcome(tx, command, proposal.refusal, version=known + len(rows), now=now)
    if launch is not None and rows:
        write_launch(tx, launch)
    return LaunchSettled(
        rows=rows,
        open_regions=open_regions(tx, key.product),
        outcome=settled,
        ended=launch is not None and launch.ended_at is not None,
    )


def require_not_behind(key: LaunchKey | RegionKey, *, head: int, known: int) -> None:
    """Raise LedgerBehind where the ledger of `key` ends at `head`, before the version that its workflow knows."""
    if head < known:
        raise LedgerBehind(f"the ledger of {key} ends at version {head}, but its workflow knows version {known}")


def proposal_is_for(region: RegionLaunch, seen: Figures) -> bool:
    """Say whether figures that a proposal was made on are for the launch instant that the region now has."""
    return seen.at == max(region.launch_at, seen.gathered_at)


def _too_late(
    tx: Connection,
    command: LoggedCommand,
    contents: Iterable[ContentEvidence],
    *,
    is_last: bool,
    roles: RolesRead,
    now: datetime,
) -> Refusal | None:
    """Return why a command that was allowed when it was logged must not be carried out any more.

    `contents` is what the region would sign in this transaction, needed for a sign-off only; nothing was asked of the
    region since where the command `is_last`.
    """
    if now - command.logged_at > COMMAND_LIFE:
        return _expired(command)
    later = None if is_last else overtaken_by(tx, command)
    if later is not None:
        return Overtaken(
            detail=f"{later.person} was quicker: a later {later.kind} was carried out first. "
            "Look at how the region stands now, then ask again if it is still right.",
            by=later.person,
            at=later.settled_at,
        )
    asked = command.command
    if isinstance(command.scope, RegionKey) and roles.are_withdrawn(
        asked.person, asked.role, command.scope.region, at=now
    ):
        return _role_withdrawn(command)
    if isinstance(asked, SignOff) and asked.position is Position.APPROVE:
        current = next((content for content in contents if content.stage is asked.stage), None)
        if current is not None and asked.digest != current.digest:
            return DigestStale(
                detail="The content has changed since you read it, so nothing was signed. Read it again, then sign.",
                current=current.digest,
                by=current.changed_by,
                at=current.changed_at,
            )
    return None


def _role_withdrawn(command: LoggedCommand) -> RoleWithdrawn:
    role = command.role.value.replace("_", " ")
    return RoleWithdrawn(
        detail=f"The role of {role} was withdrawn from you, so this {command.kind} was not carried out. "
        "Ask whoever administers roles here, or have another person do it."
    )


def _expired(command: LoggedCommand) -> Expired:
    return Expired(
        detail=f"This {command.kind} of {command.logged_at:%Y-%m-%d %H:%M:%S} UTC was not carried out within "
        f"{int(COMMAND_LIFE.total_seconds())} seconds and will not be. Ask again if it is still right."
    )


def _require_ordinary(events: Sequence[RegionEvent]) -> None:
    for event in events:
        if isinstance(event, _NOT_SETTLED):
            raise ProposalForged(f"{event.type} is not written by settling")


def _require_true_ballots(tx: Connection, key: RegionKey, events: Sequence[RegionEvent]) -> None:
    """Raise ProposalForged where a poll is closed with ballots that nobody cast so."""
    closings = [event for event in events if isinstance(event, PollClosed)]
    asked = logged_all(tx, ballots_named(closings)) if closings else {}
    for closing in closings:
        untrue = untrue_ballots(key, closing, asked)
        if untrue:
            raise ProposalForged("; ".join(untrue))


def _require_lost_go(region: RegionLaunch, events: Sequence[RegionEvent]) -> None:
    """Raise ProposalForged where a go would revive that was not lost to a gate, or may not stand again.

    The moment is the proposal's: the store's may be past the last by the time that it is stamped, and then nothing
    comes of the revival.
    """
    if not any(isinstance(event, GoRevived) for event in events):
        return
    for event in events:
        if isinstance(event, GoRevived) and not region.may_revive_at(event.at):
            raise ProposalForged("no go is remembered here that may stand again")
        region = evolve(region, event)


def _decisions_among(
    record: RegionRecord, evidence: Evidence | None, rows: Sequence[RegionRow]
) -> list[dict[str, Any]]:
    """Return what is written down of what the decisions among `rows` were taken on."""
    region, kept = record.region, []
    for row in rows:
        if isinstance(row.event, DecisionTaken) and evidence is not None:
            kept.append(record_row(record.key, region, row, evidence))
        region = evolve(region, row.event)
    return kept


def _settled_outcome(
    tx: Connection, command: LoggedCommand | None, refusal: Refusal | None, *, version: int, now: datetime
) -> Outcome | None:
    if command is None:
        return None
    outcome = _outcome(refusal, version=version)
    record_outcome(tx, command.id, outcome, now=now)
    return outcome


def _outcome(refusal: Refusal | None, *, version: int) -> Outcome:
    return Accepted(version=version) if refusal is None else Refused(refusal=refusal)


def _open(
    tx: Connection,
    key: LaunchKey,
    openings: Sequence[RegionLaunchStarted],
    command: LoggedCommand | None,
    *,
    now: datetime,
) -> None:
    """Begin each region launch under its next run number."""
    if not openings:
        return
    runs = next_runs(tx, key.product, (opening.plan.region for opening in openings))
    begun: list[RegionKey] = []
    for opening in sorted(openings, key=lambda opening: opening.plan.region):
        if (opening.product, opening.launch_run) != (key.product, key.run):
            raise ProposalForged(f"{opening.plan.region} would be opened by another launch than {key}")
        region_key = RegionKey(product=key.product, region=opening.plan.region, run=runs[opening.plan.region])
        rows = append(tx, region_key, [opening], after=0, now=now, command=command)
        region = fold(region_key, None, rows)
        if region is None:
            raise ValueError(f"{region_key} has no beginning")
        begin_row(tx, region_key, region, now=now)
        begun.append(region_key)
    begin_digests(tx, begun, now=now)


def _folded(record: LaunchRecord, rows: Sequence[LaunchRow]) -> Launch | None:
    launch = record.launch
    for row in rows:
        launch = evolve_launch(record.key, launch, row.event)
    return launch


def write_launch(tx: Connection, launch: Launch) -> None:
    """Write what the held row of the launch tells once the launch is `launch`."""
    here = update(launches).filter_by(product=launch.key.product, run=launch.key.run)
    tx.execute(
        here.values(
            version=launch.version,
            name=launch.plan.name,
            tier=launch.plan.tier,
            owner=launch.plan.owner,
            state=launch.model_dump(mode="json"),
            started_at=launch.started_at,
            ended_at=launch.ended_at,
        )
    )
