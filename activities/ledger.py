"""What do workflows ask the ledger, and how do they hear that it gives no answer?"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.messages import (
    COMMAND_FORGED,
    GREATEST_SKEW,
    LEDGER_BEHIND,
    LEDGER_BROKEN,
    LEDGER_UNKNOWN,
    OTHER_RUN,
    PROPOSAL_FORGED,
    STORE_AWAY,
    STORE_PATIENCE,
    CarryOutRequest,
    LaunchRequest,
    LookLaunchRequest,
    LookRequest,
    SettleLaunchRequest,
    SettleRequest,
)
from readiness.commands import Reschedule
from readiness.evidence import Evidence
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import LaunchSettled, LaunchSight
from readiness.ledger import LaunchAnswer, LaunchRefused, Look, Proposal, RegionRow, Settled, Sight
from readiness.region import RegionLaunch
from readiness.rules import fold, propose
from store.acting import act
from store.alarms import AlarmKind, sound
from store.commands import CommandForged, ForAnotherRun
from store.engine import Store, StoreAway
from store.launching import launch
from store.ledger import ROWS_AT_ONCE, LedgerBehind, ProposalForged
from store.regions import LaunchUnknown, RegionUnknown
from store.settling import settle, settle_launch
from store.sight import look, look_launch

Witness = Callable[[datetime], None]
"""Sees the workflow's clock of every request, before the store is asked."""


def no_answer(reason: str) -> ApplicationError:
    """Return the error of a store that is away: tried again until `STORE_PATIENCE` has passed since it was asked.

    The patience ends here because the SDK does not end it: it gives every retry of a local activity its full
    schedule-to-close timeout anew.
    """
    waited = datetime.now(UTC) - activity.info().scheduled_time
    return ApplicationError(reason, type=STORE_AWAY, non_retryable=waited >= STORE_PATIENCE)


def at_once(
    request: CarryOutRequest, *, look: Callable[[LookRequest], Sight], settle: Callable[[SettleRequest], Settled]
) -> Settled:
    """Look, propose by the core what follows from a cause, and settle that; look again while the ledger is ahead.

    The rows that are returned lead on from what the workflow knows, whoever wrote them. Where there are more than can
    be told at once, the answer is behind as well: it is asked for again from there on.
    """
    region, rows = request.region, list[RegionRow]()
    launch_at = request.cause.launch_at if isinstance(request.cause, Reschedule) else None
    while True:
        known = region.version if region is not None else 0
        sight = look(LookRequest(key=request.key, known=known, launch_at=launch_at, now=request.now))
        _mind_the_clock(sight.now, request.now)
        region = _folded(request.key, region, sight.rows)
        settled = settle(
            SettleRequest(
                key=request.key,
                known=region.version,
                cause=request.cause,
                proposal=propose(region, request.cause, evidence=sight.evidence, now=sight.now),
                evidence=sight.evidence,
                now=request.now,
            )
        )
        rows += (*sight.rows, *settled.rows)
        if not settled.is_behind or len(rows) >= ROWS_AT_ONCE:
            return settled.model_copy(update={"rows": tuple(rows)})
        region = _folded(request.key, region, settled.rows)


def _mind_the_clock(store_now: datetime, workflow_now: datetime) -> None:
    if abs(store_now - workflow_now) > GREATEST_SKEW:
        activity.logger.warning("The store's clock says %s, Temporal's %s", store_now, workflow_now)


def _folded(key: RegionKey, region: RegionLaunch | None, rows: Sequence[RegionRow]) -> RegionLaunch:
    try:
        folded = fold(key, region, rows)
    except ValueError as error:
        raise ApplicationError(str(error), type=LEDGER_BROKEN, non_retryable=True) from error
    if folded is None:
        raise ApplicationError(f"No ledger knows {key}.", type=LEDGER_UNKNOWN, non_retryable=True)
    return folded


