"""Which states can a region launch of the small world reach, and does any step on the way break a rule?"""

# Breadth first: from every state every act is tried, and every state that is new is walked on from, until none is.
# Two states are one where nothing that decides differs: the moments at which things happened, what was sent back and
# the statuses noted at the last look only colour and word what is shown.

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from readiness import rules
from readiness.commands import RegionCommand, Reschedule
from readiness.events import RegionEvent, RegionLaunched
from readiness.evidence import Evidence
from readiness.ledger import Cause, LaunchRefused, Look, Proposal
from readiness.readiness import Readiness
from readiness.refusals import CommandRefused, Refusal
from readiness.region import RegionLaunch
from tests.readiness.alphabet import BEGINNING, Alphabet, acts, command_for, evidence, revision_of, turns
from tests.readiness.auditor import MAY, Auditor, Notes, Seen, sees_gates
from tests.readiness.auditor_rules import Edge, Shown, breaches, false_appearances
from tests.readiness.builders import KEY
from tests.readiness.small_world import Act, World

Events = tuple[RegionEvent, ...]


@dataclass(frozen=True)
class Core:
    """The functions of the core that a walk goes by; a broken one shows whether the walk would notice."""

    propose: Callable[..., Proposal] = rules.propose
    decide: Callable[..., Events] = rules.decide
    evolve: Callable[..., RegionLaunch] = rules.evolve
    evaluate: Callable[..., Readiness] = rules.evaluate
    wants_launch: Callable[..., bool] = rules.wants_launch
    why_not_launch: Callable[..., tuple[str, ...]] = rules.why_not_launch
    due_at: Callable[..., datetime | None] = rules.due_at


@dataclass(frozen=True, eq=False)
class Node:
    """A region launch in its world, with the auditor's notes of how it came there."""

    region: RegionLaunch
    world: World
    notes: Notes
    said: Seen
    """What the region says of itself."""


@dataclass
class Walked:
    """How far a walk came."""

    states: int = 0
    edges: Counter[str] = field(default_factory=Counter)
    """Steps by kind of act."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Of these, commands that were accepted."""
    verdicts: Counter[str] = field(default_factory=Counter)
    """States by what is shown of them."""
    left: int = 0
    """States that were found and not walked on from."""

    @property
    def is_whole(self) -> bool:
        """Say whether no new state was left."""
        return self.left == 0

    def __str__(self) -> str:
        shown = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(self.verdicts.items()))
        commands = sum(count for kind, count in self.edges.items() if kind in MAY)
        refused = commands - self.accepted.total()
        return (
            f"{self.states:,} states{f' and {self.left:,} more left' if self.left else ''}, "
            f"{self.edges.total():,} edges, {self.accepted.total():,} commands accepted and {refused:,} refused"
            f"{f'; shown: {shown}' if shown else ''}"
        )


class Breach(AssertionError):  # noqa: N818 - what was broken is what it is about.
    """A step, and the way to it, that breaks a rule of the design."""


def beginning(alphabet: Alphabet) -> Node:
    """Return the state in which a region launch is started."""
    region = rules.begin(KEY, BEGINNING)
    return Node(region, alphabet.beginning, Notes(), seen(region))


def seen(region: RegionLaunch) -> Seen:
    """Return what `region` says of itself, in plain words."""
    decision = region.decision
    return Seen(
        statuses=tuple((state.stage.value, state.status.value) for state in region.stages),
        signed=frozenset(
            (s.stage.value, s.function.value, s.person, revision_of(s.digest)) for s in region.sign_offs
        ),
        decision=(
            (decision.choice.value, decision.person, decision.launch_at, decision.review_at)
            if decision is not None
            else None
        ),
        hold=region.holding.cause.value if region.holding is not None else None,
        ended=region.ending.value if region.ending is not None else None,
        instant=region.launch_at,
        verdict=rules.verdict_of(region).value,
        version=region.version,
        sent_back=len(region.sent_back),
    )


def key_of(node: Node) -> object:
    """Return what decides how a node goes on; whatever has ended goes nowhere."""
    said = node.said
    if said.ended is not None:
        return said.ended, said.statuses[-2:]
    return said.statuses, said.signed, said.decision, said.hold, said.instant, node.world


