"""Which story does a fresh installation tell?"""

# Atlas 2 launches in three regions. EMEA has learned, was polled and has a go. APAC was certified long ago, and too
# many of these certifications lapse before its launch day. In the Americas sales has sent the message back.

import csv
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from bootstrap.api_client import Api, Refused
from bootstrap.demo_people import AUDIENCES, GOVERNORS, Seller
from bootstrap.demo_texts import BALLOTS, MESSAGE, OBJECTIONS
from readiness.canonical import digest
from readiness.commands import Role

PRODUCT = "atlas-2"
COURSES = ("atlas-2-basics", "atlas-2-pricing")
ASSESSMENT = "atlas-2-cert"

LEAD_DAYS = 45
"""Days from the first `up` to the launch: more than tier 2 asks for, and past the lapse of the old certifications."""

WAVE_APART = timedelta(days=14)
"""What a wave has to learn from the one before it."""

_PATIENCE = timedelta(minutes=2)
_POLL_SECONDS = 0.2

Seen = TypeVar("Seen")


class Door(Protocol):
    """Opens the API as any person."""

    def as_person(self, person: str, *roles: Role, regions: Iterable[str] = ...) -> Api:
        """Return a client that speaks for `person` in `roles`."""


class Region(NamedTuple):
    """One region of the story."""

    region: str
    name: str
    time_zone: str
    wave: int
    sales_lead: str


SEATS: dict[str, tuple[str, Role]] = {
    "marketing": ("ma-1", Role.MARKETING),
    "sales": ("sa-1", Role.SALES_LEAD),
    "enablement": ("en-1", Role.ENABLEMENT),
}
"""Who votes for each function in EMEA."""

ADMINISTRATOR = ("ad-1", Role.ADMIN)
"""Who says who is who, so that it is known before anybody has signed in."""

REGIONS = (
    Region("emea", "EMEA", "Europe/Berlin", 1, "sa-1"),
    Region("apac", "APAC", "Asia/Singapore", 1, "sa-2"),
    Region("amer", "Americas", "America/New_York", 2, "sa-3"),
)


def load(door: Door, *, now: datetime | None = None) -> None:
    """Load the demonstration through the API, as the people of the story would; safe to repeat where it broke off.

    Raises Refused where the API does not take part of it, and TimeoutError where an import does not end.
    """
    now = (now or datetime.now(UTC)).replace(hour=9, minute=0, second=0, microsecond=0)
    with ExitStack() as clients:

        def client(person: str, *roles: Role) -> Api:
            return clients.enter_context(door.as_person(person, *roles))

        enablement = client("en-1", Role.ENABLEMENT)
        _bring_in(enablement, "people", _people())
        _grant(client(*ADMINISTRATOR))
        _start(client("pm-7", Role.PRODUCT_MANAGER), now)
        _write_content(client("ma-1", Role.MARKETING))
        _bring_in(enablement, "completions", _completions(now))
        _bring_in(enablement, "attempts", _attempts(now))
        for region in REGIONS:
            _sign(region, client("ma-1", Role.MARKETING), client(region.sales_lead, Role.SALES_LEAD))
        _vote(client("pm-7", Role.PRODUCT_MANAGER), {seat: client(*who) for seat, who in SEATS.items()})
        _decide(client("ex-1", Role.EXECUTIVE))


def plan(now: datetime) -> dict[str, Any]:
    """Return the launch plan of the story."""
    launch_on = (now + timedelta(days=LEAD_DAYS)).date()
    return {
        "product": PRODUCT,
        "name": "Atlas 2",
        "tier": 2,
        "owner": "pm-7",
        "launch_at": f"{launch_on.isoformat()}T09:00",
        "regions": [
            {
                "region": each.region,
                "name": each.name,
                "time_zone": each.time_zone,
                "wave": each.wave,
                "launch_at": f"{(launch_on + (each.wave - 1) * WAVE_APART).isoformat()}T09:00",
            }
            for each in REGIONS
        ],
        "courses": [
            {"course_id": COURSES[0], "title": "Atlas 2 basics"},
            {"course_id": COURSES[1], "title": "Atlas 2 pricing", "min_score": 60},
        ],
        "assessment": {
            "assessment_id": ASSESSMENT,
            "title": "Atlas 2 certification",
            "pass_mark": 80,
            "valid_days": 365,
            "max_attempts": 5,
        },
        "policy": {"value_propositions": {"segments": list(MESSAGE)}},
    }


def _people() -> list[dict[str, str]]:
    governors = [
        {"person_id": g.person_id, "name": g.name, "function": g.function, "region": g.region, "role": g.title}
        for g in GOVERNORS
    ]
    sellers = [
        {
            "person_id": seller.person_id,
            "name": seller.name,
            "function": "sales",
            "region": region.region,
            "role": "Account executive",
            "manager_id": region.sales_lead,
        }
        for region in REGIONS
        for seller in AUDIENCES[region.region]
    ]
    return [{**row, "email": f"{row['person_id']}@atlas.example"} for row in (*governors, *sellers)]


