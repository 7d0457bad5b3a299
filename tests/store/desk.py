"""How do tests bring a launch to a state in the store, as the API and the workflows would?"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection

from readiness.canonical import digest
from readiness.commands import (
    AddRegion,
    AddressLesson,
    AskPolicyChange,
    Cancel,
    CastBallot,
    ChangeOwner,
    Choice,
    ConfirmPolicyChange,
    Decide,
    DeclinePolicyChange,
    DenyWaiver,
    GrantWaiver,
    HandOver,
    Hold,
    MeetCondition,
    NameSeat,
    OpenPoll,
    RegionCommand,
    RequestWaiver,
    Reschedule,
    Resume,
    RevokePermit,
    RevokeWaiver,
    Role,
    SignOff,
    StartLaunch,
)
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import Launch, LaunchSettled, evolve_launch, propose_launch
from readiness.ledger import Accepted, Cause, LaunchAnswer, LaunchRefused, Look, Proposal, Settled
from readiness.plan import Assessment, Course, LaunchPlan, RegionPlan
from readiness.policy import SIGNED_STAGES, Function, Policy, Stage
from readiness.region import RegionLaunch
from readiness.rows import AttemptRow, CompletionRow, ImportKind, PersonRow
from readiness.rules import fold, propose
from store.acting import act
from store.commands import Command, Logged, log_command
from store.content import Revision, put_content, stage_content
from store.engine import Store
from store.facts import begin_import
from store.launching import launch
from store.learning import load_attempts, load_completions
from store.regions import key_to_start, latest_region, mark, region_record
from store.rosters import apply_people, stage_people
from store.settling import settle, settle_launch
from store.sight import look, look_launch
from tests.readiness.builders import LAUNCH_AT, NOW, OWNER, SIGNERS, UNPOLLED
from tests.store.remembered import brought

PRODUCT = "atlas-2"
COURSE = Course(course_id="basics", title="Basics")
CERT = Assessment(assessment_id="cert", title="Certification", pass_mark=Decimal(80), valid_days=365)

KINDS: dict[str, Callable[..., RegionCommand]] = {
    "sign_off": SignOff,
    "decide": Decide,
    "hold": Hold,
    "resume": Resume,
    "cancel": Cancel,
    "reschedule": Reschedule,
    "request_waiver": RequestWaiver,
    "grant_waiver": GrantWaiver,
    "deny_waiver": DenyWaiver,
    "revoke_waiver": RevokeWaiver,
    "revoke_permit": RevokePermit,
    "open_poll": OpenPoll,
    "cast_ballot": CastBallot,
    "meet_condition": MeetCondition,
    "change_owner": ChangeOwner,
    "name_seat": NameSeat,
    "ask_policy_change": AskPolicyChange,
    "confirm_policy_change": ConfirmPolicyChange,
    "decline_policy_change": DeclinePolicyChange,
    "address_lesson": AddressLesson,
}
"""The commands of a region, by kind."""

_numbers = itertools.count(1)


def plan(*regions: str, launch_at: datetime = LAUNCH_AT, policy: Policy = UNPOLLED) -> LaunchPlan:
    """Return the plan of a tier 1 launch in these regions, all at one instant, without a poll unless said."""
    return LaunchPlan(
        product=PRODUCT,
        name="Atlas 2",
        tier=1,
        owner=OWNER,
        regions=tuple(
            RegionPlan(
                region=region,
                name=region.upper(),
                time_zone="Europe/Berlin",
                launch_at=launch_at,
                wall_clock="2027-03-01T09:00",
            )
            for region in regions
        ),
        courses=(COURSE,),
        assessment=CERT,
        policy=policy,
    )


def marking(tx: Connection, pairs: tuple[Any, ...], dated_until: datetime | None) -> None:
    """Mark the regions that facts touch, as imports do."""
    mark(tx, pairs, dated_until)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Return the moment at which the clock stands."""
        return self.now


