"""What does the page of one text show: what it says where, how it came to that, and the form for what comes next?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from api.content_page import (
    ProductSaid,
    choices_of,
    is_unranked,
    objections_to,
    parts_of,
    product_said,
    said_of,
)
from api.dependencies import Dependencies
from api.identity import Actor
from api.page_answers import viewer_of
from api.page_forms import blank_form
from api.problems import Problem
from api.rehearsing import RehearsalAnswer
from api.rights import Action, can
from readiness.content import Entry, Objection, ValueProposition
from readiness.policy import Stage
from store.content_history import Written, history_of
from store.names import names_of
from store.texts import PRODUCT_WIDE, Text, texts_of_region
from templates.differences import Change, differences
from templates.pages import (
    Follows,
    Form,
    OwnWords,
    PartChanged,
    RegionChoice,
    RevisionLine,
    TextPage,
    text_address,
)

MOST_REVISIONS = 20
"""Revisions that are shown with what they changed: the latest."""

_READ_BACK = 100
"""Revisions that are read, so that the oldest shown ones have what was before them beside them."""

FIELDS: Mapping[Stage, tuple[str, ...]] = {
    Stage.VALUE_PROPOSITIONS: ("statement", "proof_points", "buying_group", "economic_value", "advantages"),
    Stage.OBJECTION_HANDLING: ("objection", "answer", "rank"),
}
"""What a form asks for at each stage."""

LISTS = frozenset({"proof_points", "buying_group", "advantages"})


class CameBack(NamedTuple):
    """A form that was sent and not carried out, and what is to be said beside it."""

    form: Form
    region: str | None = None
    """The region whose withdrawal it was, or that it is for."""
    withdraws: bool = False
    moved: bool = False
    """Whether somebody else wrote meanwhile."""
    ends: tuple[str, ...] = ()
    rehearsed: RehearsalAnswer | None = None


def text_page(
    deps: Dependencies,
    actor: Actor,
    product: str,
    stage: Stage,
    key: str,
    *,
    region: str | None = None,
    back: CameBack | None = None,
) -> TextPage:
    """Return the page of one text, with the form for `region` or for the whole product; raises `not-found`."""
    with deps.store.reading() as tx:
        read_at = deps.store.now(tx)
        said = product_said(tx, actor, product, stages=[stage])
        within = [each.key.region for each in said.regions]
        written = history_of(tx, product, stage, key, within=within, limit=_READ_BACK)
        names = names_of(tx, {each.text.person for each in written} | {actor.person})
        objections = objections_to(tx, actor, said, stage)
    segments = said.launch.plan.policy.value_propositions.segments if stage is Stage.VALUE_PROPOSITIONS else ()
    if not written and key not in segments:
        raise Problem("not-found", f"Nothing is said of {product} under {key}; what is said is listed on its page.")
    withdrawing = back if back is not None and back.withdraws else None
    back = back if withdrawing is None else None
    held = texts_of_region(said.texts, product, region or PRODUCT_WIDE, stage).get(key)
    running = [each for each in said.regions if each.ending is None]
    mine = choices_of(each for each in running if can(actor, Action.EDIT_CONTENT, each.key.region))
    chosen = next((each for each in mine if each.region == region), None)
    may_write = chosen is not None if region is not None else can(actor, Action.EDIT_CONTENT)
    wide = texts_of_region(said.texts, product, PRODUCT_WIDE, stage).get(key)
    lines = tuple(_lines(said, written, names))
    return TextPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None,
        product=product,
        name=said.launch.plan.name,
        read_at=read_at,
        stage=stage,
        key=key,
        now=said_of(product, stage, key, wide, (), names),
        own=tuple(_own(said, stage, key, wide, mine, withdrawing)),
        history=lines[:MOST_REVISIONS],
        earlier=max(0, len(lines) - MOST_REVISIONS),
        objections=objections,
        form=_form(back, held) if may_write else None,
        region=chosen,
        choices=mine,
        why_not=None if may_write else "write-some" if mine else "write",
        theirs=_changed(held.entry if held is not None else None, _entry_of(back.form, stage))
        if back is not None and back.moved
        else (),
        moved_to=held.revision if back is not None and back.moved and held is not None else None,
        ends=tuple(RegionChoice(region=each, name=said.name_of(each)) for each in (back.ends if back else ())),
        follows=_follows(said, back.rehearsed) if back is not None and back.rehearsed is not None else None,
    )


def _form(back: CameBack | None, held: Text | None) -> Form:
    revision = str(held.revision) if held is not None else ""
    if back is not None:
        # Whoever sends it once more has seen what holds now, and means to write over it.
        values = {**back.form.values, "if_match": revision} if back.moved else back.form.values
        return Form(wish=back.form.wish, values=values, faults=back.form.faults, refusal=back.form.refusal)
    return blank_form({"if_match": revision, **(_values(held.entry) if held is not None else {})})


def _values(entry: Entry) -> dict[str, str]:
    rank = {"rank": str(entry.rank)} if isinstance(entry, Objection) and entry.rank is not None else {}
    return {part.field: "\n".join(part.lines) for part in parts_of(entry)} | rank


def _entry_of(form: Form, stage: Stage) -> Entry:
    """Return what a form would say, as far as it can be read."""

    def lines(name: str) -> tuple[str, ...]:
        return tuple(line for line in form.value(name).split("\n") if line.strip())

    if stage is Stage.VALUE_PROPOSITIONS:
        return ValueProposition(
            statement=form.value("statement"),
            proof_points=lines("proof_points"),
            buying_group=lines("buying_group"),
            economic_value=form.value("economic_value") or None,
            advantages=lines("advantages"),
        )
    rank = form.value("rank")
    return Objection(
        objection=form.value("objection"),
        answer=form.value("answer") or None,
        rank=int(rank) if rank.isdecimal() else None,
    )


def _own(
    said: ProductSaid,
    stage: Stage,
    key: str,
    wide: Text | None,
    mine: Sequence[RegionChoice],
    back: CameBack | None,
) -> Iterator[OwnWords]:
    may = {each.region for each in mine}
    for text in said.texts:
        if text.key != key or text.region == PRODUCT_WIDE or text.withdrawn:
            continue
        is_mine = text.region in may
        came_back = back if back is not None and back.region == text.region else None
        yield OwnWords(
            region=text.region,
            name=said.name_of(text.region),
            parts=parts_of(text.entry),
            revision=text.revision,
            moved_on=wide.revision if wide is not None and wide.revision > text.revision else None,
            edit=f"{text_address(text.product, stage, key)}?region={text.region}#write" if is_mine else None,
            # What was heard in the field is answered, and not taken back.
            withdraw=(came_back.form if came_back else blank_form()) if is_mine and not is_unranked(text) else None,
            ends_go=bool(came_back and came_back.ends),
        )


def _lines(said: ProductSaid, written: Sequence[Written], names: Mapping[str, str]) -> Iterator[RevisionLine]:
    """Yield the revisions, newest first; what one edit wrote for several regions is one."""
    for revision, group in groupby(written, key=lambda each: each.text.revision):
        # A withdrawal that an edit brings with it follows from that edit.
        together = list(group)
        wide = [each for each in together if each.text.region == PRODUCT_WIDE]
        first, *_ = wide or together
        text = first.text
        earlier = [each.text for each in written if each.text.revision < revision]
        before = _before(text, earlier)
        after = _holding(PRODUCT_WIDE, earlier) if text.withdrawn else text
        yield RevisionLine(
            revision=revision,
            digest=text.digest,
            who=names.get(text.person, text.person),
            at=text.at,
            regions=() if wide else tuple(said.name_of(each.text.region) for each in together),
            is_material=first.material,
            is_withdrawal=text.withdrawn,
            is_first=before is None,
            changes=_changed(before.entry if before else None, after.entry if after else None),
        )


def _before(text: Text, earlier: Iterable[Text]) -> Text | None:
    """Return what held before in the place of `text`: its own words there, or else the product's."""
    newest_first = tuple(earlier)
    own = next((each for each in newest_first if each.region == text.region), None)
    if own is not None and not own.withdrawn:
        return own
    return _holding(PRODUCT_WIDE, newest_first)


