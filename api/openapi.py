"""How does the API describe itself?"""

# FastAPI writes the description; what it cannot know of this door is mended here: errors are problems, the
# Idempotency-Key is required although its absence is answered by a problem of its own, and two addresses that differ
# only in what their last part is called are one.

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.idempotency import HEADER
from api.problems import KINDS, MEDIA_TYPE, ProblemDocument

_REFERENCE = "#/components/schemas/{model}"
_VALIDATION_MODELS = ("HTTPValidationError", "ValidationError")

NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$"
"""What every name and id in an address looks like; of anything else there is nothing there."""

_TAGS_PATTERN = r'^([*]|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*)$'
_CURSOR_PATTERN = "^[A-Za-z0-9_.-]+$"

TAGS: dict[str, str] = {
    "health": "Whether the process is alive and can do its work.",
    "reference": "What the problems mean.",
    "launches": "Launches, their regions, owners and tiers.",
    "governing": "Sign-offs, waivers, polls, decisions, holds and the rules of a region.",
    "content": "What will be said, and who signed it.",
    "readiness": "Where everything stands, and why.",
    "imports": "Facts in bulk: people, audiences, completions, attempts.",
}
"""Every group of calls, and what it is about."""

DESCRIPTION = """\
Launch readiness that is enforced: no product launches in a region before its people have learned it and an executive
has said go. Errors are problem documents (RFC 9457); their `type` is stable.
"""


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of `app`."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version=app.openapi_version,
        description=DESCRIPTION,
        routes=app.routes,
        servers=app.servers,
        tags=app.openapi_tags,
    )
    _add_problem_models(document)
    document["servers"] = [{"url": "/", "description": "This installation."}]
    document["info"]["contact"] = {"name": "Whoever runs this installation"}
    document["paths"] = _merged(document.get("paths", {}))
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    for operation in operations:
        _mend(operation)
    used = dict.fromkeys(tag for operation in operations for tag in operation.get("tags", ()))
    document["tags"] = [{"name": tag, "description": TAGS.get(tag, f"Calls about {tag}.")} for tag in used]
    return document


def _merged(paths: dict[str, Any]) -> dict[str, Any]:
    """Return `paths` in which addresses that match the same requests are one, named after all that they take."""
    alike: dict[str, list[str]] = {}
    for path in paths:
        alike.setdefault(re.sub(r"\{[^}]+\}", "{}", path), []).append(path)
    merged: dict[str, Any] = {}
    for together in alike.values():
        names = [re.findall(r"\{([^}]+)\}", path) for path in together]
        own = ["_or_".join(dict.fromkeys(each)) for each in zip(*names, strict=True)]
        path = re.sub(r"\{[^}]+\}", "{}", together[0]).format(*(f"{{{name}}}" for name in own))
        item = merged.setdefault(path, {})
        for each, before in zip(together, names, strict=True):
            renamed = dict(zip(before, own, strict=True))
            for method, operation in paths[each].items():
                for parameter in operation.get("parameters", ()):
                    if parameter["in"] == "path":
                        parameter["name"] = renamed[parameter["name"]]
                item[method] = operation
    return merged


def _add_problem_models(document: dict[str, Any]) -> None:
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    for model in _VALIDATION_MODELS:
        schemas.pop(model, None)
    schema = ProblemDocument.model_json_schema(ref_template=_REFERENCE, mode="serialization", by_alias=True)
    schemas.update(schema.pop("$defs", {}))
    schemas["Problem"] = {**schema, "title": "Problem"}


def _mend(operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation.setdefault("responses", {})
    responses.pop("422", None)
    statuses = {"422"} if operation.get("parameters") or "requestBody" in operation else set()
    if operation.get("security"):
        statuses |= {"401", "403"}
    if "requestBody" in operation:
        statuses |= {"400", "413", "415"}
    operation.setdefault("description", operation.get("summary", ""))
    for parameter in operation.get("parameters", ()):
        _narrow(parameter)
        if parameter["name"] == "if-none-match" and "requestBody" not in operation:
            responses["304"] = {"description": "It is as you know it."}
        if parameter["in"] == "header" and parameter["name"] == HEADER:
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"}
            statuses |= {"400"}
    for status in sorted(statuses):
        responses.setdefault(status, _problem_response(_titles(int(status))))
    responses["default"] = _problem_response("Any other problem.")


def _narrow(parameter: dict[str, Any]) -> None:
    """Say of a text in an address or a header what it looks like, where no model says it."""
    schema = parameter["schema"]
    if parameter["in"] != "path" and {"type": "null"} in schema.get("anyOf", ()):
        # What is not sent is not sent: the word null would be a text like any other.
        others = [each for each in schema["anyOf"] if each != {"type": "null"}]
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        schema = parameter["schema"] = {**rest, **others[0]} if len(others) == 1 else {**rest, "anyOf": others}
    for text in (schema, *schema.get("anyOf", ())):
        if text.get("type") == "string" and not {"pattern", "enum", "format", "const"} & set(text):
            if parameter["in"] == "path":
                text["pattern"] = NAME_PATTERN
            elif parameter["name"] == "cursor":
                text.update(pattern=_CURSOR_PATTERN, minLength=1)
            elif parameter["name"] in {"if-match", "if-none-match"}:
                text.update(pattern=_TAGS_PATTERN, examples=["*"])


def _titles(status: int) -> str:
    return " ".join(kind.title for kind in KINDS.values() if kind.status == status)


def _problem_response(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}},
    }
