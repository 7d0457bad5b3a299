"""Does what Temporal's workflows know agree with the ledger?"""

# The ledger arbitrates: where the two differ it is right. A workflow that knows less learns it with its next step;
# one that knows more, or otherwise, is one that somebody must look at.

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from readiness.keys import RegionKey
from readiness.ledger import Bearings
from readiness.rules import bearings
from store.engine import Store
from store.regions import every_region, region_record
from workflows import names
from workflows.region_launch import RegionLaunchWorkflow

ASKED_AT_ONCE = 8
PATIENCE = timedelta(seconds=10)
"""How long one workflow is waited for: a worker that is busy answers within."""


class Difference(NamedTuple):
    """What a workflow says that the ledger does not."""

    key: RegionKey
    what: str
    must_be_looked_at: bool


async def differences(client: Client, store: Store) -> AsyncIterator[Difference]:
    """Yield, in key order, every running region whose workflow knows something else than its ledger tells."""
    keys = await asyncio.to_thread(_running, store)
    for start in range(0, len(keys), ASKED_AT_ONCE):
        batch = keys[start : start + ASKED_AT_ONCE]
        for found in await asyncio.gather(*(_difference(client, store, key) for key in batch)):
            if found is not None:
                yield found


def _running(store: Store) -> tuple[RegionKey, ...]:
    with store.reading() as tx:
        return every_region(tx, only_open=True)


async def _difference(client: Client, store: Store, key: RegionKey) -> Difference | None:
    handle = client.get_workflow_handle_for(RegionLaunchWorkflow.run, names.region_launch_id(key.product, key.region))
    try:
        known = await handle.query(RegionLaunchWorkflow.bearings, rpc_timeout=PATIENCE)
    except (RPCError, WorkflowQueryFailedError) as error:
        if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
            return Difference(key, "no workflow runs for it; the watch starts it again within a minute", False)
        return Difference(key, f"its workflow did not answer: {error}", True)
    # Read after the workflow was asked: what was settled meanwhile is a step ahead of it, never behind.
    told = await asyncio.to_thread(_told, store, key)
    if told is None or known is None or known.version < told.version:
        return None
    if known.version > told.version:
        what = f"its workflow knows version {known.version}, the ledger ends at {told.version}: was it restored?"
        return Difference(key, what, True)
    if (known.verdict, known.stage, known.launch_at) != (told.verdict, told.stage, told.launch_at):
        what = f"its workflow says {known.verdict.value}, the ledger {told.verdict.value}, both at {told.version}"
        return Difference(key, what, True)
    return None


def _told(store: Store, key: RegionKey) -> Bearings | None:
    with store.reading() as tx:
        region = region_record(tx, key).region
        return None if region.ending is not None else bearings(region, now=store.now(tx))