def _holding(region: str, newest_first: Iterable[Text]) -> Text | None:
    found = next((each for each in newest_first if each.region == region), None)
    return found if found is not None and not found.withdrawn else None


def _changed(before: Entry | None, after: Entry | None) -> tuple[PartChanged, ...]:
    """Return the fields that differ, each with what was taken out and put in."""
    old, new = (_values(entry) if entry is not None else {} for entry in (before, after))
    named = [field for fields in FIELDS.values() for field in fields if field in old or field in new]
    found = (PartChanged(field=f, pieces=differences(old.get(f, ""), new.get(f, ""))) for f in named)
    return tuple(each for each in found if any(piece.change is not Change.KEPT for piece in each.pieces))


def _follows(said: ProductSaid, answer: RehearsalAnswer) -> tuple[Follows, ...]:
    would = answer.would
    regions = {each.region for each in would.voided}
    regions |= {each.region for each in would.asked_again}
    regions |= {each.region for each in would.reopened} | {each.region for each in would.held}
    return tuple(
        Follows(
            region=said.name_of(region),
            voided=tuple(each.function for each in would.voided if each.region == region),
            asked_again=tuple(each.function for each in would.asked_again if each.region == region),
            reopened=tuple(each.stage for each in would.reopened if each.region == region),
            loses=next((each.verdict for each in would.held if each.region == region), None),
        )
        for region in sorted(regions)
    )