@dataclass
class Desk:
    """One store with its clock; every method does in full what its name says, and asserts that it was done."""

    store: Store
    clock: Clock
    policy: Policy = UNPOLLED

    def start(self, *regions: str, launch_at: datetime = LAUNCH_AT) -> tuple[RegionKey, ...]:
        """Start the launch of the product in these regions."""
        settled = self.start_settled(plan(*regions, launch_at=launch_at, policy=self.policy))
        assert isinstance(settled.outcome, Accepted), settled.outcome
        return settled.open_regions

    def start_settled(
        self, wanted: LaunchPlan, *, key: LaunchKey | None = None, said: dict[str, Any] | None = None
    ) -> LaunchSettled:
        """Ask for the start of a launch, saying more than `wanted` does, and carry it out or refuse it."""
        with self.store.writing() as tx:
            scope = key or key_to_start(tx, wanted.product)
            asked = self._logged(
                tx,
                scope,
                "start_launch",
                OWNER,
                Role.PRODUCT_MANAGER,
                lambda i, at: StartLaunch(
                    command_id=i, person=OWNER, role=Role.PRODUCT_MANAGER, logged_at=at, plan=wanted
                ),
                said,
            )
        return self.carry_out_launch(scope, asked.command)

    def carry_out_launch(self, key: LaunchKey, cause: Any) -> LaunchSettled:
        """Look, propose and settle for a launch as a whole, as its workflow does when it knows nothing yet."""
        sight = look_launch(self.store, key, 0)
        folded: Launch | None = None
        for row in sight.rows:
            folded = evolve_launch(key, folded, row.event)
        open_names = tuple(region.region for region in sight.open_regions)
        proposal = propose_launch(key, folded, cause, open_regions=open_names, now=sight.now)
        return settle_launch(self.store, key, len(sight.rows), cause, proposal)

    def ask(
        self,
        key: RegionKey,
        kind: str,
        person: str,
        role: Role,
        *,
        said: Any = None,
        **fields: Any,
    ) -> RegionCommand:
        """Log a command of a person for a region, with a reason and what else was `said`, and return it."""

        def made(command_id: str, at: datetime) -> RegionCommand:
            return KINDS[kind](
                **{"reason_digest": digest("why"), **fields},
                command_id=command_id,
                person=person,
                role=role,
                logged_at=at,
            )

        with self.store.writing() as tx:
            logged = self._logged(tx, key, kind, person, role, made, said)
        assert not isinstance(logged.command, StartLaunch | AddRegion | HandOver)
        return logged.command

    def decide(self, key: RegionKey, choice: Choice, person: str = "ex-1") -> RegionCommand:
        """Log an executive's decision."""
        review_at = self.clock.now + timedelta(days=7) if choice is Choice.NO_GO else None
        return self.ask(key, "decide", person, Role.EXECUTIVE, choice=choice, review_at=review_at)

    def hold(self, key: RegionKey) -> RegionCommand:
        """Log a person's hold."""
        return self.ask(key, "hold", OWNER, Role.PRODUCT_MANAGER)

    def proposed(self, key: RegionKey, cause: Cause, known: int = 0) -> tuple[RegionLaunch, Proposal, Any]:
        """Look and propose, as a workflow does that knows the ledger up to `known`; write nothing."""
        launch_at = cause.launch_at if isinstance(cause, Reschedule) else None
        sight = look(self.store, key, 0, launch_at)
        region = fold(key, None, [row for row in sight.rows if not known or row.version <= known])
        assert region is not None
        return region, propose(region, cause, evidence=sight.evidence, now=sight.now), sight.evidence

    def carry_out(self, key: RegionKey, cause: Cause) -> Settled:
        """Look, propose and settle, as a workflow does: an act in one transaction where that is possible."""
        if not isinstance(cause, Look | LaunchRefused):
            known = self.region(key)
            judge = partial(propose, known, cause)
            settled = act(self.store, key, known.version, cause, lambda seen, now: judge(evidence=seen, now=now))
            if settled is not None:
                return settled
        region, proposal, evidence = self.proposed(key, cause)
        return settle(self.store, key, region.version, cause, proposal, evidence=evidence)

    def look(self, key: RegionKey) -> Settled:
        """Make the region look for itself."""
        return self.carry_out(key, Look())

    def accepted(self, key: RegionKey, command: RegionCommand) -> Settled:
        """Carry out a command that must not be refused."""
        settled = self.carry_out(key, command)
        assert isinstance(settled.outcome, Accepted), settled.outcome
        return settled

    def launch(self, key: RegionKey) -> LaunchAnswer:
        """Ask the launch transaction, as the workflow does that knows the whole ledger."""
        return launch(self.store, key, self.region(key).version)

    def region(self, key: RegionKey) -> RegionLaunch:
        """Return the region launch as its row tells it."""
        with self.store.reading() as tx:
            return region_record(tx, key).region

    def latest(self, region: str) -> RegionKey | None:
        """Return the latest run in a region."""
        with self.store.reading() as tx:
            return latest_region(tx, PRODUCT, region)

    def write(self, stage: Stage, key: str, body: dict[str, Any], **how: Any) -> Revision:
        """Write a text, product-wide unless `regions` says otherwise."""
        with self.store.writing() as tx:
            return put_content(
                tx, product=PRODUCT, stage=stage, key=key, body=body, person="ma-1", now=self.store.now(tx), **how
            )

    def write_all(self) -> None:
        """Write one value proposition and five answered objections."""
        self.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Atlas 2 halves your close."})
        for rank in range(1, 6):
            body = {"objection": f"Too much of {rank}", "answer": f"Not at all {rank}", "rank": rank}
            self.write(Stage.OBJECTION_HANDLING, f"objection-{rank}", body)

    def sign_all(self, key: RegionKey) -> None:
        """Sign both stages with both keys."""
        for stage in SIGNED_STAGES:
            for function, role, person in SIGNERS:
                self.accepted(key, self.sign_off(key, stage, function, role, person))

    def sign_off(self, key: RegionKey, stage: Stage, function: Function, role: Role, person: str) -> RegionCommand:
        """Log a sign-off of what is there now."""
        with self.store.reading() as tx:
            current = stage_content(tx, key, stage).evidence.digest
        return self.ask(key, "sign_off", person, role, stage=stage, function=function, digest=current)

    def teach(self, region: str, *, people: int = 10, trained: int = 10, certified: int = 10) -> None:
        """Import people of a region with their completions and passes of yesterday."""
        names = [f"{region}-{number}" for number in range(people)]
        roster = [
            PersonRow(person_id=name, name=name, email=f"{name}@example.com", function="sales", region=region)
            for name in names
        ]
        yesterday = self.clock.now - timedelta(days=1)
        completed = [CompletionRow(name, "basics", yesterday - timedelta(hours=1)) for name in names[:trained]]
        passed = [AttemptRow(name, "cert", yesterday, Decimal(90)) for name in names[:certified]]
        number = next(_numbers)
        with self.store.writing() as tx:
            now = self.store.now(tx)
            begin_import(tx, f"people-{number}", ImportKind.PEOPLE, at=now)
            stage_people(tx, roster, import_id=f"people-{number}", chunk=0)
            apply_people(tx, import_id=f"people-{number}", at=now, mark=marking)
        with self.store.writing() as tx:
            begin_import(tx, f"completions-{number}", ImportKind.COMPLETIONS, at=now)
            load_completions(tx, completed, import_id=f"completions-{number}", mark=marking)
        with self.store.writing() as tx:
            begin_import(tx, f"attempts-{number}", ImportKind.ATTEMPTS, at=now)
            load_attempts(tx, passed, import_id=f"attempts-{number}", mark=marking)

    def void_passes(self, region: str, *, people: int = 10) -> None:
        """Correct every pass of a region away."""
        yesterday = self.clock.now - timedelta(days=1)
        rows = [AttemptRow(f"{region}-{n}", "cert", yesterday, Decimal(90), void=True) for n in range(people)]
        number = next(_numbers)
        with self.store.writing() as tx:
            begin_import(tx, f"attempts-{number}", ImportKind.ATTEMPTS, at=self.store.now(tx))
            load_attempts(tx, rows, import_id=f"attempts-{number}", mark=marking)

    def ready(self, region: str = "emea") -> RegionKey:
        """Return a region, of a launch of its own, in which every learning stage is passed."""
        depends_on = ("ready", region, repr(self.policy), self.clock.now)
        return brought(self.store, depends_on, lambda: self._made_ready(region))

    def _made_ready(self, region: str) -> RegionKey:
        (key,) = self.start(region)
        self.write_all()
        self.teach(region)
        self.sign_all(key)
        self.look(key)
        return key

    def with_go(self, region: str = "emea") -> RegionKey:
        """Return a region with a standing go."""
        depends_on = ("go", region, repr(self.policy), self.clock.now)
        return brought(self.store, depends_on, lambda: self._given_a_go(region))

    def _given_a_go(self, region: str) -> RegionKey:
        key = self.ready(region)
        self.accepted(key, self.decide(key, Choice.GO))
        return key

    def _logged(
        self,
        tx: Connection,
        scope: LaunchKey | RegionKey,
        kind: str,
        person: str,
        role: Role,
        make: Callable[[str, datetime], Command],
        said: dict[str, Any] | None = None,
    ) -> Logged:
        return log_command(
            tx,
            scope=scope,
            kind=kind,
            person=person,
            role=role,
            idempotency_key=f"key-{next(_numbers)}",
            body={"kind": kind, "reason": "why", **(said or {})},
            make_command=make,
            now=self.store.now(tx),
        )
