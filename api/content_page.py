"""What does the page show of all that is said of a product, who signed it, and what the field says to it?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from api.commanding import launch_not_found
from api.dependencies import Dependencies
from api.identity import Actor
from api.page_answers import viewer_of
from api.page_forms import blank_form
from api.rights import Action, Regions, allowed_regions, can
from readiness.content import Entry, Objection, ValueProposition
from readiness.evidence import ContentEvidence
from readiness.keys import RegionKey
from readiness.launch import Launch
from readiness.policy import SIGNED_STAGES, Stage
from readiness.region import RegionLaunch
from readiness.role_values import RoleLost
from readiness.signing import signings_of
from store.access import RolesRead
from store.commands import LoggedCommand, logged_all, reason_under
from store.names import names_of
from store.regions import latest_launch, latest_records, launch_record, pairs_of
from store.texts import HEARD, PRODUCT_WIDE, Text, contents_of, latest_texts
from templates.pages import (
    Comment,
    ContentPage,
    Form,
    Part,
    RegionChoice,
    SignedBy,
    SigningRow,
    StageSaid,
    TextSaid,
    text_address,
)

MOST_COMMENTS = 40
"""Comments that are shown: the latest. What was sent back is in each region's timeline too."""


class ProductSaid(NamedTuple):
    """A product's launch with the regions and texts of it that somebody may read."""

    launch: Launch
    regions: tuple[RegionLaunch, ...]
    texts: tuple[Text, ...]
    allowed: Regions

    def name_of(self, region: str) -> str:
        """Return the name of a region."""
        return next((each.plan.name for each in self.regions if each.key.region == region), region)


def product_said(
    tx: Connection, actor: Actor, product: str, *, stages: Iterable[Stage] = SIGNED_STAGES
) -> ProductSaid:
    """Return what `actor` may read of what is said of a product; raises the problem `not-found`."""
    allowed = allowed_regions(actor, Action.READ_CONTENT)
    seen = [region for _, region in pairs_of(tx, product) if allowed.covers(region)]
    key = latest_launch(tx, product)
    launch = launch_record(tx, key).launch if key is not None and seen else None
    if launch is None:
        raise launch_not_found(product)
    regions = tuple(record.region for record in latest_records(tx, product, seen))
    return ProductSaid(launch, regions, latest_texts(tx, [product], stages=stages, regions=seen), allowed)


def content_page(
    deps: Dependencies,
    actor: Actor,
    product: str,
    *,
    objection: Form | None = None,
    heard: Form | None = None,
) -> ContentPage:
    """Return the page of what is said of a product; `objection` and `heard` are forms that came back."""
    with deps.store.reading() as tx:
        read_at = deps.store.now(tx)
        said = product_said(tx, actor, product)
        contents = contents_of(tx, said.regions)
        lost = RolesRead(tx).lost_in(said.regions)
        told = _told(actor, said)
        notes = _notes(tx, told)
        persons = {text.person for text in said.texts} | {actor.person}
        persons |= {each.person for r in said.regions for each in (*r.sign_offs, *r.sent_back)}
        names = names_of(tx, persons)
    comments = [*_sent_back(told, contents, notes, names), *_heard(said, names)]
    comments.sort(key=lambda each: each.at, reverse=True)
    running = [region for region in said.regions if region.ending is None]
    hears = [region for region in running if can(actor, Action.RAISE_OBJECTION, region.key.region)]
    return ContentPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None,
        product=product,
        name=said.launch.plan.name,
        read_at=read_at,
        stages=tuple(_stage(said, stage, contents, lost, names, read_at) for stage in SIGNED_STAGES),
        comments=tuple(comments[:MOST_COMMENTS]),
        earlier=max(0, len(comments) - MOST_COMMENTS),
        objection=(objection or blank_form()) if can(actor, Action.EDIT_CONTENT) else None,
        heard=(heard or blank_form()) if hears else None,
        hears_in=choices_of(hears),
    )


def choices_of(regions: Iterable[RegionLaunch]) -> tuple[RegionChoice, ...]:
    """Return regions as they may be chosen."""
    return tuple(RegionChoice(region=each.key.region, name=each.plan.name) for each in regions)


def parts_of(entry: Entry) -> tuple[Part, ...]:
    """Return the fields of a text that say something, in the order in which people read them."""
    match entry:
        case ValueProposition():
            found: tuple[tuple[str, tuple[str, ...]], ...] = (
                ("statement", (entry.statement,)),
                ("proof_points", entry.proof_points),
                ("buying_group", entry.buying_group),
                ("economic_value", (entry.economic_value or "",)),
                ("advantages", entry.advantages),
            )
        case Objection():
            found = (("objection", (entry.objection,)), ("answer", (entry.answer or "",)))
    return tuple(Part(field=field, lines=lines) for field, lines in found if any(lines))


