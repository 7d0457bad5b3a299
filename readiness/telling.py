"""What of a ledger leaves the house, under which name, and with what in it?"""

# A table, one row for each type of event; a type without a row here or in `KEPT` fails a test. What leaves carries
# names of products, regions, functions and criteria, moments and counts: no person, no word that a person wrote, and
# of a poll nothing before it has closed.

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from readiness.canonical import Json, canonical_json
from readiness.commands import Stance
from readiness.events import LaunchEvent, OpenedBallot, RegionEvent
from readiness.keys import LaunchKey, RegionKey
from readiness.values import Frozen

CONTENT_TYPE = "application/cloudevents+json"
"""Structured mode: the whole event is the body."""

SCHEMA_VERSION = 1
"""Of the `data` of every type; a field that goes or changes its meaning takes the next number."""

Picked = Callable[[Any], dict[str, Json]]


class PublicEvent(Frozen):
    """What is told of one row of a ledger."""

    id: str
    """The same whoever tells it and however often: product, region, run and version."""
    type: str
    product: str
    region: str
    """Empty where it is about the launch as a whole."""
    at: datetime
    body: str
    """A CloudEvent 1.0 as canonical JSON: the same bytes for everybody and at every try."""


def _nothing(_event: Any) -> dict[str, Json]:
    return {}


def _fields(*names: str) -> Picked:
    def pick(event: Any) -> dict[str, Json]:
        return {name: _plain(getattr(event, name)) for name in names}

    return pick


def _plain(value: Any) -> Json:
    match value:
        case datetime():
            return moment(value)
        case tuple():
            return [_plain(each) for each in value]
        case StrEnum():
            return value.value
        case None | bool() | int() | str():
            return value
        case _:
            raise TypeError(f"a {type(value).__name__} is not told to others")


def _decided(event: Any) -> dict[str, Json]:
    accepted: list[Json] = [function.value for function in event.dissents_accepted]
    return {
        "choice": event.choice.value,
        "launch_at": moment(event.launch_at),
        "review_at": _plain(event.review_at),
        "conditions": len(event.conditions),
        "dissents_accepted": accepted,
    }


def _closed(event: Any) -> dict[str, Json]:
    def of(stance: Stance | None) -> list[Json]:
        ballots: tuple[OpenedBallot, ...] = event.ballots
        return [ballot.function.value for ballot in ballots if ballot.stance is stance]

    return {
        "agree": of(Stance.AGREE),
        "disagree_but_support": of(Stance.DISAGREE_BUT_SUPPORT),
        "dissent": of(Stance.DISSENT),
        "absent": of(None),
    }


def _started(event: Any) -> dict[str, Json]:
    return {"tier": event.tier, "launch_at": moment(event.plan.launch_at), "time_zone": event.plan.time_zone}


def _launch_started(event: Any) -> dict[str, Json]:
    regions: list[Json] = [region.region for region in event.plan.regions]
    return {"tier": event.plan.tier, "regions": regions}


def _region_added(event: Any) -> dict[str, Json]:
    return {"added": event.plan.region, "launch_at": moment(event.plan.launch_at)}


