"""What if a worker dies after the ledger was written and before Temporal knew?"""

import asyncio
import os
import sys

from temporalio import activity

from activities.ledger import LedgerActivities
from activities.messages import SettleRequest
from bootstrap import temporal
from readiness.ledger import Look, Settled
from store.engine import open_store


class DoomedLedger(LedgerActivities):
    """Settles a command, and dies of it."""

    @activity.defn
    def settle(self, request: SettleRequest) -> Settled:
        """Settle; after a command there is nobody left to say so."""
        settled = super().settle(request)
        if not isinstance(request.cause, Look):
            os._exit(137)
        return settled


async def work(address: str, store_url: str) -> None:
    """Work as production does until a command of a region is settled, then die as by `kill -9`."""
    client = await temporal.connect(address)
    ledger = DoomedLedger(open_store(store_url))
    with temporal.activity_threads() as threads:
        await temporal.make_worker(client, ledger.every(), threads).run()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2]))
