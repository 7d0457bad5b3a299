"""What does an error look like, and which status does each refusal have?"""

# Errors are `application/problem+json` (RFC 9457). `type` is `/problems/<slug>`, stable, and says what it means.

import inspect
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from readiness.refusals import Refusal

MEDIA_TYPE = "application/problem+json"

MOST_FAULTS = 100
"""Faults listed in one answer; whoever has more of them has one cause."""

RETRY_AFTER_SECONDS = 5
"""When to ask again while a part of the house is away: as long as a write waits for a lock."""

_LONGEST_STEP = 100


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A problem's stable slug, the status that it answers with and what it means."""

    slug: str
    status: int
    title: str


OF_THE_DOOR: tuple[ProblemKind, ...] = (
    ProblemKind("address-invalid", 400, "The address holds characters that no address of ours has."),
    ProblemKind("body-unreadable", 400, "The body could not be read."),
    ProblemKind("json-invalid", 400, "The body is not JSON, or not JSON that can be trusted."),
    ProblemKind("cursor-invalid", 400, "The cursor does not belong to this list."),
    ProblemKind("idempotency-key-missing", 400, "A request that creates or decides needs an Idempotency-Key."),
    ProblemKind("idempotency-key-invalid", 400, "The Idempotency-Key is not 1 to 255 visible ASCII characters."),
    ProblemKind("precondition-invalid", 400, "If-Match or If-None-Match does not hold entity tags."),
    ProblemKind("token-missing", 401, "The request needs a bearer token."),
    ProblemKind("token-invalid", 401, "The bearer token proves nothing here."),
    ProblemKind("token-expired", 401, "The bearer token has expired."),
    ProblemKind("login-too-old", 401, "This needs a login that is not older than some minutes."),
    ProblemKind("login-failed", 400, "The login did not come to an end."),
    ProblemKind("not-allowed", 403, "No role of yours allows this here."),
    ProblemKind("cross-site", 403, "A page of another site sent this."),
    ProblemKind("no-permit", 404, "The product may not be sold in the region, as far as this installation knows."),
    ProblemKind("not-found", 404, "There is nothing at this address."),
    ProblemKind("method-not-allowed", 405, "The address does not know this method."),
    ProblemKind("edit-is-material", 409, "The edit changes more than case, space and punctuation."),
    ProblemKind("would-hold-regions", 409, "The edit would end a standing go."),
    ProblemKind("delivery-on-its-way", 409, "The delivery has not been tried since it was last sent again."),
    ProblemKind("webhook-target-refused", 422, "A webhook may not lead there."),
    ProblemKind("owner-not-taken", 409, "A region of the launch would refuse the new owner."),
    ProblemKind("precondition-failed", 412, "It changed since you read it."),
    ProblemKind("content-too-large", 413, "The body is larger than is taken here."),
    ProblemKind("media-type-not-supported", 415, "The body is of a kind that is not taken here."),
    ProblemKind("request-invalid", 422, "Parts of the request are not what they must be."),
    ProblemKind("key-reused", 422, "The Idempotency-Key was used with another body."),
    ProblemKind("plan-invalid", 422, "The launch plan cannot work."),
    ProblemKind("precondition-required", 428, "An edit needs If-Match with the tag of what you read."),
    ProblemKind("too-many-requests", 429, "More was asked than one may ask in this time."),
    ProblemKind("head-too-large", 431, "Address and headers are longer than is taken here."),
    ProblemKind("request-refused", 400, "The request cannot be answered as it was made."),
    ProblemKind("storage-full", 507, "There is no room for what was sent."),
    ProblemKind("storage-away", 503, "The place where files are kept cannot be used at the moment."),
    ProblemKind("overloaded", 503, "More is asked at once than can be answered."),
    ProblemKind("failed", 500, "Something went wrong on our side."),
    ProblemKind("store-away", 503, "The database does not answer at the moment."),
    ProblemKind("issuer-away", 503, "The issuer at which people log in does not answer at the moment."),
    ProblemKind("engine-away", 503, "The workflow engine does not answer at the moment."),
    ProblemKind("not-ready", 503, "A part of the house does not answer at the moment."),
)
"""What does not come from the core."""

STATUS_OF_REFUSAL: dict[str, int] = {
    "decider-not-allowed": 403,
    "role-withdrawn": 403,
    "roles-are-own": 403,
    "role-change-past": 422,
    "key-scope-bad": 422,
    "key-life-bad": 422,
    "decider-is-owner": 403,
    "owner-change-not-yours": 403,
    "policy-change-not-yours": 403,
    "policy-change-by-asker": 403,
    "policy-change-unknown": 404,
    "policy-change-dated": 422,
    "policy-change-impossible": 422,
    "function-not-held": 403,
    "two-keys-one-hand": 403,
    "waiver-by-requester": 403,
    "waiver-by-owner": 403,
    "waiver-by-decider": 403,
    "waiver-approver-not-allowed": 403,
    "decider-signed-a-stage": 403,
    "decider-in-waiver": 403,
    "condition-not-yours": 403,
    "two-seats-one-person": 403,
    "seat-namer-not-allowed": 403,
    "seat-named-self": 403,
    "lesson-addresser-not-allowed": 403,
    "conditions-missing": 422,
    "conditions-not-wanted": 422,
    "condition-due-badly": 422,
    "waiver-floor-bad": 422,
    "waiver-expiry-bad": 422,
    "no-such-dissent": 422,
    "review-date-too-far": 422,
    "reason-missing": 422,
    "review-date-missing": 422,
    "review-date-past": 422,
    "launch-in-the-past": 422,
}
"""The one table from refusal to status; a refusal without a row is a conflict with the state of things, 409."""


