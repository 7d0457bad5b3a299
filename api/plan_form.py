"""Which plan document does the form of a start stand for, and which form does a plan file fill?"""

# Rows that were left empty are no rows: the document counts on, so a fault of its third region may belong to the
# form's fifth row. What the form has no field for, the policy, is a text of its own.

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from api.strict_json import JsonRefused, parse_json
from readiness.impact import QUESTIONS
from readiness.plan_faults import Fault

ROWS: Mapping[str, tuple[str, ...]] = {
    "regions": ("region", "name", "time_zone", "wave", "launch_at"),
    "courses": ("course_id", "title", "min_score"),
}
"""Lists of the form, with the fields of one row."""

IDLE = {"regions": {"wave": "1"}, "courses": {}}
"""What an untouched row holds."""

FIRST_ROWS = {"regions": 5, "courses": 3}
MOST_ROWS = 500

_TOP = ("product", "name", "tier", "tier_reason", "owner", "launch_at")
_ASSESSMENT = ("assessment_id", "title", "pass_mark", "valid_days", "max_attempts")
_PLAIN = (
    *_TOP,
    *(f"impact.{question.key}" for question in QUESTIONS),
    *(f"assessment.{name}" for name in _ASSESSMENT),
)


LONGEST_YAML = 262_144
"""Characters of YAML, of which a megabyte takes ten seconds to read: four times a plan of five hundred regions. JSON
may be as long as any body."""


class PlanUnreadable(ValueError):  # noqa: N818 - named by its reason, as refusals are.
    """A text is neither YAML nor JSON, or holds no mapping."""


class Asked(NamedTuple):
    """What a form asks for: the document, and to which row of the form each row of it belongs."""

    document: dict[str, Any]
    rows: Mapping[str, tuple[int, ...]]
    faults: tuple[Fault, ...]
    """What cannot even be read."""

    def field_of(self, path: str) -> str:
        """Return the name of the field that a fault at `path` is about: its own, or the nearest above it."""
        steps = path.replace("[", ".").replace("]", "").split(".")
        if len(steps) > 1 and steps[0] in self.rows and steps[1].isdigit():
            rows = self.rows[steps[0]]
            place = int(steps[1])
            steps[1] = str(rows[place]) if place < len(rows) else steps[1]
            return ".".join(steps[:3]) if len(steps) > 2 else f"{steps[0]}.{steps[1]}.{ROWS[steps[0]][0]}"
        if steps[0] in ROWS:
            return f"{steps[0]}.{rows_in({}, steps[0])[0]}.{ROWS[steps[0]][0]}"
        if steps[0] == "assessment" and len(steps) == 1:
            return "assessment.assessment_id"
        if steps[0] in {"policy", "impact"} and len(steps) == 1:
            return "policy" if steps[0] == "policy" else "tier"
        return "policy" if steps[0] == "policy" else ".".join(steps[:2])


def asked_of(filled: Mapping[str, str]) -> Asked:
    """Return the plan document that a form stands for."""
    document: dict[str, Any] = {}
    for name in _PLAIN:
        if text := filled.get(name, "").strip():
            *way, last = name.split(".")
            place = document
            for step in way:
                place = place.setdefault(step, {})
            place[last] = text
    rows: dict[str, tuple[int, ...]] = {}
    for kind in ROWS:
        meant = tuple(row for row in rows_in(filled, kind) if _is_meant(filled, kind, row))
        rows[kind] = meant
        if meant:
            document[kind] = [dict(_row(filled, kind, row)) for row in meant]
    faults: tuple[Fault, ...] = ()
    if policy := filled.get("policy", "").strip():
        try:
            document["policy"] = document_in(policy)
        except PlanUnreadable as unreadable:
            faults = (Fault(path="policy", code="malformed", reason=str(unreadable)),)
    # An empty list says more plainly what is missing than no list at all.
    for kind in ROWS:
        document.setdefault(kind, [])
    return Asked(document, rows, faults)


def rows_in(filled: Mapping[str, str], kind: str) -> tuple[int, ...]:
    """Return the numbers of the rows that a form has, or begins with."""
    found = {int(name.split(".")[1]) for name in filled if _is_row(name, kind)}
    return tuple(sorted(found))[:MOST_ROWS] or tuple(range(FIRST_ROWS[kind]))


def filled_from(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the form that a plan without faults fills."""
    filled: dict[str, str] = {}
    for name in _PLAIN:
        value: Any = document
        for step in name.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None:
            filled[name] = _text(value)
    for kind, fields in ROWS.items():
        for number, row in enumerate(document.get(kind) or ()):
            for field in fields:
                value = row.get(field)
                filled[f"{kind}.{number}.{field}"] = IDLE[kind].get(field, "") if value is None else _text(value)
    if policy := document.get("policy"):
        filled["policy"] = json.dumps(policy, indent=2, default=str, ensure_ascii=False)
    return filled


def document_in(text: str) -> dict[str, Any]:
    """Return the mapping that a text of YAML or JSON holds, read as `ltl start` reads it; raises PlanUnreadable."""
    import yaml

    from api.plain_yaml import PlainLoader

    plain = text.removeprefix("\ufeff").strip()
    if plain.startswith("{"):
        try:
            document = parse_json(plain.encode("utf-8", "replace"))
        except JsonRefused:
            # YAML may begin so too.
            pass
        else:
            return document if isinstance(document, dict) else {}
    if len(plain) > LONGEST_YAML:
        raise PlanUnreadable(f"YAML is read up to {LONGEST_YAML:,} characters; send a longer plan as JSON.")
    try:
        document = yaml.load(plain, Loader=PlainLoader)  # noqa: S506 - a SafeLoader.
    except yaml.YAMLError as error:
        raise PlanUnreadable(f"It cannot be read as YAML or JSON: {error}") from error
    except RecursionError as error:
        raise PlanUnreadable("It is nested deeper than any plan.") from error
    if not isinstance(document, dict):
        raise PlanUnreadable("It does not hold a plan: one mapping with product, regions and so on is needed.")
    return document


def _is_row(name: str, kind: str) -> bool:
    steps = name.split(".")
    return len(steps) == 3 and steps[0] == kind and steps[1].isdecimal() and len(steps[1]) < 5 and steps[1].isascii()


def _is_meant(filled: Mapping[str, str], kind: str, row: int) -> bool:
    return any(value != IDLE[kind].get(field) for field, value in _row(filled, kind, row))


def _row(filled: Mapping[str, str], kind: str, row: int) -> Iterator[tuple[str, str]]:
    for field in ROWS[kind]:
        if text := filled.get(f"{kind}.{row}.{field}", "").strip():
            yield field, text


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)
