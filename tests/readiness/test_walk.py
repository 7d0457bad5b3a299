"""Does the core keep every rule in every state that a small world can reach, and would a walk notice if not?"""

from functools import cache

import pytest

from tests.effort import TORTURE, rounds
from tests.readiness.alphabet import WHOLE, Alphabet
from tests.readiness.auditor import MAY
from tests.readiness.broken_cores import BROKEN, HoldsWhatIsBeside
from tests.readiness.small_world import (
    DUE,
    EXECUTIVE,
    FIRST,
    HOUR,
    MANY_HATS,
    MARKETER,
    MESSAGE,
    MESSAGES,
    OWNER,
    ROLE_FOR,
    SALES_LEAD,
    SECOND,
    SIGNED,
    START,
    TOO_LATE,
    Act,
)
from tests.readiness.walk import Breach, Core, Node, Walk, beginning
from tests.readiness.walk_pair import PairWalk, pair_from

SLICES = (
    Alphabet(
        "deciding and steering while time passes and passes lapse",
        moments=(START, FIRST, HOUR, TOO_LATE),
        instants=(FIRST, SECOND),
        reviews=(FIRST, HOUR),
        messages=MESSAGES[1:2],
        people=("ready", "on the brink"),
        without=frozenset({"send back"}),
    ),
    Alphabet(
        "signing and sending back while the message is edited",
        moments=(START,),
        instants=(FIRST,),
        messages=MESSAGES[1::2],
        people=("ready",),
        without=frozenset({"hold", "no_go", "resume", "reschedule", "cancel"}),
    ),
    Alphabet(
        "signing and deciding where one person holds several roles",
        cast=MANY_HATS,
        moments=(START,),
        instants=(FIRST,),
        messages=MESSAGES[1:2],
        people=("ready",),
        without=frozenset({"hold", "no_go", "resume", "reschedule", "send back", "cancel"}),
    ),
)
"""The small world, cut where its parts touch least, so that each part is walked to its end in every run."""

SIGN_ALL = tuple(
    Act("approve", person, ROLE_FOR[function], stage, function)
    for stage in SIGNED
    for function, person in (("marketing", MARKETER), ("sales", SALES_LEAD))
)
GO = Act("decide", EXECUTIVE, "executive", choice="go")
NO_GO = Act("decide", EXECUTIVE, "executive", choice="no_go", review_at=DUE)
HOLD = Act("hold", OWNER, "product_manager")
CANCEL = Act("cancel", OWNER, "product_manager")
LOOK = Act("look")


def learn(people: str) -> Act:
    """Return that the facts now say so of the people."""
    return Act("learn", to=people)


def edit(message: str) -> Act:
    """Return an edit of the message."""
    return Act("edit", stage=MESSAGE, to=message)


TO_DUE, TO_FIRST, TO_HOUR, TO_LATE = (Act("wait", to=m.isoformat()) for m in (DUE, FIRST, HOUR, TOO_LATE))
READY = (learn("ready"), *SIGN_ALL)

MILESTONES: dict[str, tuple[Act, ...]] = {
    "new": (),
    "half signed": SIGN_ALL[:1],
    "sent back": (*SIGN_ALL[:1], Act("send back", MARKETER, "marketing", MESSAGE, "marketing")),
    "ready": READY,
    "edited": (*READY, edit("We are 2")),
    "punctuated": (*READY, edit("We are 1!")),
    "lapsing": (*SIGN_ALL, learn("lapsing")),
    "nobody": (*SIGN_ALL, learn("nobody")),
    "half trained": (*SIGN_ALL, learn("half trained")),
    "no-go": (*READY, NO_GO),
    "held": (*READY, HOLD),
    "go": (*READY, GO),
    "go without learning": (*READY, GO, learn("idle")),
    "instant with a go": (*READY, GO, TO_DUE, TO_FIRST),
    "instant with a go, without learning": (*READY, GO, TO_DUE, TO_FIRST, learn("idle")),
    "instant without a go": (*READY, TO_DUE, TO_FIRST),
    "held at the instant": (*READY, TO_DUE, TO_FIRST, LOOK),
    "too late": (*READY, GO, TO_DUE, TO_FIRST, TO_HOUR, TO_LATE),
    "lapsed within the hour": (*SIGN_ALL, learn("on the brink"), LOOK, GO, TO_DUE, TO_FIRST, TO_HOUR),
    "learned within the hour": (*READY, GO, TO_DUE, TO_FIRST, TO_HOUR, learn("too late")),
}
"""States that a region launch comes through, and the way to each."""

