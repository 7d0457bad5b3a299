"""Which parts of a plan document can be read, and what is wrong with the others?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from readiness.instants import shown
from readiness.plan_bodies import Several
from readiness.plan_faults import Fault, member
from readiness.values import Body

_PATTERNS = {
    r"^[a-z0-9-]{1,64}$": "Use 1 to 64 lower-case letters, digits and hyphens, for example atlas-2.",
    r"^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$": "Use 1 to 128 letters, digits and . _ @ : + - beginning with a letter "
    "or a digit, for example pm-7.",
}


@dataclass(frozen=True)
class Read:
    """A mapping of the document: what could be read of it, and which of its fields were given but are faulty."""

    path: str
    values: dict[str, Any] = field(default_factory=dict)
    faulty: frozenset[str] = frozenset()

    def part(self, name: str) -> "Read":
        """Return the mapping under `name`; an empty one where there is none that can be read."""
        return self.values.get(name) or Read(self.at(name))

    def parts(self, name: str) -> list["Read"]:
        """Return the mappings listed under `name` that could be read."""
        return [item for _, item in self.values.get(name, ())]

    def items(self, name: str) -> tuple[Any, ...] | None:
        """Return the plain values listed under `name` that could be read; None where the field was left out."""
        return tuple(item for _, item in self.values[name]) if name in self.values else None

    def settings(self) -> dict[str, Any]:
        """Return the fields by name, lists as tuples; for a mapping that holds no other mappings."""
        return {name: self.items(name) if isinstance(value, list) else value for name, value in self.values.items()}

    def is_open(self, name: str) -> bool:
        """Say whether `name` was left out, rather than given and faulty."""
        return name not in self.values and name not in self.faulty

    def at(self, name: str) -> str:
        """Return the path of the field `name`."""
        return member(self.path, name)


@dataclass(frozen=True)
class _Field:
    """How a field is read: as a mapping or as a plain value, or as several of either."""

    shape: type[Body] | TypeAdapter[Any]
    required: bool
    several: Several | None = None


def read_part(body: type[Body], document: object, path: str, faults: list[Fault]) -> Read | None:
    """Return what can be read of `document`, at `path`, as `body` describes it; None if it is no mapping at all.

    What cannot be read is added to `faults` and spoils nothing beside it, so that one answer can name them all. A
    field of nothing (`null`) counts as left out.
    """
    fields = _fields_of(body)
    if not isinstance(document, Mapping):
        wanted = f"Give a mapping with the fields {', '.join(fields)}."
        faults.append(Fault(path=path, code="wrong-type", reason=wanted))
        return None
    values: dict[str, Any] = {}
    faulty: set[str] = set()
    for name, described in fields.items():
        given = document.get(name)
        at = member(path, name)
        if given is None:
            if described.required:
                faults.append(Fault(path=at, code="missing-field", reason=f"The field {name} is missing; give it."))
            continue
        before = len(faults)
        if described.several is None:
            read = _read(described.shape, given, at, faults)
        else:
            read = _read_several(described.shape, described.several, given, at, faults)
        if read is not None:
            values[name] = read
        if len(faults) > before:
            faulty.add(name)
    for key in document:
        if not (isinstance(key, str) and key in fields):
            known = f"There is no such field here; leave it out or use one of {', '.join(fields)}."
            faults.append(Fault(path=member(path, key), code="unknown-field", reason=known))
    return Read(path, values, frozenset(faulty))


@cache
def _fields_of(body: type[Body]) -> dict[str, _Field]:
    hints = get_type_hints(body, include_extras=True)
    return {name: _described(hints[name], required=info.is_required()) for name, info in body.model_fields.items()}


def _described(hint: Any, *, required: bool) -> _Field:
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (option for option in get_args(hint) if option is not type(None))
    several = next((mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Several)), None)
    if several is not None:
        (listed, *_) = get_args(hint)
        (item, _) = get_args(listed)
        return _Field(_described(item, required=True).shape, required, several)
    if isinstance(hint, type) and issubclass(hint, Body):
        return _Field(hint, required)
    return _Field(TypeAdapter(hint), required)


def _read(shape: type[Body] | TypeAdapter[Any], given: object, path: str, faults: list[Fault]) -> Any:
    if not isinstance(shape, TypeAdapter):
        return read_part(shape, given, path, faults)
    try:
        return shape.validate_python(given)
    except ValidationError as error:
        faults.append(_fault_of(error.errors(include_url=False)[0], path))
        return None


def _read_several(
    shape: type[Body] | TypeAdapter[Any], several: Several, given: object, path: str, faults: list[Fault]
) -> list[tuple[str, Any]] | None:
    if not isinstance(given, list | tuple):
        faults.append(Fault(path=path, code="wrong-type", reason="Give a list, in square brackets or with dashes."))
        return None
    if not given and several.empty is not None:
        faults.append(Fault(path=path, code="empty", reason=several.empty))
        return None
    if len(given) > several.most:
        faults.append(Fault(path=path, code="too-many", reason=f"List at most {several.most}, not {len(given)}."))
        return None
    items: list[tuple[str, Any]] = []
    for index, item in enumerate(given):
        at = f"{path}[{index}]"
        read = _read(shape, item, at, faults)
        if read is None:
            continue
        if several.twice is not None and any(read == earlier for _, earlier in items):
            reason = f"{shown(str(read))} is listed already; list it once."
            faults.append(Fault(path=at, code=several.twice, reason=reason))
            continue
        items.append((at, read))
    return items


def _fault_of(error: ErrorDetails, path: str) -> Fault:
    """Return what pydantic found in the words of this project."""
    context = error.get("ctx", {})
    match error["type"]:
        case "fault":
            return Fault(path=path, code=context["code"], reason=context["reason"])
        case "string_type" if isinstance(error["input"], bool):
            code, reason = "wrong-type", "Put it in quotes: YAML reads yes, no, on and off as true and false."
        case "string_type":
            code, reason = "wrong-type", "Give text; put it in quotes if it looks like a number or a date."
        case "string_pattern_mismatch":
            code, reason = "malformed", _PATTERNS[context["pattern"]]
        case "string_too_short":
            code, reason = "empty", "Give at least one character."
        case "string_too_long":
            code, reason = "too-long", f"Give at most {context['max_length']} characters."
        case "string_unicode":
            code, reason = "malformed", "A lone surrogate is not a character; leave it out."
        case "value_error":
            said = str(context["error"])
            code, reason = "malformed", f"{said[:1].upper()}{said[1:]}; leave it out."
        case _:
            code, reason = "malformed", f"{error['msg']}."
    return Fault(path=path, code=code, reason=reason)
