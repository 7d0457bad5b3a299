"""How does an authorised request become a command that is carried out once?"""

# It is written to the command log first and sent to its workflow after that. Whatever happens in between, the same
# Idempotency-Key finds the same command and its one outcome.

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.dependencies import Dependencies
from api.identity import Actor
from api.problems import Problem, problem_of
from api.turning_away import note_logged
from readiness.canonical import digest
from readiness.commands import AddRegion, Asked, HandOver, LaunchCommand, RegionCommand, Role, StartLaunch
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Accepted, Outcome, Refused
from store.commands import UNKNOWN_ORIGIN, KeyReused, Logged, Origin, log_command
from store.names import printed_name
from store.regions import key_to_start, latest_launch
from store.wishes import About, about_region


class Request(NamedTuple):
    """What an authenticated person asks, in their own words, with the key that makes a repeat a repeat."""

    actor: Actor
    role: Role
    key: str
    kind: str
    body: dict[str, Any]
    origin: Origin = UNKNOWN_ORIGIN

    def asked(self, command_id: str, logged_at: datetime) -> dict[str, Any]:
        """Return what every command carries; the words stay behind, under their digest."""
        reason = self.body.get("reason")
        common = Asked(
            command_id=command_id,
            person=self.actor.person,
            role=self.role,
            logged_at=logged_at,
            reason_digest=digest(reason) if reason else None,
            seen=self.body.get("seen"),
        )
        return common.model_dump()


class CarriedOut(NamedTuple):
    """A command that a region accepted: which one, of which region launch, and with which event it ended."""

    key: RegionKey
    command_id: str
    accepted: Accepted


async def command_region(
    deps: Dependencies,
    request: Request,
    *,
    product: str,
    region: str,
    make: Callable[[Connection, dict[str, Any]], RegionCommand],
) -> CarriedOut:
    """Log the request for the latest run of `product` in `region`, send it, and return what was accepted.

    `make` is called within the transaction that logs it, and not for a repeat: what it checks was checked then.
    Raises the problem of its refusal, `not-found` where the region was never started, and EngineAway.
    """

    def scope(tx: Connection) -> About:
        about = about_region(tx, product, region, request.actor.person, request.key)
        if about is None:
            raise region_not_found(product, region)
        return about

    logged = await _log(deps, request, scope=scope, make=make)
    key, command = logged.scope, logged.command
    if not isinstance(key, RegionKey) or isinstance(command, StartLaunch | AddRegion | HandOver):
        raise key_reused()
    outcome = logged.outcome or await deps.sender.region(key, command)
    return CarriedOut(key, command.command_id, _accepted(outcome))


async def command_launch(
    deps: Dependencies,
    request: Request,
    *,
    product: str,
    starts: bool,
    make: Callable[[Connection, dict[str, Any]], LaunchCommand],
) -> tuple[LaunchKey, Accepted]:
    """Log the request for a launch as a whole, send it, and return what was accepted.

    Where it `starts` one, the key is that of the product's next run, or of the running launch, which refuses it.
    """

    def scope(tx: Connection) -> About:
        key = key_to_start(tx, product) if starts else latest_launch(tx, product)
        if key is None:
            raise launch_not_found(product)
        return About(key, printed_name(tx, request.actor.person))

    logged = await _log(deps, request, scope=scope, make=make)
    key, command = logged.scope, logged.command
    if not isinstance(key, LaunchKey) or not isinstance(command, StartLaunch | AddRegion | HandOver):
        raise key_reused()
    outcome = logged.outcome or await deps.sender.launch(key, command)
    return key, _accepted(outcome)


def region_not_found(product: str, region: str) -> Problem:
    """Return the 404 of a region that the product is not being launched in."""
    return Problem("not-found", f"{product} has no launch in {region}. See /v1/launches/{product} for its regions.")


def launch_not_found(product: str) -> Problem:
    """Return the 404 of a product that was never launched."""
    return Problem("not-found", f"{product} has no launch. Start one with POST /v1/launches.")


def key_reused() -> Problem:
    """Return the 422 of an Idempotency-Key that was used for something else."""
    return Problem("key-reused", "You used this Idempotency-Key for another request. Take a new one for a new wish.")


async def _log(
    deps: Dependencies,
    request: Request,
    *,
    scope: Callable[[Connection], About],
    make: Callable[[Connection, dict[str, Any]], LaunchCommand | RegionCommand],
) -> Logged:
    def log() -> Logged:
        with deps.store.writing() as tx:
            about = scope(tx)
            return log_command(
                tx,
                scope=about.scope,
                kind=request.kind,
                person=request.actor.person,
                role=request.role,
                idempotency_key=request.key,
                body=request.body,
                make_command=lambda command_id, at: make(tx, request.asked(command_id, at)),
                now=deps.store.begun_at(tx),
                printed_name=about.printed_name,
                may_be_repeat=about.may_be_repeat,
                origin=request.origin,
            )

    try:
        logged = await run_in_threadpool(log)
    except KeyReused as reused:
        raise key_reused() from reused
    note_logged()
    return logged


def _accepted(outcome: Outcome) -> Accepted:
    if isinstance(outcome, Refused):
        raise problem_of(outcome.refusal)
    return outcome
