"""What did somebody fill in on a page, and what is wrong with it?"""

# A form is the same act as a call with JSON: its fields become the same body, which the same model checks. A field
# that was left empty says nothing. `conditions.0.text` is the text of the first condition.

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from api.idempotency import require_key
from api.problems import Problem, faults_in
from templates.pages import Form

WISH = "wish"
"""The hidden field that holds the key by which a repeat is known."""

_MOST_FIELDS = 500

Body = TypeVar("Body", bound=BaseModel)


class FormFaulty(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """What was filled in cannot be meant: the form as it was, with what is wrong at each field."""

    def __init__(self, form: Form) -> None:
        super().__init__("a form was filled in wrongly")
        self.form = form


async def filled_in(request: Request, *, most: int = _MOST_FIELDS) -> dict[str, str]:
    """Return what a form holds, by the names of its fields; several values of one are kept apart by line breaks.

    A form of more than `most` fields is none of ours.

    Raises the problems `media-type-not-supported` for what is no form, and `invalid` for one with a file in it.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        raise Problem("media-type-not-supported", "Send a form, as the page does.")
    sent: FormData = await request.form(max_files=0, max_fields=most)
    filled: dict[str, list[str]] = {}
    for name, value in sent.multi_items():
        filled.setdefault(name, []).append(value if isinstance(value, str) else "")
    return {name: "\n".join(value.replace("\r\n", "\n") for value in values) for name, values in filled.items()}


def key_of(filled: Mapping[str, str]) -> str:
    """Return the key by which a repeat of the form is known; raises the problem of one that is missing."""
    return require_key(filled.get(WISH, ""))


def blank_form(values: Mapping[str, str] | None = None) -> Form:
    """Return a form for a new wish, with `values` in it."""
    return Form(wish=secrets.token_urlsafe(18), values=values or {})


def body_of(
    model: type[Body],
    filled: Mapping[str, Any],
    *,
    lists: Iterable[str] = (),
    also: Mapping[str, Any] | None = None,
) -> Body:
    """Return the body that a form stands for; raises FormFaulty.

    `lists` names the fields that hold several values, one a line; `also` are fields that stand for no text.
    """
    try:
        return model.model_validate({**document_of(filled, lists=lists), **(also or {})})
    except ValidationError as error:
        faults: dict[str, list[str]] = {}
        for fault in faults_in(error, where="body"):
            faults.setdefault(_field_of(fault.path, filled), []).append(fault.reason)
        raise FormFaulty(faulty_form(filled, {name: tuple(each) for name, each in faults.items()})) from error


def faulty_form(filled: Mapping[str, Any], faults: Mapping[str, tuple[str, ...]]) -> Form:
    """Return the form as it was filled in, with what is wrong with it; it is a new wish."""
    return Form(wish=secrets.token_urlsafe(18), values=_kept(filled), faults=faults)


def refused_form(filled: Mapping[str, str], problem: Problem) -> Form:
    """Return the form as it was filled in, with why it was refused; it is a new wish."""
    faults: dict[str, list[str]] = {}
    for each in problem.members.get("errors", ()):
        faults.setdefault(_field_of(str(each["path"]), filled), []).append(str(each["reason"]))
    return Form(
        wish=secrets.token_urlsafe(18),
        values=_kept(filled),
        faults={name: tuple(reasons) for name, reasons in faults.items()},
        refusal=str(problem.detail),
    )


def document_of(filled: Mapping[str, Any], *, lists: Iterable[str] = ()) -> dict[str, Any]:
    """Return the JSON document that a form stands for: what was left empty is left out, what is no text stays."""
    several = frozenset(lists)
    document: dict[str, Any] = {}
    for name, text in filled.items():
        if name == WISH or (isinstance(text, str) and not text.strip()):
            continue
        value: Any = [line for line in text.split("\n") if line.strip()] if name in several else text
        place = document
        *way, last = name.split(".")
        for step in way:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise Problem("media-type-not-supported", "Send the form as the page has it.")
        place[last] = value
    listed: dict[str, Any] = _listed(document)
    return listed


def _listed(value: Any) -> Any:
    """Return the document with members that are numbered as lists, in the order of their numbers."""
    if not isinstance(value, dict):
        return value
    if value and all(name.isdigit() for name in value):
        return [_listed(value[name]) for name in sorted(value, key=int)]
    return {name: _listed(each) for name, each in value.items()}


def _field_of(path: str, filled: Mapping[str, Any]) -> str:
    """Return the field that a fault is about: the one of its path, or the nearest that the form has."""
    steps = path.replace("[", ".").replace("]", "").split(".")
    while steps:
        name = ".".join(steps)
        if name in filled or len(steps) == 1:
            return name
        steps.pop()
    return path


def _kept(filled: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in filled.items() if name != WISH}
