"""How much does Temporal keep and count for one region that is governed by all means there are?"""

# Two regions of one launch have 60 and 600 sellers. In each too few pass, so a waiver is asked for and granted; four
# seats are polled; a conditional go is taken; a person holds it and resumes it; the launch slips, so product is
# polled again; a go is taken, and the region launches.

import asyncio
import random
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.engine import PATIENCE, engine, until
from benchmarks.kept import Kept, all_kept
from benchmarks.launching import ENABLER, SIGNATURES, Launching, TooLate, all_are, cut, people, wall_clock
from benchmarks.tables import Line, Table
from bootstrap.api_client import Api
from workflows import names

PRODUCT = "governed"
SELLERS = {"small": 60, "medium": 600}
COURSES = 3
FILES_OF_PEOPLE = 3
FILES_OF_COMPLETIONS = 9
FILES_OF_ATTEMPTS = 4

AT_MOST_EVENTS = 160
AT_MOST_ACTIONS = 45

LEADS = (timedelta(minutes=3), timedelta(minutes=9), timedelta(minutes=30))
"""How far ahead the launch instant lies."""

SLIP = timedelta(seconds=30)

_PASSED = 0.4
"""The share of sellers who pass: below the half that tier 3 asks for, and above the floor of the waiver."""
_FLOOR = 0.3
_SEATS = ("marketing", "sales", "enablement", "product")


def tables() -> Iterable[Table]:
    """Play the governed launch on SQLite, and count."""
    seed = random.SystemRandom().randrange(2**32)
    for lead in LEADS:
        with suppress(TooLate):
            return [_played(seed, lead)]
    raise TimeoutError(f"no region could be decided within {LEADS[-1]}")


def _played(seed: int, lead: timedelta) -> Table:
    with engine() as running, people(running) as acting:
        launching = Launching(acting, PRODUCT, SELLERS, courses=COURSES)
        launch_at = datetime.now(UTC) + lead
        _make_ready(launching, random.Random(seed), lead)  # noqa: S311 - an order of rows is no secret.
        for region in launching.regions:
            _decide_and_hold(launching, region)
        for region in launching.regions:
            _slip_and_decide_anew(launching, region, launch_at + SLIP)
        until(lambda: all_are(launching, "launched"), within=lead + SLIP + PATIENCE)
        return _table(asyncio.run(all_kept(running.server.address, PRODUCT, SELLERS)), seed)


def _make_ready(launching: Launching, rng: random.Random, lead: timedelta) -> None:
    """Take every region through the learning stages, the last one by a waiver."""
    acting, now = launching.acting, datetime.now(UTC)
    polled = {"objection_handling": {"top_objections": 1}, "go_no_go": {"polled": list(_SEATS)}}
    launching.start(polled, lead=lead)
    for rows in cut(launching.people_rows(), FILES_OF_PEOPLE, rng):
        acting.bring_in("people", rows)
    launching.write()
    everyone = [person for those in launching.sellers.values() for person in those]
    completions = cut(launching.learned(everyone, done_at=now - timedelta(days=2)), FILES_OF_COMPLETIONS, rng)
    for number, rows in enumerate(completions):
        acting.bring_in("completions", rows)
        for region in launching.regions:
            for stage, function in SIGNATURES[number : number + 1]:
                launching.sign(region, stage, function, launching.digests(region)[stage])
    passing = [person for those in launching.sellers.values() for person in those[: int(len(those) * _PASSED)]]
    for rows in cut(launching.passed(passing, done_at=now - timedelta(days=1)), FILES_OF_ATTEMPTS, rng):
        acting.bring_in("attempts", rows)
    for region in launching.regions:
        _waive(launching, region)
    until(lambda: all_are(launching, "ready"))


def _waive(launching: Launching, region: str) -> None:
    """Have the missing certificates waived, until after the launch."""
    until(lambda: _certification(launching, region)["status"] == "open")
    body = {
        "criterion": "certified_share",
        "reason": "The trainer was ill.",
        "compensating_control": "They sell beside a certified colleague.",
        "floor": _FLOOR,
        "expires_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }
    asked = _ask(launching, launching.acting.enabler, region, "waivers", **body)
    _ask(launching, launching.acting.approver, region, f"waivers/{asked['id']}/grant", reason="That will do.")


def _decide_and_hold(launching: Launching, region: str) -> None:
    """Poll all seats, take a conditional go, and lose it by a person's hold."""
    owner = launching.acting.owner
    _poll(launching, region, _SEATS)
    condition = {
        "text": "Print the price list.",
        "owner": ENABLER,
        "due_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }
    body = {"verdict": "conditional_go", "reason": "All but the price list.", "conditions": [condition]}
    _ask(launching, launching.acting.executive, region, "decisions", **body)
    _ask(launching, owner, region, "hold", reason="The price list is wrong.")
    _ask(launching, owner, region, "resume", reason="The price list is mended.")


def _slip_and_decide_anew(launching: Launching, region: str, later: datetime) -> None:
    """Have the launch slip, poll whose ground that moves, and take a go."""
    owner = launching.acting.owner
    _ask(launching, owner, region, "reschedule", launch_at=wall_clock(later), reason="A moment later.")
    _poll(launching, region, ("product",))
    launching.decide(region)


def _poll(launching: Launching, region: str, seats: Iterable[str]) -> None:
    """Open a poll, vote for these seats, and wait until it has closed."""
    acting = launching.acting
    voters: Mapping[str, Api] = {
        **acting.signers,
        "enablement": acting.enabler,
        "product": acting.owner,
    }
    _ask(launching, acting.owner, region, "poll")
    for seat in seats:
        _ask(launching, voters[seat], region, "ballots", function=seat, position="agree")
    until(lambda: launching.readiness(region)["poll"]["closed_at"])


def _ask(launching: Launching, api: Api, region: str, act: str, **body: Any) -> Any:
    return api.ask(f"{launching.path(region)}/{act}", body)


def _certification(launching: Launching, region: str) -> Any:
    return next(stage for stage in launching.readiness(region)["stages"] if stage["stage"] == "certification")


def _table(kept: Mapping[str, Kept], seed: int) -> Table:
    lines: list[Line] = []
    for region, many in SELLERS.items():
        of_region = kept[names.region_launch_id(PRODUCT, region)]
        who = f"governed region of {many:,} sellers"
        # The two Actions of a child's start are the region's, though its parent asks for it.
        lines += [
            Line(f"{who}: events", of_region.events, "events", at_most=AT_MOST_EVENTS),
            Line(f"{who}: Actions", of_region.actions + 2, "Actions", at_most=AT_MOST_ACTIONS),
            Line(f"{who}: largest payload", of_region.largest / 1_000, "kB"),
        ]
    files = FILES_OF_PEOPLE + FILES_OF_COMPLETIONS + FILES_OF_ATTEMPTS
    return Table(
        f"One governed region from start to launch, {COURSES} courses",
        lines,
        seed=seed,
        limits=f"{files} files, their rows shuffled over the regions; per region four signatures, a waiver asked for "
        "and granted, a poll of four ballots, a conditional go, a hold and its end, a slip, a poll of one ballot, "
        "and a go.",
    )
