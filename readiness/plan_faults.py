"""What is wrong with a plan document, and where in it?"""

import re
from collections.abc import Iterable, Mapping, Sequence

from readiness.instants import shown
from readiness.plan import Assessment, Course, LaunchPlan
from readiness.values import Frozen, Identifier

MOST_FAULTS = 500
"""Faults named at once; a document with more is not a plan, and its answer stays small."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_STEP = re.compile(r"\[(\d+)\]|\[('.*?'|\".*?\")\]|([^.\[\]]+)", re.DOTALL)


class Fault(Frozen):
    """One thing that is wrong: where, for programs by which name, and a sentence that says what to do."""

    path: str
    """As in `regions[1].time_zone`; empty for the document as a whole."""
    code: str
    """A stable slug, for example `unknown-time-zone`."""
    reason: str


class Mentioned(Frozen):
    """Whom and what a plan mentions that only the database knows: readable even while other parts are faulty."""

    owner: Identifier | None = None
    courses: tuple[tuple[str, Course], ...] = ()
    """Each with its path in the document, as in `courses[0]`."""
    assessment: Assessment | None = None


def mentioned_in(plan: LaunchPlan) -> Mentioned:
    """Return whom and what a plan without faults mentions."""
    courses = tuple((f"courses[{index}]", course) for index, course in enumerate(plan.courses))
    return Mentioned(owner=plan.owner, courses=courses, assessment=plan.assessment)


class PlanFaulty(ValueError):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """Carries every fault of a document, in document order."""

    def __init__(self, faults: Sequence[Fault], *, mentioned: Mentioned | None = None) -> None:
        self.faults = tuple(faults)
        self.mentioned = mentioned or Mentioned()
        """What the caller may check against the database, to answer with those faults as well."""
        count = f"{len(self.faults)} faults" if len(self.faults) != 1 else "1 fault"
        named = "; ".join(f"{fault.path}: {fault.reason}" if fault.path else fault.reason for fault in self.faults)
        super().__init__(f"{count}: {named}")

    def adding(self, more: Iterable[Fault], *, document: object) -> "PlanFaulty":
        """Return the same answer with further faults, each put where it belongs in `document`."""
        return PlanFaulty(in_document_order((*self.faults, *more), document), mentioned=self.mentioned)


def member(path: str, key: object) -> str:
    """Return the path of the member `key` of the mapping at `path`."""
    if not (isinstance(key, str) and _PLAIN_KEY.fullmatch(key)):
        return f"{path}[{shown(key if isinstance(key, str) else str(key)[:80])}]"
    return f"{path}.{key}" if path else key


def in_document_order(faults: Iterable[Fault], document: object) -> tuple[Fault, ...]:
    """Return `faults` as a reader of `document` comes across them; a missing member comes last in its mapping."""
    places = _Places()
    ordered = sorted(faults, key=lambda fault: places.of(fault.path, document))
    kept, left = ordered[:MOST_FAULTS], ordered[MOST_FAULTS:]
    if not left:
        return tuple(kept)
    return (*kept, Fault(path="", code="more-faults", reason=f"There are {len(left)} more; mend these first."))


class _Places:
    """Where in a document a path points to, as indexes that sort; each mapping is numbered once."""

    def __init__(self) -> None:
        self._numbered: dict[int, dict[str, tuple[int, object]]] = {}

    def of(self, path: str, document: object) -> tuple[int, ...]:
        place: list[int] = []
        here = document
        for step in _STEP.finditer(path):
            if isinstance(here, Mapping):
                index, here = self._members(here).get(step[3] or step[0], (len(here), None))
            elif isinstance(here, list | tuple) and step[1]:
                index = int(step[1])
                here = here[index] if index < len(here) else None
            else:
                break
            place.append(index)
        return tuple(place)

    def _members(self, mapping: Mapping[object, object]) -> dict[str, tuple[int, object]]:
        if id(mapping) not in self._numbered:
            numbered = {member("", key): (index, value) for index, (key, value) in enumerate(mapping.items())}
            self._numbered[id(mapping)] = numbered
        return self._numbered[id(mapping)]
