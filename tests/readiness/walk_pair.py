"""Does what happens to one region of a launch stay with that region, and what is said product-wide reach both?"""

# Two regions share the content and the clock; each has people of its own. Every act is tried on each of them from
# every pair of states, and the other must stay what it is. The launch as a whole ends when both have, and not before.

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace

from readiness.commands import AddRegion, Role
from readiness.events import LaunchEnded, LaunchStarted
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import evolve_launch, propose_launch
from readiness.ledger import Look
from readiness.plan import LaunchPlan
from tests.readiness.alphabet import BEGINNING, Alphabet, turns
from tests.readiness.small_world import OWNER, Act, World
from tests.readiness.walk import Breach, Core, Node, Walk, Walked, key_of

Pair = tuple[Node, Node]
NAMES = ("apac", "emea")
LAUNCH = LaunchKey(product=BEGINNING.product, run=1)
PLAN = LaunchPlan(
    product=BEGINNING.product,
    name=BEGINNING.product_name,
    tier=BEGINNING.tier,
    owner=BEGINNING.owner,
    regions=tuple(BEGINNING.plan.model_copy(update={"region": name}) for name in NAMES),
    courses=BEGINNING.courses,
    assessment=BEGINNING.assessment,
    policy=BEGINNING.policy,
)
KEYS = tuple(RegionKey(product=LAUNCH.product, region=name, run=1) for name in NAMES)
REGIONAL = frozenset({"learn"})
"""Turns of the world that touch one region; all others touch both."""


def pair_from(node: Node) -> Pair:
    """Return two regions that have both come as far as `node`."""
    one, other = (
        replace(node, region=node.region.model_copy(update={"key": key, "plan": plan}))
        for key, plan in zip(KEYS, PLAN.regions, strict=True)
    )
    return one, other


class PairWalk:
    """Walks two regions of one launch together."""

    def __init__(self, alphabet: Alphabet, core: Core | None = None, *, only: tuple[Act, ...] | None = None) -> None:
        self.walk = Walk(alphabet, core, in_full=True)
        self.walk.acts = only or self.walk.acts
        self.launch = evolve_launch(LAUNCH, None, LaunchStarted(at=BEGINNING.at, plan=PLAN))

    def from_(self, start: Pair, *, most: int | None = None) -> Walked:
        """Walk on from `start` until no pair is new, or `most` pairs have been walked on from; raises Breach."""
        known = {_key(start)}
        waiting = deque([start])
        walked = self.walk.walked
        while waiting and (most is None or walked.states < most):
            pair = waiting.popleft()
            walked.states += 1
            self._launch_ends_with_both(pair)
            for following in self._steps(pair):
                key = _key(following)
                if key not in known:
                    known.add(key)
                    waiting.append(following)
        walked.left = len(waiting)
        return walked

    def _steps(self, pair: Pair) -> Iterator[Pair]:
        for place in (0, 1):
            bystander = pair[1 - place].region
            as_it_was = bystander.model_copy()
            for act in self.walk.acts:
                after = self.walk.taken(pair[place], act)
                if after.region.key != pair[place].region.key or bystander != as_it_was:
                    raise Breach(f"{act}: what was asked of {pair[place].region.key} moved {bystander.key}")
                yield _with(pair, place, after)
        for place, node in enumerate(pair):
            for act, world in turns(self.walk.alphabet, node.world):
                if act.kind in REGIONAL:
                    self.walk.walked.edges[act.kind] += 1
                    yield _with(pair, place, replace(node, world=world))
                elif place == 0:
                    self.walk.walked.edges[act.kind] += 1
                    yield replace(node, world=world), replace(pair[1], world=_shared(world, pair[1].world))

    def _launch_ends_with_both(self, pair: Pair) -> None:
        """The launch ends once no region of it is open, and a region joins it again only once it has ended."""
        running = tuple(node.region.key.region for node in pair if node.notes.ended is None)
        now = pair[0].world.now
        looked = propose_launch(LAUNCH, self.launch, Look(), open_regions=running, now=now)
        if any(isinstance(event, LaunchEnded) for event in looked.events) != (not running):
            raise Breach(f"the launch ends while {running} run, or does not end without")
        for plan in PLAN.regions:
            again = AddRegion(command_id="again", person=OWNER, role=Role.PRODUCT_MANAGER, logged_at=now, region=plan)
            proposal = propose_launch(LAUNCH, self.launch, again, open_regions=running, now=now)
            may_join = plan.region not in running and now < plan.launch_at
            if bool(proposal.openings) != may_join or (proposal.refusal is None) != may_join:
                raise Breach(f"{plan.region} joins again while {running} run")


def _key(pair: Pair) -> object:
    """Return what decides how a pair goes on; which of two regions is which does not."""
    return frozenset(Counter((key_of(node), node.world) for node in pair).items())


def _with(pair: Pair, place: int, node: Node) -> Pair:
    return (node, pair[1]) if place == 0 else (pair[0], node)


def _shared(world: World, mine: World) -> World:
    """Return a region's world after a turn that touches every region: its people are still its own."""
    return world._replace(people=mine.people)
