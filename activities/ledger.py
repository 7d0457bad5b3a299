"""What do workflows ask the ledger, and how do they hear that it gives no answer?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.messages import (
    COMMAND_FORGED,
    LEDGER_BEHIND,
    LEDGER_UNKNOWN,
    OTHER_RUN,
    PROPOSAL_FORGED,
    STORE_AWAY,
    STORE_PATIENCE,
    LaunchRequest,
    LookLaunchRequest,
    LookRequest,
    SettleLaunchRequest,
    SettleRequest,
)
from readiness.launch import LaunchSettled, LaunchSight
from readiness.ledger import LaunchAnswer, Settled, Sight
from store.commands import CommandForged, ForAnotherRun
from store.engine import Store, StoreAway
from store.launching import launch
from store.ledger import LedgerBehind, ProposalForged
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


class LedgerActivities:
    """Looks, settles and launches on one store: every method is one short transaction, called in a thread.

    Tests pass a `witness` that drives the store's clock with the workflows'.
    """

    def __init__(self, store: Store, witness: Witness | None = None) -> None:
        self._store = store
        self._witness = witness

    def every(self) -> list[Callable[..., Any]]:
        """Return every activity of this class, for the worker that runs them."""
        return [self.look, self.settle, self.launch, self.look_launch, self.settle_launch]

    @activity.defn
    def look(self, request: LookRequest) -> Sight:
        """Return what a region sees."""
        with self._answering(request.now):
            return look(self._store, request.key, request.known, request.launch_at)

    @activity.defn
    def settle(self, request: SettleRequest) -> Settled:
        """Settle one cause of a region on its ledger."""
        with self._answering(request.now):
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
            return launch(self._store, request.key, request.known)

    @activity.defn
    def look_launch(self, request: LookLaunchRequest) -> LaunchSight:
        """Return what a launch as a whole sees."""
        with self._answering(request.now):
            return look_launch(self._store, request.key, request.known)

    @activity.defn
    def settle_launch(self, request: SettleLaunchRequest) -> LaunchSettled:
        """Settle one cause of a launch as a whole on its ledger."""
        with self._answering(request.now):
            return settle_launch(self._store, request.key, request.known, request.cause, request.proposal)

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