def said_of(
    product: str, stage: Stage, key: str, text: Text | None, own: Iterable[str], names: Mapping[str, str]
) -> TextSaid:
    """Return a text as pages show it; `own` are the names of the regions that say it otherwise."""
    entry = text.entry if text is not None else None
    return TextSaid(
        key=key,
        address=text_address(product, stage, key),
        parts=parts_of(entry) if entry is not None else (),
        rank=entry.rank if isinstance(entry, Objection) else None,
        revision=text.revision if text is not None else None,
        digest=text.digest if text is not None else "",
        who=names.get(text.person, text.person) if text is not None else "",
        at=text.at if text is not None else None,
        regions=tuple(own),
    )


def _stage(
    said: ProductSaid,
    stage: Stage,
    contents: Mapping[RegionKey, Sequence[ContentEvidence]],
    lost: Mapping[RegionKey, tuple[RoleLost, ...]],
    names: Mapping[str, str],
    now: datetime,
) -> StageSaid:
    policy = said.launch.plan.policy
    return StageSaid(
        stage=stage,
        texts=tuple(_texts(said, stage, names)),
        signers=policy.signers_of(stage),
        rows=tuple(
            SigningRow(
                product=region.key.product,
                region=region.key.region,
                name=region.plan.name,
                time_zone=region.plan.time_zone,
                digest=content.digest,
                missing=content.missing,
                signed=tuple(
                    SignedBy(
                        function=each.function,
                        state=each.state,
                        who=names.get(each.person, each.person) if each.person is not None else None,
                        at=each.at,
                    )
                    for each in signings_of(region, content, lost[region.key], now=now)
                ),
            )
            for region in said.regions
            for content in contents[region.key]
            if content.stage is stage
        ),
    )


def _texts(said: ProductSaid, stage: Stage, names: Mapping[str, str]) -> list[TextSaid]:
    held = [text for text in said.texts if text.stage is stage and not text.withdrawn and not is_unranked(text)]
    wide = {text.key: text for text in held if text.region == PRODUCT_WIDE}
    own: dict[str, list[str]] = {}
    for text in held:
        if text.region != PRODUCT_WIDE:
            own.setdefault(text.key, []).append(said.name_of(text.region))
    segments = said.launch.plan.policy.value_propositions.segments if stage is Stage.VALUE_PROPOSITIONS else ()
    keys = sorted({*wide, *own, *segments})
    product = said.launch.key.product
    found = [said_of(product, stage, key, wide.get(key), own.get(key, ()), names) for key in keys]
    return sorted(found, key=lambda each: (each.rank or 1_001, each.key))


def is_unranked(text: Text) -> bool:
    """Say whether this is an objection of a region alone that nobody has ranked: listed among what was heard."""
    return isinstance(text.entry, Objection) and text.entry.rank is None and text.was_raised


def objections_to(tx: Connection, actor: Actor, said: ProductSaid, stage: Stage) -> tuple[Comment, ...]:
    """Return why the texts of `stage` were sent back that are still as they were, as far as `actor` may read it."""
    told = [region for region in _told(actor, said) if any(note.stage is stage for note in region.sent_back)]
    names = names_of(tx, {note.person for region in told for note in region.sent_back})
    found = _sent_back(told, contents_of(tx, told), _notes(tx, told), names) if told else []
    return tuple(comment for comment in found if comment.stage is stage and comment.is_current)


def _told(actor: Actor, said: ProductSaid) -> list[RegionLaunch]:
    return [region for region in said.regions if can(actor, Action.READ_TIMELINE, region.key.region)]


def _notes(tx: Connection, told: Iterable[RegionLaunch]) -> dict[str, LoggedCommand]:
    return logged_all(tx, (note.command_id for region in told for note in region.sent_back if note.command_id))


def _sent_back(
    told: Iterable[RegionLaunch],
    contents: Mapping[RegionKey, Sequence[ContentEvidence]],
    notes: Mapping[str, LoggedCommand],
    names: Mapping[str, str],
) -> list[Comment]:
    return [
        Comment(
            function=note.function,
            stage=note.stage,
            region=region.plan.name,
            time_zone=region.plan.time_zone,
            who=names.get(note.person, note.person),
            at=note.at,
            text=reason_under(notes, note.command_id),
            heard=None,
            address=None,
            is_current=any(note.digest in (c.digest, *c.same_as) for c in contents[region.key]),
        )
        for region in told
        for note in region.sent_back
    ]


def _heard(said: ProductSaid, names: Mapping[str, str]) -> list[Comment]:
    zones = {region.key.region: region.plan.time_zone for region in said.regions}
    raised = [text for text in said.texts if text.was_raised and text.region in zones]
    return [
        Comment(
            function=None,
            stage=text.stage,
            region=said.name_of(text.region),
            time_zone=zones[text.region],
            who=names.get(text.person, text.person),
            at=text.at,
            text=text.body["objection"],
            heard=text.body.get(HEARD),
            address=text_address(text.product, text.stage, text.key),
            is_current=not text.withdrawn,
        )
        for text in raised
    ]
