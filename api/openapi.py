"""How does the API describe itself?"""

# FastAPI writes the description; what it cannot know of this door is mended here: errors are problems, and the
# Idempotency-Key is required although its absence is answered by a problem of its own.

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.idempotency import HEADER
from api.problems import KINDS, MEDIA_TYPE, ProblemDocument

_REFERENCE = "#/components/schemas/{model}"
_VALIDATION_MODELS = ("HTTPValidationError", "ValidationError")

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
    for item in document.get("paths", {}).values():
        for operation in item.values():
            _mend(operation)
    return document


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
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header" and parameter["name"] == HEADER:
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"}
            statuses |= {"400"}
    for status in sorted(statuses):
        responses.setdefault(status, _problem_response(_titles(int(status))))
    responses["default"] = _problem_response("Any other problem.")


def _titles(status: int) -> str:
    return " ".join(kind.title for kind in KINDS.values() if kind.status == status)


def _problem_response(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}},
    }