class Walk:
    """Walks one region launch by one core in one alphabet.

    Every command is put to `decide`, on a region brought up to date as `propose` does it. Where it is accepted, and
    `in_full` everywhere, `propose` is asked as a whole and held to the rules; else only by every seventh refused one.
    """

    def __init__(self, alphabet: Alphabet, core: Core | None = None, *, in_full: bool = False) -> None:
        self.alphabet = alphabet
        self.core = core or Core()
        self.in_full = in_full
        self.auditor = Auditor(alphabet.cast)
        self.acts = acts(alphabet)
        self.walked = Walked()
        self._last_looks: tuple[Node, dict[datetime, tuple[Events, Node]]] | None = None

    def from_(self, start: Node, *, most: int | None = None) -> Walked:
        """Walk on from `start` until no state is new, or `most` states have been walked on from; raises Breach."""
        way: dict[object, tuple[object, Act | None]] = {key_of(start): (None, None)}
        waiting = deque([start])
        while waiting and (most is None or self.walked.states < most):
            node = waiting.popleft()
            key = key_of(node)
            self.walked.states += 1
            try:
                self._look_around(node)
                for act, following in self._steps(node):
                    following_key = key_of(following) if following is not node else key
                    if following_key not in way:
                        way[following_key] = key, act
                        waiting.append(following)
            except Breach as breach:
                raise Breach("\n".join([str(breach), "on the way", *_trail(way, key)])) from None
        self.walked.left = len(waiting)
        return self.walked

    def along(self, start: Node, path: Iterable[Act]) -> Node:
        """Return where `path` leads from `start`, every step of it held to the rules; raises Breach."""
        node = start
        for act in path:
            turned = next((world for turn, world in turns(self.alphabet, node.world) if turn == act), None)
            node = replace(node, world=turned) if turned is not None else self.taken(node, act)
            self._look_around(node)
        return node

    def _steps(self, node: Node) -> Iterator[tuple[Act, Node]]:
        for act in self.acts:
            yield act, self.taken(node, act)
        for act, world in turns(self.alphabet, node.world):
            self.walked.edges[act.kind] += 1
            turned = replace(node, world=world)
            if node.notes.ended is None:
                yield act, turned
            elif self._proposed(turned, Look())[0]:
                raise Breach(f"{act}: a region that has ended writes on")

    def taken(self, node: Node, act: Act) -> Node:
        """Return the node after `act`; raises Breach."""
        self.walked.edges[act.kind] += 1
        due, looked_node = self._looked(node, act)
        looked = node.said if act.kind == "look" else looked_node.said
        is_accepted, notes = self.auditor.judged(node.notes, act, node.world, before=node.said, looked=looked)
        events, refusal = self._carried_out(node, act, due, looked_node, notes)
        if refusal is not None and not is_accepted and not events and notes == node.notes:
            # Rightly refused, and nothing is another: what stands was held to the rules when it was come to.
            return node
        after = self._evolved(node.region, events)
        following = Node(after, node.world, notes, seen(after) if events else node.said)
        edge = Edge(
            act=act,
            world=node.world,
            before=node.said,
            looked=looked,
            notes=notes,
            after=following.said,
            is_accepted=is_accepted,
            was_accepted=refusal is None,
            wrote=len(events),
            only_due=events == due,
            judges_gates=is_accepted or sees_gates(act, node.notes),
        )
        wrong = list(breaches(edge))
        if wrong:
            raise Breach("\n".join([f"{act}, at {node.world.now:%Y-%m-%d %H:%M:%S}:", *wrong]))
        if act.kind in MAY and is_accepted:
            self.walked.accepted[act.kind] += 1
        return following if events else node

    def _carried_out(
        self, node: Node, act: Act, due: Events, looked: Node, notes: Notes
    ) -> tuple[Events, Refusal | None]:
        """Return what the core writes for `act`, and the refusal where it refuses a command."""
        if act.kind == "look":
            return due, None
        if act.kind == "launch":
            return (*due, *self._launching(replace(looked, notes=notes))), None
        if act.kind == "second lock says no":
            return self._proposed(node, LaunchRefused(objections=("no",)))
        command = command_for(act, node.world, node.region)
        refusal = self._refusal(looked, command)
        is_asked_in_full = refusal is None or self.in_full or self.walked.edges.total() % 7 == 0
        return self._proposed(node, command) if is_asked_in_full else (due, refusal)

    def _refusal(self, looked: Node, command: RegionCommand) -> Refusal | None:
        try:
            self.core.decide(looked.region, command, evidence=_for(command, looked), now=looked.world.now)
        except CommandRefused as refused:
            return refused.refusal
        return None

    def _looked(self, node: Node, act: Act) -> tuple[Events, Node]:
        """Return what falls due before `act`, and the node after it; those of the last node asked for are at hand."""
        if self._last_looks is None or self._last_looks[0] is not node:
            self._last_looks = node, {}
        looks = self._last_looks[1]
        instant = act.instant or node.region.launch_at
        if instant not in looks:
            seen_for = evidence(node.world, instant)
            events = self.core.propose(node.region, Look(), evidence=seen_for, now=node.world.now).events
            region = self._evolved(node.region, events)
            looks[instant] = events, replace(node, region=region, said=seen(region) if events else node.said)
        return looks[instant]

    def _proposed(self, node: Node, cause: Cause) -> tuple[Events, Refusal | None]:
        proposal = self.core.propose(node.region, cause, evidence=_for(cause, node), now=node.world.now)
        return proposal.events, proposal.refusal

    def _evolved(self, region: RegionLaunch, events: Iterable[RegionEvent]) -> RegionLaunch:
        for event in events:
            region = self.core.evolve(region, event)
        return region

    def _launching(self, node: Node) -> Events:
        """Return what becomes of a launch that is tried as the workflow and the launch transaction try it."""
        region, now = node.region, node.world.now
        if not self.core.wants_launch(region, now=now):
            return ()
        if self._second_lock_is_open(node):
            version = region.decision.version if region.decision is not None else 0
            return (RegionLaunched(at=now, launch_at=region.launch_at, decision_version=version),)
        return self._proposed(node, LaunchRefused(objections=("no",)))[0]

    def _second_lock_is_open(self, node: Node) -> bool:
        region, now = node.region, node.world.now
        return (
            now >= region.launch_at
            and not any(
                self.core.why_not_launch(region, evidence(node.world, region.launch_at, at), at=at)
                for at in (region.launch_at, now)
            )
            and self.core.wants_launch(region, now=now)
        )

    def _look_around(self, node: Node) -> None:
        """Hold to the rules what a reader and the launch transaction are told of a state; raises Breach."""
        region, world = node.region, node.world
        at = rules.judged_instant(region, now=world.now)
        readiness = self.core.evaluate(region.policy, evidence(world, region.launch_at, at), region, at=at)
        shown = Shown(
            verdict=readiness.verdict.value,
            criteria={
                c.key.value: (c.status.value, c.rag.value, c.reasons[0] if c.reasons else "")
                for c in readiness.criteria
            },
            index=readiness.index,
            second_lock_is_open=self._second_lock_is_open(node),
            due_at=self.core.due_at(region, now=world.now),
        )
        self.walked.verdicts[shown.verdict] += 1
        is_up_to_date = not self._looked(node, Act("look"))[0]
        wrong = list(false_appearances(node.notes, world, node.said, shown, is_up_to_date=is_up_to_date))
        if wrong:
            raise Breach("\n".join([f"at {world.now:%Y-%m-%d %H:%M:%S}:", *wrong]))


def _for(cause: Cause, node: Node) -> Evidence:
    """Return the evidence that a workflow gathers for `cause`: of the new instant, where it moves to one."""
    instant = cause.launch_at if isinstance(cause, Reschedule) else node.region.launch_at
    return evidence(node.world, instant)


def _trail(way: dict[object, tuple[object, Act | None]], key: object) -> list[str]:
    steps: list[str] = []
    while key is not None:
        key, step = way[key]
        if step is not None:
            steps.append(str(step))
    return steps[::-1]
