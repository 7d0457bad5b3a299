"""How does a workflow ask the ledger, and what does it make of no answer?"""

from typing import NoReturn

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.ledger import LedgerActivities
from activities.messages import (
    COMMAND_FORGED,
    LEDGER_BEHIND,
    LEDGER_BROKEN,
    LEDGER_UNKNOWN,
    OTHER_RUN,
    PROPOSAL_FORGED,
    STORE_AWAY,
    CarryOutRequest,
    LookLaunchRequest,
    LookRequest,
    SettleLaunchRequest,
    SettleRequest,
)
from readiness.launch import LaunchSettled, LaunchSight
from readiness.ledger import Settled, Sight
from workflows.options import ACROSS_THE_STORE

_FINAL = frozenset({COMMAND_FORGED, PROPOSAL_FORGED, LEDGER_BEHIND, LEDGER_BROKEN, LEDGER_UNKNOWN, OTHER_RUN})


async def carry_out(request: CarryOutRequest) -> Settled:
    """Return what the ledger made of a cause; raises ApplicationError, of type `store-away` where nobody knows."""
    try:
        return await workflow.execute_local_activity_method(LedgerActivities.carry_out, request, **ACROSS_THE_STORE)
    except ActivityError as error:
        _translate(error)


async def look(request: LookRequest) -> Sight:
    """Return what a region sees; raises ApplicationError, of type `store-away` where nobody knows."""
    try:
        return await workflow.execute_local_activity_method(LedgerActivities.look, request, **ACROSS_THE_STORE)
    except ActivityError as error:
        _translate(error)


async def settle(request: SettleRequest) -> Settled:
    """Return what the ledger made of a proposal; raises ApplicationError, of type `store-away` where nobody knows."""
    try:
        return await workflow.execute_local_activity_method(LedgerActivities.settle, request, **ACROSS_THE_STORE)
    except ActivityError as error:
        _translate(error)


async def look_launch(request: LookLaunchRequest) -> LaunchSight:
    """Return what a launch as a whole sees; raises as `look`."""
    try:
        return await workflow.execute_local_activity_method(LedgerActivities.look_launch, request, **ACROSS_THE_STORE)
    except ActivityError as error:
        _translate(error)


async def settle_launch(request: SettleLaunchRequest) -> LaunchSettled:
    """Return what the ledger made of a launch's proposal; raises as `settle`."""
    try:
        return await workflow.execute_local_activity_method(
            LedgerActivities.settle_launch, request, **ACROSS_THE_STORE
        )
    except ActivityError as error:
        _translate(error)


def _translate(error: ActivityError) -> NoReturn:
    """Raise what the ledger said; everything that is not an answer of its own is a store that is away."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in _FINAL:
        raise ApplicationError(cause.message, type=cause.type, non_retryable=True) from error
    raise ApplicationError(
        "The store did not answer in time. What was asked may have happened: send the same command again.",
        type=STORE_AWAY,
        non_retryable=True,
    ) from error