TOLD: Mapping[str, tuple[str, Picked]] = {
    "region_launch_started": ("launch.region.started", _started),
    "stage_opened": ("launch.stage.opened", _fields("stage")),
    "stage_passed": ("launch.stage.passed", _fields("stage")),
    "stage_waived": ("launch.stage.waived", _fields("stage")),
    "stage_reopened": ("launch.stage.reopened", _fields("stage", "criteria")),
    "signed_off": ("launch.message.signed", _fields("stage", "function", "digest")),
    "sent_back": ("launch.message.sent_back", _fields("stage", "function", "digest")),
    "sign_off_voided": ("launch.message.sign_off_voided", _fields("stage", "function", "digest")),
    "waiver_requested": ("launch.waiver.requested", _fields("waiver", "criterion", "floor", "expires_at")),
    "waiver_granted": ("launch.waiver.granted", _fields("waiver")),
    "waiver_denied": ("launch.waiver.denied", _fields("waiver")),
    "waiver_revoked": ("launch.waiver.revoked", _fields("waiver")),
    "waiver_lapse_nears": ("launch.waiver.lapsing", _fields("waiver")),
    "waiver_lapsed": ("launch.waiver.lapsed", _fields("waiver")),
    "poll_opened": ("launch.poll.opened", _fields("seats", "closes_at")),
    "poll_closed": ("launch.poll.closed", _closed),
    "seat_idled": ("launch.seat.idle", _fields("stage", "function", "since")),
    "decision_taken": ("launch.region.decided", _decided),
    "condition_met": ("launch.condition.met", _fields("condition")),
    "condition_missed": ("launch.condition.missed", _fields("condition")),
    "policy_changed": ("launch.policy.changed", _fields("change")),
    "permit_suspended": ("launch.permit.suspended", _fields("conditions")),
    "permit_restored": ("launch.permit.restored", _nothing),
    "permit_revoked": ("launch.permit.revoked", _nothing),
    "review_came": ("launch.region.review_came", _nothing),
    "region_held": ("launch.region.held", _fields("cause", "criteria", "review_at")),
    "region_resumed": ("launch.region.resumed", _nothing),
    "go_revived": ("launch.region.go_revived", _fields("choice")),
    "region_rescheduled": ("launch.region.rescheduled", _fields("launch_at")),
    "region_slipped": ("launch.region.slipped", _fields("launch_at", "choice")),
    "owner_changed": ("launch.region.owner_changed", _nothing),
    "region_cancelled": ("launch.region.cancelled", _nothing),
    "region_launched": ("launch.region.launched", _fields("launch_at")),
    "launch_started": ("launch.started", _launch_started),
    "region_added": ("launch.region_added", _region_added),
    "launch_owner_changed": ("launch.owner_changed", _nothing),
    "launch_ended": ("launch.ended", _nothing),
}
"""Which event leaves under which name, and what of it. A name never changes its meaning."""

KEPT = frozenset(
    {
        # Figures by the dozen, which readiness answers better.
        "criteria_judged",
        # That somebody has voted, and who is left, is sealed until the poll closes.
        "ballot_cast",
        # What is between people of the house.
        "seat_named",
        "lesson_addressed",
        "policy_change_asked",
        "policy_change_confirmed",
        "policy_change_declined",
    }
)
"""The events that stay in the house."""

TYPES = tuple(dict.fromkeys(name for name, _ in TOLD.values()))
"""Every type that may be subscribed to."""


def event_id(key: LaunchKey | RegionKey, version: int) -> str:
    """Return what a row of a ledger is known by outside: `atlas-2/emea/1/17`, or `atlas-2/1/3` for a whole launch."""
    where = f"{key.product}/{key.region}" if isinstance(key, RegionKey) else key.product
    return f"{where}/{key.run}/{version}"


def public_event(
    key: LaunchKey | RegionKey, version: int, event: RegionEvent | LaunchEvent, *, source: str
) -> PublicEvent | None:
    """Return what is told of an event, as a CloudEvent; None where it stays in the house. `source` is a URI."""
    if event.type not in TOLD:
        return None
    name, pick = TOLD[event.type]
    region = key.region if isinstance(key, RegionKey) else ""
    named: dict[str, Json] = {"product": key.product, "run": key.run, "version": version}
    if region:
        named["region"] = region
    told = cloud_event(
        event_id(key, version),
        name,
        source=source,
        subject=f"{key.product}/{region}" if region else key.product,
        at=event.at,
        about={**named, **pick(event)},
    )
    return PublicEvent(
        id=event_id(key, version), type=name, product=key.product, region=region, at=event.at, body=told
    )


def cloud_event(id_: str, name: str, *, source: str, subject: str, at: datetime, about: Mapping[str, Json]) -> str:
    """Return a CloudEvent 1.0 in structured mode, as canonical JSON."""
    return canonical_json(
        {
            "specversion": "1.0",
            "id": id_,
            "source": source,
            "type": name,
            "subject": subject,
            "time": moment(at),
            "datacontenttype": "application/json",
            "dataschema": f"urn:learn-then-launch:schema:{name}:{SCHEMA_VERSION}",
            "data": dict(about),
        }
    ).decode("utf-8")


def moment(at: datetime) -> str:
    """Return an instant as RFC 3339 has it, in UTC."""
    return at.isoformat().replace("+00:00", "Z")
