"""Does exactly what may leave the house leave it, under names that stay?"""

import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from readiness.canonical import digest
from readiness.commands import Stance
from readiness.events import (
    BallotCast,
    HoldCause,
    LaunchEvent,
    OpenedBallot,
    PollClosed,
    RegionEvent,
    RegionHeld,
    RegionLaunched,
    SignedOff,
)
from readiness.keys import LaunchKey, RegionKey
from readiness.notices import NOTIFYING
from readiness.policy import CriterionKey, Function, Stage
from readiness.telling import KEPT, TOLD, TYPES, event_id, public_event

KEY = RegionKey(product="atlas-2", region="emea", run=3)
AT = datetime(2027, 1, 4, 9, tzinfo=UTC)
SOURCE = "https://launch.example"
EVENTS = {
    member.model_fields["type"].default: member
    for union in (RegionEvent, LaunchEvent)
    for member in get_args(get_args(union)[0])
}
"""Every event of a ledger, by its type."""


def told(event: Any, version: int = 17) -> dict[str, Any]:
    """Return the CloudEvent of an event, which must be told."""
    public = public_event(KEY, version, event, source=SOURCE)
    assert public is not None
    document: dict[str, Any] = json.loads(public.body)
    assert document["id"] == public.id
    assert document["type"] == public.type
    return document


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_either_told_or_kept(name: str) -> None:
    """A new type of event has no row anywhere, and fails here until somebody has thought of it."""
    assert (name in TOLD) != (name in KEPT)


def test_the_tables_name_no_event_that_does_not_exist() -> None:
    """A type that was misspelt would never be told."""
    assert set(TOLD) | KEPT | NOTIFYING <= set(EVENTS)


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_names_no_person_and_no_words(name: str) -> None:
    """Of every event only fields are picked that hold neither; a person's id leaves with none of them."""
    event = EVENTS[name]
    personal = {"person", "command_id", "command_digest", "owner", "named", "edited_by", "objections", "ballots"}
    assert personal.isdisjoint(told_names(event, name))


def told_names(event: type[Any], name: str) -> set[str]:
    """Return the names of what is told of an event whose every field is there."""

    class Anything:
        """Whatever is asked of it is a list of nothing, and notes that it was asked."""

        def __init__(self) -> None:
            self.asked: set[str] = set()

        def __getattr__(self, asked: str) -> Any:
            self.asked.add(asked)
            return _anything(asked)

    looked_at = Anything()
    TOLD[name][1](looked_at)
    return looked_at.asked - {"ballots"} if name == "poll_closed" else looked_at.asked


def _anything(asked: str) -> Any:
    class Part:
        """A part of an event with everything that is picked from one."""

        value = "value"
        region = "emea"
        time_zone = "UTC"
        launch_at = AT
        tier = 1
        regions: tuple[Any, ...] = ()

    if asked in {"launch_at", "review_at", "expires_at", "closes_at", "since"}:
        return AT
    if asked in {"plan", "choice"}:
        return Part() if asked == "plan" else Stance.AGREE
    return ()


def test_an_id_is_the_same_whoever_tells_it() -> None:
    """It follows from product, region, run and version; that of a whole launch has one part less."""
    assert event_id(KEY, 17) == "atlas-2/emea/3/17"
    assert event_id(LaunchKey(product="atlas-2", run=3), 17) == "atlas-2/3/17"
    event = RegionHeld(at=AT, cause=HoldCause.GATE_UNMET, criteria=(CriterionKey.TRAINING_COMPLETION,))
    first, second = (public_event(KEY, 17, event, source=SOURCE) for _ in range(2))
    assert first == second


def test_a_hold_says_why_and_not_who() -> None:
    """The cause and the criteria leave; the person, the command and what the last check found do not."""
    event = RegionHeld(
        at=AT, person="pm-7", command_id="c-1", cause=HoldCause.PERSON, objections=("The price list is wrong.",)
    )
    document = told(event)
    assert document["type"] == "launch.region.held"
    assert document["subject"] == "atlas-2/emea"
    assert document["time"] == "2027-01-04T09:00:00Z"
    assert document["dataschema"] == "urn:learn-then-launch:schema:launch.region.held:1"
    named = {"product": "atlas-2", "region": "emea", "run": 3, "version": 17}
    assert document["data"] == {**named, "cause": "person", "criteria": [], "review_at": None}


def test_a_launch_says_when() -> None:
    """The instant that it was for is told."""
    event = RegionLaunched(at=AT, launch_at=AT, decision_version=12)
    assert told(event)["data"]["launch_at"] == "2027-01-04T09:00:00Z"


def test_a_signature_tells_which_function_signed_which_text() -> None:
    """The digest is what was signed; who held the pen stays in the house."""
    text = digest("the message")
    event = SignedOff(at=AT, person="ma-1", stage=Stage.VALUE_PROPOSITIONS, function=Function.MARKETING, digest=text)
    assert told(event)["data"]["digest"] == text
    assert "ma-1" not in json.dumps(told(event))


def test_nothing_of_a_poll_leaves_before_it_has_closed() -> None:
    """Not even that somebody has voted; once it is closed, functions leave with their stance and without names."""
    assert public_event(KEY, 5, BallotCast(at=AT, function=Function.SALES), source=SOURCE) is None
    ballots = (
        OpenedBallot(function=Function.SALES, stance=Stance.DISSENT, person="sa-1", at=AT),
        OpenedBallot(function=Function.MARKETING, stance=None),
    )
    document = told(PollClosed(at=AT, ballots=ballots))
    assert document["data"]["dissent"] == ["sales"]
    assert document["data"]["absent"] == ["marketing"]
    assert "sa-1" not in json.dumps(document)


def test_names_are_of_one_family() -> None:
    """Every type begins alike, so that a receiver can route by its parts."""
    assert all(name.startswith("launch.") and name == name.lower() for name in TYPES)