def _refusal_kinds() -> Iterable[ProblemKind]:
    for refusal in get_args(get_args(Refusal)[0]):
        slug = refusal.model_fields["kind"].default
        title = (inspect.getdoc(refusal) or slug).splitlines()[0]
        yield ProblemKind(slug, STATUS_OF_REFUSAL.get(slug, 409), title)


KINDS: dict[str, ProblemKind] = {kind.slug: kind for kind in (*OF_THE_DOOR, *_refusal_kinds())}
"""Every problem that the API can answer with, by slug."""


class Fault(BaseModel):
    """One thing wrong with a request: where, a stable code, and a whole sentence."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    where: Annotated[str, Field(alias="in", examples=["body"])] = "body"
    """`body`, `query`, `path` or `header`."""
    path: Annotated[str, Field(examples=["regions[1].time_zone"])]
    """The path in there; empty for the whole of it."""
    code: Annotated[str, Field(examples=["missing"])]
    reason: Annotated[str, Field(examples=["This field is required."])]


class ProblemDocument(BaseModel):
    """An error, after RFC 9457; refusals add members of their own."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(examples=["/problems/gates-not-met"])]
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[Fault] | None = None


class Problem(HTTPException):
    """Ends a request with a problem of a known kind; `members` are added to the document."""

    def __init__(self, slug: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        self.kind = KINDS[slug]
        self.members = members
        super().__init__(status_code=self.kind.status, detail=detail, headers=dict(headers or {}))


def problem_of(refusal: Refusal) -> Problem:
    """Return the problem that tells of `refusal`, with everything that it carries."""
    members = refusal.model_dump(mode="json", exclude={"kind", "detail"})
    return Problem(refusal.kind, refusal.detail, **members)


def away(slug: str) -> Problem:
    """Return the problem of a part of the house that is away or full; nothing is guessed meanwhile."""
    detail = f"{KINDS[slug].title} What was asked may or may not have happened: ask again with the same key."
    return Problem(slug, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def document_of(problem: Problem, *, request_id: str | None = None) -> dict[str, Any]:
    """Return `problem` as a document after RFC 9457."""
    return {
        "type": f"/problems/{problem.kind.slug}",
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        **({"request_id": request_id} if request_id else {}),
        **problem.members,
    }


def response_of(problem: Problem, *, request_id: str | None) -> Response:
    """Return the answer that carries `problem`."""
    document = document_of(problem, request_id=request_id)
    # Escaped to ASCII: a detail may quote what somebody sent, and no quote may break the answer.
    body = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Response(body, status_code=problem.kind.status, headers=problem.headers, media_type=MEDIA_TYPE)


def invalid(faults: Iterable[Fault], *, slug: str = "request-invalid") -> Problem:
    """Return the 422 that names every one of `faults`, each by its place."""
    listed = list(faults)
    members: dict[str, Any] = {"errors": [fault.model_dump(mode="json") for fault in listed[:MOST_FAULTS]]}
    if len(listed) > MOST_FAULTS:
        members["errors_left_out"] = len(listed) - MOST_FAULTS
    named = "One part" if len(listed) == 1 else f"{len(listed)} parts"
    return Problem(slug, f"{named} of the request must be mended; see errors.", **members)


def faults_in(error: ValidationError | RequestValidationError, *, where: str | None = None) -> list[Fault]:
    """Return what a model found wrong. What was sent is not repeated.

    `where` names the place for models used apart from a request; FastAPI's own errors begin with theirs.
    """
    faults = []
    for found in error.errors():
        steps: tuple[Any, ...] = tuple(found["loc"])
        place = where or (str(steps[0]) if steps else "body")
        inner = steps if where else steps[1:]
        code = str(found["type"]).replace("_", "-")
        faults.append(Fault(where=place, path=_path(inner), code=code, reason=_sentence(found)))
    return faults


def _path(steps: tuple[Any, ...]) -> str:
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{str(step)[:_LONGEST_STEP]}"
    return path.removeprefix(".")


_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field here.",
    "model_attributes_type": "An object is required here.",
    "dict_type": "An object is required here.",
    "model_type": "An object is required here.",
}


def _sentence(found: Mapping[str, Any]) -> str:
    """Return pydantic's message as a whole sentence."""
    known = _SENTENCES.get(found["type"])
    if known is not None:
        return known
    message = str(found["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ").strip()
    sentence = message[:1].upper() + message[1:]
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