class LedgerActivities:
    """Looks, settles and launches on one store: every method is one short transaction, called in a thread.

    Tests pass a `witness` that drives the store's clock with the workflows'.
    """

    def __init__(self, store: Store, witness: Witness | None = None) -> None:
        self._store = store
        self._witness = witness

    def every(self) -> list[Callable[..., Any]]:
        """Return every activity of this class, for the worker that runs them."""
        return [self.carry_out, self.look, self.settle, self.launch, self.look_launch, self.settle_launch]

    @activity.defn
    def carry_out(self, request: CarryOutRequest) -> Settled:
        """Look, propose and settle at once: an act in one transaction where nothing is to be counted for it."""
        return self._acted(request) or at_once(request, look=self.look, settle=self.settle)

    @activity.defn
    def look(self, request: LookRequest) -> Sight:
        """Return what a region sees."""
        with self._answering(request.now):
            return look(self._store, request.key, request.known, request.launch_at)

    @activity.defn
    def settle(self, request: SettleRequest) -> Settled:
        """Settle one cause of a region on its ledger."""
        with self._answering(request.now):
            self._refuse_strangers(request.key)
            return settle(
                self._store,
                request.key,
                request.known,
                request.cause,
                request.proposal,
                evidence=request.evidence,
            )

    @activity.defn
    def launch(self, request: LaunchRequest) -> LaunchAnswer:
        """Launch a region or say why not: the second lock."""
        with self._answering(request.now):
            return launch(self._store, request.key, request.known, asked_at=request.now)

    @activity.defn
    def look_launch(self, request: LookLaunchRequest) -> LaunchSight:
        """Return what a launch as a whole sees."""
        with self._answering(request.now):
            return look_launch(self._store, request.key, request.known)

    @activity.defn
    def settle_launch(self, request: SettleLaunchRequest) -> LaunchSettled:
        """Settle one cause of a launch as a whole on its ledger."""
        with self._answering(request.now):
            self._refuse_strangers(request.key)
            return settle_launch(self._store, request.key, request.known, request.cause, request.proposal)

    def _acted(self, request: CarryOutRequest) -> Settled | None:
        cause, region = request.cause, request.region
        if region is None or isinstance(cause, Look | LaunchRefused):
            return None

        def proposed(evidence: Evidence, now: datetime) -> Proposal:
            _mind_the_clock(now, request.now)
            return propose(region, cause, evidence=evidence, now=now)

        with self._answering(request.now):
            self._refuse_strangers(request.key)
            return act(self._store, request.key, region.version, cause, proposed)

    def _refuse_strangers(self, key: LaunchKey | RegionKey) -> None:
        """Let only our workflows settle: they do it as local activities, which nobody else can ask a worker for."""
        if not activity.info().is_local:
            asked = activity.info()
            detail = (
                f"The activity {asked.activity_type} ({asked.activity_id[:64]!r}) was asked for past the workflow"
            )
            sound(self._store, AlarmKind.COMMAND_FORGED, key, detail)
            raise ProposalForged(detail)

    @contextmanager
    def _answering(self, workflow_now: datetime) -> Iterator[None]:
        """Turn what the store raises into what a workflow understands; what is not named here is tried again."""
        if self._witness is not None:
            self._witness(workflow_now)
        try:
            yield
        except StoreAway as error:
            raise no_answer(str(error)) from error
        except CommandForged as error:
            raise ApplicationError(str(error), type=COMMAND_FORGED, non_retryable=True) from error
        except ForAnotherRun as error:
            raise ApplicationError(str(error), type=OTHER_RUN, non_retryable=True) from error
        except ProposalForged as error:
            raise ApplicationError(str(error), type=PROPOSAL_FORGED, non_retryable=True) from error
        except LedgerBehind as error:
            raise ApplicationError(str(error), type=LEDGER_BEHIND, non_retryable=True) from error
        except (RegionUnknown, LaunchUnknown) as error:
            raise ApplicationError(str(error), type=LEDGER_UNKNOWN, non_retryable=True) from error
