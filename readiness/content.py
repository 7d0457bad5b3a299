"""What does a region say, under which digest, and which edits change its meaning?"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeAlias, TypeVar

from readiness.canonical import Json, digest
from readiness.evidence import ContentEvidence, Lesson
from readiness.policy import Policy, Stage
from readiness.values import Digest, Frozen


class ValueProposition(Frozen):
    """What is said to one segment: one revision, as its author wrote it."""

    statement: str = ""
    proof_points: tuple[str, ...] = ()
    buying_group: tuple[str, ...] = ()
    economic_value: str | None = None
    advantages: tuple[str, ...] = ()


class Objection(Frozen):
    """What customers hold against the product and the answer to it: one revision, as its author wrote it."""

    objection: str
    answer: str | None = None
    rank: int | None = None
    """1 is what is heard most; None is heard in the field and not ranked, and signed by nobody."""


Entry: TypeAlias = ValueProposition | Objection
"""One piece of content; its key in a mapping is the segment's slug or the objection's."""

E = TypeVar("E", bound=ValueProposition | Objection)

_PARTS_OF_A_WHOLE = frozenset("%‰‱٪")
_BEFORE_A_FIGURE = frozenset("-‐‑‒–—.,")  # noqa: RUF001 - these are the dashes that people write a minus with.


def region_content(product_wide: Mapping[str, E], adapted: Mapping[str, E]) -> dict[str, E]:
    """Return what a region says, by key: the product's entries, each replaced by the region's own where it has one.

    `adapted` holds the region's adaptations that have not been withdrawn, and the objections raised there.
    """
    laid_over = {**product_wide, **adapted}
    return {key: laid_over[key] for key in sorted(laid_over)}


def entry_document(entry: Entry) -> dict[str, Json]:
    """Return `entry` as the JSON object that is digested, without the fields that say nothing.

    Leaving these out keeps the digests of old revisions when a later version brings a new field.
    """
    match entry:
        case ValueProposition():
            fields: dict[str, Json] = {
                "statement": entry.statement,
                "proof_points": entry.proof_points,
                "buying_group": entry.buying_group,
                "economic_value": entry.economic_value,
                "advantages": entry.advantages,
            }
        case Objection():
            fields = {"objection": entry.objection, "answer": entry.answer, "rank": entry.rank}
    return {name: value for name, value in fields.items() if value not in (None, "", ())}


def digest_of(entry: Entry) -> Digest:
    """Return the digest of one entry: the SHA-256 of the canonical JSON of its `entry_document`."""
    return digest(entry_document(entry))


def ranked_objections(entries: Mapping[str, Entry]) -> tuple[tuple[str, Objection], ...]:
    """Return the ranked objections with their keys, by rank and, where ranks tie, by key."""
    ranked = [
        (entry.rank, key, entry)
        for key, entry in entries.items()
        if isinstance(entry, Objection) and entry.rank is not None
    ]
    # No two share a key, so entries are never compared.
    return tuple((key, entry) for _, key, entry in sorted(ranked))


def stage_document(stage: Stage, entries: Mapping[str, Entry]) -> dict[str, Json]:
    """Return what is signed at `stage` in a region, as the JSON object that is digested; raises ValueError where
    nothing is signed.

    That is every segment in order of keys, or every ranked objection in order of rank: an objection raised in the
    field that nobody has ranked is listed beside it and reopens nothing.
    """
    signed: Iterable[tuple[str, Entry]]
    match stage:
        case Stage.VALUE_PROPOSITIONS:
            signed = [(key, entries[key]) for key in sorted(entries) if isinstance(entries[key], ValueProposition)]
        case Stage.OBJECTION_HANDLING:
            signed = ranked_objections(entries)
        case _:
            raise ValueError(f"nothing is signed at the stage {stage}")
    return {"stage": stage.value, "entries": [{"key": key, **entry_document(entry)} for key, entry in signed]}


def stage_digest(stage: Stage, entries: Mapping[str, Entry]) -> Digest:
    """Return the digest that a region's sign-offs of `stage` carry: that of its `stage_document`."""
    return digest(stage_document(stage, entries))


