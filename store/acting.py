"""What becomes of an act that can be judged on what its region's row tells?"""

# Then looking, proposing and settling are one transaction: the row is read once, and nothing that it tells can change
# before it is settled on. Nobody is counted while it is held: whatever needs that takes the three steps apart.

from collections.abc import Callable
from datetime import datetime

from readiness.commands import RegionCommand
from readiness.evidence import Evidence
from readiness.keys import RegionKey
from readiness.ledger import Proposal, Settled
from readiness.roles import givers
from store.access import RolesRead
from store.engine import Store
from store.settling import alarmed, held_for, settle_held, teach
from store.sight import evidence_at_hand

Propose = Callable[[Evidence, datetime], Proposal]
"""Returns what the core proposes on this evidence at this moment."""


def act(store: Store, key: RegionKey, known: int, command: RegionCommand, propose: Propose) -> Settled | None:
    """Settle what `propose` makes of `command` behind version `known`, in the one transaction that holds the row.

    Returns None, and has written nothing, where the ledger does not end at `known` or the evidence is not at hand:
    then look, propose and settle one after the other. Raises as `settle`.
    """
    with alarmed(store, key), store.writing() as tx:
        record, now = held_for(tx, store, key, command)
        if record.version != known:
            return None
        roles = RolesRead(tx)
        # Whoever acts may have given nothing here yet: asked about together, and with the command, all take one trip.
        people = [command.person, *(person for person, _ in givers(record.region))]
        logged = roles.of_command(command.command_id, people)
        evidence = evidence_at_hand(tx, record, command, now=now, roles=roles)
        if evidence is None:
            return None
        proposal = propose(evidence, now)
        settled = settle_held(
            tx,
            record,
            known=known,
            cause=command,
            proposal=proposal,
            seen=evidence,
            now=now,
            roles=roles,
            logged=logged,
        )
    teach(store, key, settled)
    return settled