CROSSROADS = Alphabet(
    "crossroads",
    cast=MANY_HATS,
    moments=(START, DUE, FIRST, HOUR, TOO_LATE),
    reviews=(DUE, HOUR),
    messages=MESSAGES[1:],
    people=("idle", "half trained", "ready", "lapsing", "on the brink", "too late", "nobody"),
)


SIDE_BY_SIDE = Alphabet(
    "two regions side by side",
    moments=(START, FIRST),
    instants=(FIRST,),
    messages=MESSAGES[1::2],
    people=("ready",),
    without=frozenset({"send back", "resume", "reschedule"}),
)


@cache
def milestone(name: str) -> Node:
    """Return the state of that name, come to by steps that keep every rule."""
    return Walk(CROSSROADS).along(beginning(CROSSROADS), MILESTONES[name])


def said(request: pytest.FixtureRequest, line: str) -> None:
    """Say how far a walk came, on a line of its own, whether it is asked for or not."""
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.write_line(line)


@pytest.mark.parametrize("alphabet", SLICES, ids=lambda alphabet: alphabet.name.replace(" ", "-"))
def test_no_step_from_any_reachable_state_breaks_a_rule(alphabet: Alphabet, request: pytest.FixtureRequest) -> None:
    """Whatever anyone does, in whatever order, no rule of the design is broken: every state has been seen."""
    walked = Walk(alphabet).from_(beginning(alphabet))
    said(request, f"{alphabet.name}: {walked}")
    assert walked.is_whole
    assert {"not_ready", "ready", "go"} <= set(walked.verdicts)


@pytest.mark.parametrize("name", MILESTONES)
def test_every_act_at_a_milestone_keeps_the_rules(name: str) -> None:
    """At the states that matter most, every act is put to the core as a whole and breaks no rule."""
    walked = Walk(CROSSROADS, in_full=True).from_(milestone(name), most=1)
    assert set(MAY) <= set(walked.edges)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_walk_notices_a_broken_core(fault: str) -> None:
    """A core with one fault more than ours breaks a rule that the walk is watching."""
    rule, where, core = BROKEN[fault]
    with pytest.raises(Breach, match=rf"\([\d, ]*\b{rule}\b[\d, ]*\): "):
        Walk(CROSSROADS, core, in_full=True).from_(milestone(where), most=1)


def test_two_regions_of_a_launch_go_their_own_ways(request: pytest.FixtureRequest) -> None:
    """What is asked of one region never moves the other, an edit reaches both, and the launch ends with the last."""
    start = Walk(SIDE_BY_SIDE).along(beginning(SIDE_BY_SIDE), SIGN_ALL)
    some = None if TORTURE == "long" else (LOOK, Act("launch"), GO, HOLD, CANCEL)
    walked = PairWalk(SIDE_BY_SIDE, only=some).from_(pair_from(start))
    said(request, f"{SIDE_BY_SIDE.name}: {walked}")
    assert walked.is_whole


def test_a_walk_of_two_regions_notices_where_one_moves_the_other() -> None:
    """A core that carries a hold from one region to the next is caught."""
    start = Walk(SIDE_BY_SIDE).along(beginning(SIDE_BY_SIDE), SIGN_ALL)
    with pytest.raises(Breach, match=r"a hold stands \(5\)"):
        PairWalk(SIDE_BY_SIDE, Core(propose=HoldsWhatIsBeside()), only=(HOLD, LOOK)).from_(pair_from(start), most=3)


@pytest.mark.skipif(TORTURE != "long", reason="the whole small world takes long to walk: make torture")
@pytest.mark.torture
def test_no_step_in_the_whole_small_world_breaks_a_rule(request: pytest.FixtureRequest) -> None:
    """Every person, moment, revision and audience of the small world together, as far as TORTURE_ROUNDS states go."""
    most = rounds(0, many=20_000)
    walked = Walk(WHOLE, in_full=True).from_(beginning(WHOLE), most=most)
    said(request, f"{WHOLE.name}: {walked}")
    assert walked.is_whole or walked.states == most
