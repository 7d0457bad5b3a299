"""What had whoever decided on a region seen, and what of it is otherwise now?"""

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from pydantic import ValidationError

from api.answers import DecisionAnswer
from api.bodies import DecisionBody
from readiness.events import DecisionTaken
from readiness.keys import RegionKey
from readiness.policy import Policy
from readiness.readiness import CriterionResult, Readiness, SeatShown, WaiverShown
from readiness.taken import as_taken, verdict_by
from store.commands import LoggedCommand
from store.decision_records import DecisionRecord
from templates.pages import DecisionSeen, FigureSeen, VoteSeen, WaiverSeen, act_address

Key = TypeVar("Key", bound=Hashable)
Kind = TypeVar("Kind")


def record_address(product: str, region: str, version: int, *, run: int | None = None) -> str:
    """Return where what a decision was taken on is read byte for byte; in the latest run, where none is said."""
    of_run = f"?run={run}" if run is not None else ""
    return f"/v1/launches/{product}/regions/{region}/decisions/{version}{of_run}"


def decision_answer(record: DecisionRecord, key: RegionKey, said: DecisionBody, *, version: int) -> DecisionAnswer:
    """Return the decision of `record` as it is answered to who took it, with what they `said`.

    `version` is where it left the region.
    """
    document = json.loads(record.document)
    event = DecisionTaken.model_validate(document["decision"])
    policy = Policy.model_validate(document["policy"])
    decision, conditions = as_taken(event, version=record.version, policy=policy)
    return DecisionAnswer(
        product=key.product,
        region=key.region,
        run=key.run,
        verdict=verdict_by(event.choice),
        version=version,
        decision=decision.model_copy(update={"reason": said.reason}),
        conditions=tuple(
            each.model_copy(update={"text": promised.text})
            for each, promised in zip(conditions, said.conditions, strict=True)
        ),
        digest=record.digest,
        readiness=_readiness(document),
    )


def command_of(record: DecisionRecord | None) -> str | None:
    """Return the id of the command by which the decision of `record` was taken; None where nothing was decided."""
    if record is None:
        return None
    return DecisionTaken.model_validate(json.loads(record.document)["decision"]).command_id


def decision_seen(
    record: DecisionRecord | None, now: Readiness, *, asked: LoggedCommand | None = None
) -> DecisionSeen | None:
    """Return what was seen at the decision of `record` beside what stands now; None where nothing was decided.

    `asked` is the wish for it, where the reader may see by which right it was.
    """
    if record is None:
        return None
    document = json.loads(record.document)
    taken = DecisionTaken.model_validate(document["decision"])
    then = _readiness(document)
    standing = now.decision
    return DecisionSeen(
        choice=taken.choice,
        person=taken.person or "",
        at=record.at,
        stands=standing is not None and standing.version == record.version,
        digest=record.digest,
        record_address=record_address(now.product, now.region, record.version),
        right=asked.role if asked is not None else None,
        act_address=act_address(asked.id) if asked is not None else None,
        then=then,
        figures=tuple(_figures(then, now)) if then is not None else (),
        waivers=tuple(_waivers(then, now)) if then is not None else (),
        votes=tuple(_votes(then, now)) if then is not None else (),
    )


def readiness_of_record(record: DecisionRecord) -> Readiness | None:
    """Return the readiness that the decision of `record` was taken on; None where this version cannot read it."""
    return _readiness(json.loads(record.document))


def _readiness(document: Mapping[str, object]) -> Readiness | None:
    """Return the readiness that was written down; its fractions stand there as text."""
    try:
        return Readiness.model_validate(document.get("readiness"))
    except ValidationError:
        # Of a version that knew other stages or criteria: the bytes still tell, word for word.
        return None


def _figures(then: Readiness, now: Readiness) -> Iterator[FigureSeen]:
    seen, stands = ({each.key: each for each in of.criteria} for of in (then, now))
    for key, before, after in _beside(seen, stands):
        yield FigureSeen(criterion=key, then=before, now=after, differs=_counted(before) != _counted(after))


def _counted(of: CriterionResult | None) -> tuple[object, ...] | None:
    return (of.status, of.numerator, of.denominator, of.required) if of is not None else None


def _waivers(then: Readiness, now: Readiness) -> Iterator[WaiverSeen]:
    seen, stands = ({each.id: each for each in of.waivers} for of in (then, now))
    for _, before, after in _beside(seen, stands):
        yield WaiverSeen(then=before, now=after, differs=_granted(before) != _granted(after))


def _granted(of: WaiverShown | None) -> tuple[object, ...] | None:
    return (of.status, of.floor, of.expires_at) if of is not None else None


def _votes(then: Readiness, now: Readiness) -> Iterator[VoteSeen]:
    seen, stands = ({each.function: each for each in of.poll.seats} if of.poll else {} for of in (then, now))
    for function, before, after in _beside(seen, stands):
        yield VoteSeen(function=function, then=before, now=after, differs=_cast(before) != _cast(after))


def _cast(of: SeatShown | None) -> tuple[object, ...] | None:
    return (of.voted, of.position, of.person, of.stale) if of is not None else None


def _beside(seen: Mapping[Key, Kind], stands: Mapping[Key, Kind]) -> Iterable[tuple[Key, Kind | None, Kind | None]]:
    return ((key, seen.get(key), stands.get(key)) for key in dict.fromkeys((*seen, *stands)))
