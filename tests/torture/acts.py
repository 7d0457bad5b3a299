"""Which acts are interrupted, from which state on, and what is to be seen of each when it is done?"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from bootstrap.api_client import Api
from readiness.commands import Role
from readiness.keys import LaunchKey
from readiness.rows import PersonRow
from tests.readiness.builders import OWNER, SIGNERS
from tests.store.desk import CERT, COURSE
from tests.torture.lanes import Lane, now
from tests.torture.readying import PASSED, Ready, import_people, signed, started

FAR_AHEAD = timedelta(days=90)
BACK_THEN = timedelta(hours=1)
"""How long ago everything was made ready, so that also a go for an instant that comes at once was taken in time."""

_EXECUTIVE, _ENABLER = "ex-1", "en-1"


class Unprepared(Exception):  # noqa: N818 - named as what is the case.
    """The act must be prepared anew, under another name: somebody was in the way."""


@dataclass(frozen=True)
class Play:
    """One act about to be done: `tag` is in the names of all that it touches."""

    tag: str
    watch: str
    """What the ids of its workflows have in them."""
    perform: Callable[[], Any]
    """Does it and returns the answer; done again it is the very same wish."""
    is_done: Callable[[Mapping[str, Any]], bool] = lambda _seen: True
    """Says of what is seen of it whether anything more is to come, besides looks and figures."""
    repeats: bool = True


@dataclass(frozen=True)
class Act:
    """Something that people or time do, and which processes carry it out."""

    name: str
    prepare: Callable[[Lane, str], Play]
    roles: tuple[str, ...] = ("web", "worker")
    missed_late: str = ""
    """The process whose death shows only once the heartbeat of a long activity has stayed away."""


def _region(tag: str) -> str:
    return f"{tag}-north"


def _ready(lane: Lane, tag: str, *, is_signed: bool = True, has_go: bool = False) -> Ready:
    """Bring a launch so far, with workflows that know of it and wait for what comes."""
    ready = _begun(lane, tag, FAR_AHEAD, is_signed=is_signed, has_go=has_go)
    lane.attend(_launch(tag), ready)
    return ready


def _begun(lane: Lane, tag: str, ahead: timedelta, *, is_signed: bool, has_go: bool) -> Ready:
    """Bring a launch so far in the database, while no relay finds it without its workflows."""
    with lane.frozen("worker"):
        lane.clock.now = now() - BACK_THEN
        (ready,) = started(lane.desk, _region(tag), product=tag, launch_at=now() + ahead)
        return signed(lane.desk, ready, has_go=has_go) if is_signed else ready


def _launch(tag: str) -> LaunchKey:
    return LaunchKey(product=tag, run=1)


def _asked(api: Api, tag: str, path: str, body: Mapping[str, Any]) -> Play:
    return Play(tag, tag, partial(api.ask, path, dict(body), key=f"wish-{tag}"))


def _of_region(lane: Lane, tag: str, what: str, body: Mapping[str, Any], person: str, role: Role) -> Play:
    path = f"/v1/launches/{tag}/regions/{_region(tag)}/{what}"
    return _asked(lane.speak(person, role), tag, path, body)


def _wall_clock(ahead: timedelta) -> str:
    return (now() + ahead).strftime("%Y-%m-%dT%H:%M")


def _start(lane: Lane, tag: str) -> Play:
    import_people(lane.store, [PersonRow(OWNER, "Owner", "owner@example.com", function="office", region="office")])
    zone = {"time_zone": "Asia/Tokyo"}
    plan = {
        "product": tag,
        "name": "The product",
        "tier": 3,
        "owner": OWNER,
        "launch_at": _wall_clock(FAR_AHEAD),
        "regions": [{"region": f"{tag}-{where}", "name": where, **zone} for where in ("north", "south")],
        "courses": [{"course_id": COURSE.course_id, "title": COURSE.title}],
        "assessment": CERT.model_dump(mode="json", exclude_none=True),
    }
    return _asked(lane.speak(OWNER, Role.PRODUCT_MANAGER), tag, "/v1/launches", plan)


def _add_region(lane: Lane, tag: str) -> Play:
    _ready(lane, tag, is_signed=False)
    entry = {
        "region": f"{tag}-south",
        "name": "South",
        "time_zone": "Asia/Tokyo",
        "launch_at": _wall_clock(FAR_AHEAD),
    }
    return _asked(lane.speak(OWNER, Role.PRODUCT_MANAGER), tag, f"/v1/launches/{tag}/regions", entry)


def _sign(lane: Lane, tag: str) -> Play:
    _ready(lane, tag, is_signed=False)
    stage = "value_propositions"
    function, role, person = SIGNERS[0]
    path = f"/v1/launches/{tag}/regions/{_region(tag)}/content/{stage}"
    shown = lane.speak(person, role).read(path)
    body = {"stage": stage, "function": function.value, "digest": shown["digest"]}
    return _of_region(lane, tag, "sign-offs", body, person, role)


def _edit(lane: Lane, tag: str) -> Play:
    _ready(lane, tag, has_go=True)
    api = lane.speak("ma-1", Role.MARKETING)
    body = {"statement": "It thirds your close.", "holds": [_region(tag)]}
    return Play(tag, tag, partial(api.put, f"/v1/launches/{tag}/value-propositions/all", body, if_match='"1"'))


def _hear(lane: Lane, tag: str) -> Play:
    _ready(lane, tag)
    return _of_region(lane, tag, "objections", {"objection": "Does it run offline?"}, "sa-1", Role.SALES_LEAD)


def _decide(lane: Lane, tag: str) -> Play:
    ready = _ready(lane, tag)
    body = {"verdict": "go", "reason": "All have learned.", "seen": lane.desk.region(ready.key).version}
    return _of_region(lane, tag, "decisions", body, _EXECUTIVE, Role.EXECUTIVE)


def _steer(act: str, body: Mapping[str, Any], lane: Lane, tag: str) -> Play:
    _ready(lane, tag, has_go=True)
    return _of_region(lane, tag, act, {"reason": "So be it.", **body}, OWNER, Role.PRODUCT_MANAGER)


def _reschedule(lane: Lane, tag: str) -> Play:
    return _steer("reschedule", {"launch_at": _wall_clock(FAR_AHEAD * 2)}, lane, tag)


def _launch_instant(lane: Lane, tag: str) -> Play:
    ready = _begun(lane, tag, lane.soon, is_signed=True, has_go=True)
    if now() > ready.launch_at - timedelta(seconds=1):
        lane.soon *= 2
        raise Unprepared("the instant is there before anybody waits for it")
    return Play(tag, tag, partial(lane.hint, _launch(tag), ready.key), is_done=_has_launched, repeats=False)


def _has_launched(seen: Mapping[str, Any]) -> bool:
    return bool(seen["launch_records"])


def _bring(kind: str, lane: Lane, tag: str) -> Play:
    """Import a small file with one bad line, about people of a launch that waits for them."""
    ready = _ready(lane, tag, is_signed=False)
    content = _as_csv(_ROWS[kind](tag, ready))
    file = lane.directory / f"{tag}.csv"
    file.write_bytes(content)
    api = lane.speak(_ENABLER, Role.ENABLEMENT)

    def bring() -> Any:
        # How far it is when the answer comes is a matter of luck; what came of it in the end is seen in the database.
        sent = api.upload(kind, file)
        return {name: sent[name] for name in ("id", "kind")}

    return Play(tag, sha256(content).hexdigest()[:24], bring, is_done=_is_loaded)


def _people(tag: str, ready: Ready) -> Sequence[Mapping[str, str]]:
    common = {"function": "sales", "region": ready.key.region}
    known = ready.people()[0]
    rows = [{"person_id": p, "name": "N", "email": f"{p}@example.com", **common} for p in (known, f"{tag}-new")]
    return [{**rows[0], "active": "false"}, {**rows[1], "active": "true"}, {**rows[1], "person_id": "", "active": ""}]


def _audience(tag: str, ready: Ready) -> Sequence[Mapping[str, str]]:
    rows = [{"product": tag, "region": ready.key.region, "person_id": person} for person in ready.people(3)]
    return [*rows, {**rows[0], "person_id": ""}]


def _completions(tag: str, ready: Ready) -> Sequence[Mapping[str, str]]:
    moment = ready.passed_at - timedelta(hours=1)
    rows = [
        {
            "person_id": p,
            "course_id": COURSE.course_id,
            "completed_at": moment.isoformat(),
            "score": "",
            "void": "true",
        }
        for p in ready.people(2)
    ]
    return [*rows, {**rows[0], "completed_at": "yesterday"}]


def _attempts(tag: str, ready: Ready) -> Sequence[Mapping[str, str]]:
    asked = {"assessment_id": CERT.assessment_id, "score": str(PASSED)}
    late = {
        "person_id": ready.people()[-1],
        "attempted_at": (ready.passed_at + timedelta(hours=1)).isoformat(),
        **asked,
    }
    void = {"person_id": ready.people()[0], "attempted_at": ready.passed_at.isoformat(), **asked}
    return [{**late, "void": ""}, {**void, "void": "true"}, {**late, "score": "101", "void": ""}]


def _is_loaded(seen: Mapping[str, Any]) -> bool:
    return any(each["state"] == "completed" for each in seen["imports"])


_ROWS: Mapping[str, Callable[[str, Ready], Sequence[Mapping[str, str]]]] = {
    "people": _people,
    "audience": _audience,
    "completions": _completions,
    "attempts": _attempts,
}


def _as_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()


ACTS = (
    Act("start of a launch", _start),
    Act("region added", _add_region),
    Act("sign-off", _sign),
    Act("edit of content", _edit),
    Act("objection heard", _hear, ("web",)),
    Act("decision go", _decide),
    Act("hold", partial(_steer, "hold", {})),
    Act("reschedule", _reschedule),
    Act("cancellation", partial(_steer, "cancel", {})),
    Act("launch instant", _launch_instant, ("worker",)),
    *(Act(f"import of {kind}", partial(_bring, kind), missed_late="worker") for kind in _ROWS),
)
