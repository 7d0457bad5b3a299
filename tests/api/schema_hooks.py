"""What does schemathesis need to know of this API that no description can say?"""

# Loaded by schemathesis itself, through the environment variable SCHEMATHESIS_HOOKS. A made-up product is all but
# never one that exists, and made-up text is all but never text that anybody could read: without this, whatever lies
# behind the first look would hardly be tried.

import json
import zlib
from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response

KNOWN = {
    "product": ("atlas-2",),
    "region": ("emea", "amer", "apac"),
    "segment": ("all", "enterprise"),
    "key": ("objection-1", "objection-2", "new"),
    "version": ("1", "12"),
    "function": ("sales", "marketing"),
}
"""Names in addresses that stand for something, by parameter."""

BEYOND_A_SCHEMA = {
    "address-invalid": "An address holds only characters that print; no pattern that all readers share says so.",
    "cursor-invalid": "A cursor is one that this list gave, as a credential is one that somebody gave.",
    "precondition-invalid": "Entity tags are sent as 0 where schemathesis cannot make up what the pattern asks for.",
    "plan-invalid": "A plan is judged as a whole.",
    "idempotency-key-missing": "It is not needed where the act is only rehearsed.",
    "key-reused": "A key belongs to one body.",
}
"""Problems that well-formed requests may be answered with, and why the description does not foresee them."""

NUMBERS_OF_NO_USE = ("A number in the body is", "A whole number in the body is")
"""How the refusals of numbers begin that JSON allows and others misread."""

FILES = {"text/csv", "application/x-ndjson"}
"""Kinds of bodies that are a text, whatever they hold."""

_TRUE = {"true", "1", "yes", "on", "t", "y"}


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: "schemathesis.Case[Any]", kwargs: dict[str, Any]) -> None:
    """Put names that exist and text that reads where valid ones were made up, in four cases of five."""
    meta = case.meta
    if meta is None or meta.phase.name.value == "coverage":
        return
    if (
        case.path_parameters
        and meta.phase.name.value != "stateful"
        and not meta.is_negative_at(ParameterLocation.PATH)
    ):
        for name, value in list(case.path_parameters.items()):
            draw = _draw(value, case.method, case.path)
            if name in KNOWN and draw % 5:
                case.path_parameters[name] = KNOWN[name][draw // 5 % len(KNOWN[name])]
    if isinstance(case.body, dict) and not meta.is_negative_at(ParameterLocation.BODY) and _draw(case.body) % 5:
        case.body = _readable(case.body)


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext, failure: Failure, case: "schemathesis.Case[Any]", response: Response
) -> bool:
    """Count every failure but those in which the answer is right and only the description could not foresee it."""
    if type(failure).__name__ == "RejectedPositiveData":
        return not _is_beyond_a_schema(response)
    if type(failure).__name__ in {"AcceptedNegativeData", "MissingHeaderNotRejected"}:
        # Whoever only rehearses needs no key, so a bad one is not looked at.
        rehearsed = str((case.query or {}).get("rehearse", "")).lower() in _TRUE
        meta = case.meta
        bad = {each for each in meta.components if meta.is_negative_at(each)} if meta is not None else set()
        is_text = case.media_type in FILES and bad <= {ParameterLocation.BODY}
        # Where nothing could be spoilt it says so itself, and still counts the case as a bad one.
        is_good = "positive test case" in failure.message
        return not (is_text or is_good or (rehearsed and bad <= {ParameterLocation.HEADER}))
    return True


def _is_beyond_a_schema(response: Response) -> bool:
    try:
        problem = json.loads(response.content)
    except ValueError:
        return False
    if problem.get("errorCode") == "PARSE_ERROR":
        return str(problem.get("errorDetails")).startswith(NUMBERS_OF_NO_USE)
    slug = str(problem.get("type", "")).removeprefix("/problems/")
    return slug in BEYOND_A_SCHEMA or (slug == "json-invalid" and problem["detail"].startswith(NUMBERS_OF_NO_USE))


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(character for character in value if " " <= character <= "~").strip() or "Readable."
    if isinstance(value, dict):
        return {name: _readable(each) for name, each in value.items()}
    return [_readable(each) for each in value] if isinstance(value, list) else value


def _draw(*of: object) -> int:
    return zlib.crc32(repr(of).encode("utf-8", "replace"))