def _completions(now: datetime) -> list[dict[str, str]]:
    return [
        {
            "person_id": seller.person_id,
            "course_id": COURSES[place],
            "completed_at": _ago(now, days),
            "score": str(score),
        }
        for seller in _sellers()
        for place, (days, score) in enumerate(seller.completed)
    ]


def _attempts(now: datetime) -> list[dict[str, str]]:
    return [
        {
            "person_id": seller.person_id,
            "assessment_id": ASSESSMENT,
            "attempted_at": _ago(now, days),
            "score": str(score),
        }
        for seller in _sellers()
        for days, score in seller.attempted
    ]


def _sellers() -> Iterable[Seller]:
    return (seller for region in REGIONS for seller in AUDIENCES[region.region])


def _ago(now: datetime, days: int) -> str:
    return (now - timedelta(days=days)).isoformat()


def _bring_in(api: Api, kind: str, rows: list[dict[str, str]]) -> None:
    """Import rows as a file, and wait until they are in."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{kind}.csv"
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with file.open("w", newline="", encoding="utf-8") as target:
            writer = csv.DictWriter(target, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        import_id = api.upload(kind, file)["id"]
    state = _awaited(
        lambda: str(api.read(f"/v1/imports/{import_id}")["state"]),
        lambda seen: seen not in {"queued", "running"},
        f"the {kind}",
    )
    if state != "completed":
        raise RuntimeError(f"The {kind} of the demonstration were {state}.")


def _grant(api: Api) -> None:
    for governor in GOVERNORS:
        body = {"role": governor.role.value, "region": governor.acts_in, "reason": "So that it is known whom to ask."}
        _ask(api, f"/v1/roles/{governor.person_id}/grants", body)


def _start(api: Api, now: datetime) -> None:
    _unless("launch-already-running", lambda: _ask(api, "/v1/launches", plan(now)))


def _write_content(api: Api) -> None:
    for segment, body in MESSAGE.items():
        api.put(f"/v1/launches/{PRODUCT}/value-propositions/{segment}", body)
    for key, body in OBJECTIONS.items():
        api.put(f"/v1/launches/{PRODUCT}/objections/{key}", body)


def _sign(region: Region, marketing: Api, sales: Api) -> None:
    """Both functions sign what they read; in the Americas sales sends the message back, so nothing else opens."""
    is_sent_back = region.region == "amer"
    _put_key(region, marketing, "value_propositions", "marketing")
    if is_sent_back:
        reason = "The pilots were all in Europe. Our buyers will ask for one reference on this side of the water."
        _put_key(region, sales, "value_propositions", "sales", position="send_back", reason=reason)
        return
    _put_key(region, sales, "value_propositions", "sales")
    _put_key(region, marketing, "objection_handling", "marketing")
    _put_key(region, sales, "objection_handling", "sales")


def _put_key(region: Region, api: Api, stage: str, function: str, **more: str) -> None:
    path = f"/v1/launches/{PRODUCT}/regions/{region.region}"
    content = api.read(f"{path}/content/{stage}")
    body = {"stage": stage, "function": function, "digest": content["digest"], **more}
    _unless("already-signed", lambda: _ask(api, f"{path}/sign-offs", body))


def _vote(manager: Api, seats: dict[str, Api]) -> None:
    """Poll every seat in EMEA, and wait until the ballots are opened."""
    path = f"/v1/launches/{PRODUCT}/regions/emea"
    _unless("poll-already-open", lambda: _ask(manager, f"{path}/poll", {}))
    for function, api in seats.items():
        _unless("seat-has-voted", partial(_ask, api, f"{path}/ballots", {"function": function, **BALLOTS[function]}))
    _awaited(
        lambda: manager.read(f"{path}/readiness")["poll"], lambda poll: poll["closed_at"] is not None, "the poll"
    )


def _decide(api: Api) -> None:
    body = {
        "verdict": "go",
        "reason": "Enough sellers have learned and proved it, and both sides of the house stand by the message.",
    }
    _unless("already-decided", lambda: _ask(api, f"/v1/launches/{PRODUCT}/regions/emea/decisions", body))


def _awaited(look: Callable[[], Seen], is_done: Callable[[Seen], bool], what: str) -> Seen:
    """Look again and again until it is done, and return what was seen last; raises TimeoutError."""
    deadline = time.monotonic() + _PATIENCE.total_seconds()
    while not is_done(seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"In the demonstration {what} did not come to an end.")
        time.sleep(_POLL_SECONDS)
    return seen


def _ask(api: Api, path: str, body: dict[str, Any]) -> None:
    """Ask under a key that the same wish has again when the demonstration is gone on with."""
    api.ask(path, body, key=f"demo:{digest({'path': path, 'body': body})}")


def _unless(kind: str, act: Callable[[], None]) -> None:
    """Do what was not done before the demonstration was interrupted."""
    try:
        act()
    except Refused as refused:
        if refused.kind != kind:
            raise