def is_material(old: Entry, new: Entry) -> bool:
    """Say whether the edit changes more than case, space and punctuation.

    Another rank, another number or order of points, and another figure are always material: what stands between two
    digits, the sign or point that a number begins with and a per cent sign are part of the figure, for 3.5 is not 35.
    """
    return _gist(old) != _gist(new)


def is_blank(text: str | None) -> bool:
    """Say whether `text` has nothing but space and punctuation, so that no edit turns blank into answered unseen."""
    # A letter or a digit is always told, and found sooner.
    return not any(map(str.isalnum, text or "")) and not _told(text)


def content_evidence(
    stage: Stage,
    entries: Mapping[str, Entry],
    policy: Policy,
    same_as: Iterable[Digest] = (),
    *,
    changed_at: datetime | None = None,
    changed_by: str | None = None,
    lessons: tuple[Lesson, ...] = (),
) -> ContentEvidence:
    """Return the evidence for the criteria of the signed `stage` in a region whose content is `entries`.

    `same_as` are the earlier digests that edits which were not material link to this content, `changed_at` the moment
    of the last edit that was, `changed_by` its writer, and `lessons` what earlier waves learned, beside the answers
    to objections. Raises ValueError for a stage where nothing is signed.
    """
    current = stage_digest(stage, entries)
    earlier = tuple(other for other in dict.fromkeys(same_as) if other != current)
    if stage is Stage.VALUE_PROPOSITIONS:
        segments = policy.value_propositions.segments
        missing = tuple(segment for segment in segments if not _is_stated(entries.get(segment)))
        return ContentEvidence(
            stage=stage,
            digest=current,
            same_as=earlier,
            missing=missing,
            changed_at=changed_at,
            changed_by=changed_by,
        )
    ranked = ranked_objections(entries)
    top = ranked[: policy.objection_handling.top_objections]
    unanswered = tuple(key for key, entry in top if is_blank(entry.answer))
    return ContentEvidence(
        stage=stage,
        digest=current,
        same_as=earlier,
        missing=unanswered,
        answered=len(top) - len(unanswered),
        ranked=len(ranked),
        changed_at=changed_at,
        changed_by=changed_by,
        lessons=lessons,
    )


def _is_stated(entry: Entry | None) -> bool:
    return isinstance(entry, ValueProposition) and not is_blank(entry.statement)


def _gist(entry: Entry) -> tuple[object, ...]:
    match entry:
        case ValueProposition():
            lists = (entry.proof_points, entry.buying_group, entry.advantages)
            texts = (_told(entry.statement), _told(entry.economic_value))
            return (*texts, *(tuple(_told(point) for point in points) for points in lists))
        case Objection():
            return (_told(entry.objection), _told(entry.answer), entry.rank)


def _told(text: str | None) -> str:
    """Return what `text` says, told apart from how it is set: without case, space and punctuation outside figures."""
    # Unicode 3.13, D145: canonical caseless matching folds between two decompositions.
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text or "").casefold())
    told: list[str] = []
    gap = ""
    for character in folded:
        if character.isspace() or unicodedata.category(character).startswith("P"):
            gap += character
            continue
        told.append(_kept_of(gap, before=told[-1] if told else "", after=character))
        told.append(character)
        gap = ""
    told.append(_kept_of(gap, before=told[-1] if told else "", after=""))
    return "".join(told)


def _kept_of(gap: str, *, before: str, after: str) -> str:
    """Return what a run of space and punctuation between two characters adds to the figures beside it."""
    marks = "".join(mark for mark in gap if not mark.isspace())
    if _is_figure(before) and _is_figure(after):
        return marks or (" " if gap else "")
    percent = "".join(mark for mark in marks if mark in _PARTS_OF_A_WHOLE) if _is_figure(before) else ""
    hangs_on_a_word = len(gap) == 1 and before != "" and unicodedata.category(before)[0] in "LM"
    sign = gap[-1:] if _is_figure(after) and gap[-1:] in _BEFORE_A_FIGURE and not hangs_on_a_word else ""
    return percent + sign


def _is_figure(character: str) -> bool:
    return character != "" and unicodedata.category(character).startswith("N")
