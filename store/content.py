"""Who may change what a region says, and whose sign-offs and go does an edit touch?"""

# An edit takes the rows of the regions it touches, raises their revision of facts where their digest changes, and is
# refused where it would end a standing go that it does not name.

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from readiness.canonical import digest
from readiness.content import Objection, content_evidence, digest_of
from readiness.evidence import ContentEvidence
from readiness.keys import RegionKey
from readiness.policy import SIGNED_STAGES, Stage
from readiness.region import Signature
from readiness.values import Digest
from store.commands import KeyReused
from store.edit_plans import Edit, EditPlan, Standing, plan_put, plan_withdrawal, text_written
from store.ledger import tell
from store.lessons import FIELD, hold_with_later_waves
from store.records_schema import content_revisions, stage_digests
from store.regions import (
    LaunchUnknown,
    RegionRecord,
    RegionUnknown,
    latest_launch,
    lock_launch,
    lock_open_regions,
    lock_region,
    mark_locked,
    open_regions,
    region_record,
)
from store.texts import (
    HEARD,
    PRODUCT_WIDE,
    Text,
    add_digest,
    entries_of_region,
    latest_texts,
    stage_digests_of,
    text_of,
    texts_of_region,
    writer_at,
)


class WouldHoldRegions(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The edit would end a go that stands, in regions that it does not name."""

    def __init__(self, regions: tuple[str, ...]) -> None:
        super().__init__(f"a go would end in {', '.join(regions)}")
        self.regions = regions


class Revision(NamedTuple):
    """What an edit made; `touched` are the region launches whose digest changed, all of them marked."""

    key: str
    revision: int
    digest: Digest
    touched: tuple[RegionKey, ...]


class ContentEntry(NamedTuple):
    """One text as it holds in a region."""

    text: Text
    moved_on: int | None
    """The product-wide revision that came after this region's adaptation of it; None where none did."""


class StageContent(NamedTuple):
    """What is to be signed at a stage in a region, under which digest, and who has signed or sent back what."""

    key: RegionKey
    stage: Stage
    evidence: ContentEvidence
    entries: tuple[ContentEntry, ...]
    raised: tuple[ContentEntry, ...]
    """Objections heard in the field that nobody has ranked: listed beside, signed by nobody."""
    signatures: tuple[Signature, ...]
    sent_back: tuple[Signature, ...]


def put_content(
    tx: Connection,
    *,
    product: str,
    stage: Stage,
    key: str,
    body: Mapping[str, Any],
    person: str,
    now: datetime,
    regions: Sequence[str] | None = None,
    material: bool = True,
    holds: Sequence[str] = (),
    if_match: int | None = None,
    must_be_new: bool = False,
) -> Revision:
    """Write a revision of one text, product-wide or, with `regions`, as the adaptation of each of them.

    A text that is there already word for word makes no new revision: the answer is that of the edit that wrote it,
    whatever revision the editor had read. Raises EditIsMaterial, WouldHoldRegions, RevisionMovedOn where `if_match`
    is not the revision that holds or where another text holds for one that `must_be_new`, LaunchUnknown and
    RegionUnknown.
    """
    plan = plan_put(
        tx,
        _held_rows(tx, product, regions),
        product=product,
        stage=stage,
        key=key,
        body=body,
        person=person,
        now=now,
        regions=regions,
        material=material,
        if_match=if_match,
        must_be_new=must_be_new,
    )
    if isinstance(plan, Standing):
        text = plan.text
        return Revision(key, text.revision, text.digest, _touched_by(tx, text))
    return _carry_out(tx, plan, holds)


def withdraw_content(
    tx: Connection,
    *,
    product: str,
    stage: Stage,
    key: str,
    regions: Sequence[str],
    person: str,
    now: datetime,
    holds: Sequence[str] = (),
    if_match: int | None = None,
) -> Revision:
    """End the adaptations of one text in `regions`: the product-wide text holds there again, if there is one.

    Raises NotThere where one of them has no adaptation, and as `put_content` does.
    """
    plan = plan_withdrawal(
        tx,
        _held_rows(tx, product, regions),
        product=product,
        stage=stage,
        key=key,
        regions=regions,
        person=person,
        now=now,
        if_match=if_match,
    )
    return _carry_out(tx, plan, holds)


def open_rows(tx: Connection, product: str, regions: Sequence[str] | None) -> tuple[RegionRecord, ...]:
    """Return the rows that an edit may touch, without taking them; raises LaunchUnknown and RegionUnknown."""
    if latest_launch(tx, product) is None:
        raise LaunchUnknown(f"{product} was never launched")
    return _touchable(product, [region_record(tx, key) for key in open_regions(tx, product)], regions)


def raise_objection(
    tx: Connection,
    key: RegionKey,
    *,
    objection: str,
    heard: str | None,
    person: str,
    idempotency_key: str,
    now: datetime,
) -> Revision:
    """Write an objection heard in a region: part of its content, not ranked, and so reopening nothing.

    The person's `idempotency_key` names it, so that the same wish sent again is the same objection. Raises KeyReused
    where they used it for another one, and RegionUnknown.
    """
    later = hold_with_later_waves(tx, key)
    record = lock_region(tx, key)
    if record.region.ending is not None:
        raise RegionUnknown(f"{key} has ended")
    entry = Objection(objection=objection)
    body = {"objection": objection, HEARD: heard}
    name = f"{FIELD}{digest([person, idempotency_key]).removeprefix('sha256:')[:12]}"
    earlier = next((text for text in revisions_of(tx, key.product, Stage.OBJECTION_HANDLING, name)), None)
    if earlier is not None:
        if (earlier.region, earlier.body) != (key.region, body):
            raise KeyReused(f"{person} used this Idempotency-Key for another objection")
        return Revision(name, earlier.revision, earlier.digest, ())
    edit = Edit(key.product, Stage.OBJECTION_HANDLING, name, (key.region,), entry, body, False, False, person, now)
    _write(tx, [text_written(edit, key.region, 1)], material=False)
    tell(tx, key, "objection_raised", now=now)
    mark_locked(tx, later)
    return Revision(name, 1, digest_of(entry), ())


def stage_content(tx: Connection, key: RegionKey, stage: Stage) -> StageContent:
    """Return what is to be signed at `stage` in a region; raises RegionUnknown, and ValueError for another stage."""
    if stage not in SIGNED_STAGES:
        raise ValueError(f"nothing is signed at the stage {stage.value}")
    region = region_record(tx, key).region
    texts = latest_texts(tx, [key.product], stages=[stage], regions=[key.region])
    chain = stage_digests_of(tx, [key]).get((key, stage))
    entries = entries_of_region(texts, key.product, key.region, stage)
    wide = {text.key: text for text in texts if text.region == PRODUCT_WIDE and not text.withdrawn}
    shown = [
        ContentEntry(text, _moved_on(text, wide.get(name)))
        for name, text in texts_of_region(texts, key.product, key.region, stage).items()
    ]
    return StageContent(
        key=key,
        stage=stage,
        evidence=content_evidence(
            stage,
            entries,
            region.policy,
            chain.same_as if chain is not None else (),
            changed_at=chain.since if chain is not None else None,
            changed_by=writer_at(texts, key.region, stage, chain),
        ),
        entries=tuple(sorted((e for e in shown if not _is_unranked(e.text)), key=_reading_order)),
        raised=tuple(e for e in shown if _is_unranked(e.text)),
        signatures=tuple(signature for signature in region.sign_offs if signature.stage is stage),
        sent_back=tuple(signature for signature in region.sent_back if signature.stage is stage),
    )


def revisions_of(tx: Connection, product: str, stage: Stage, key: str) -> tuple[Text, ...]:
    """Return every revision of one text, oldest first, with the regions' own."""
    chosen = select(content_revisions).filter_by(product=product, stage=stage.value, key=key)
    rows = tx.execute(chosen.order_by(content_revisions.c.revision, content_revisions.c.region))
    return tuple(text_of(row) for row in rows)


def _held_rows(tx: Connection, product: str, regions: Sequence[str] | None) -> tuple[RegionRecord, ...]:
    """Take the launch's row, so that edits and openings take turns, then the rows that an edit may touch."""
    launch = latest_launch(tx, product)
    if launch is None:
        raise LaunchUnknown(f"{product} was never launched")
    lock_launch(tx, launch)
    return _touchable(product, lock_open_regions(tx, product), regions)


def _touchable(
    product: str, records: Sequence[RegionRecord], regions: Sequence[str] | None
) -> tuple[RegionRecord, ...]:
    if regions is None:
        return tuple(records)
    unknown = sorted(set(regions) - {record.key.region for record in records})
    if unknown or not regions:
        raise RegionUnknown(f"{product} is not being launched in {', '.join(unknown) or 'no region at all'}")
    return tuple(record for record in records if record.key.region in regions)


def _carry_out(tx: Connection, plan: EditPlan, holds: Sequence[str]) -> Revision:
    edit = plan.edit
    ending = plan.ending(holds)
    if ending:
        raise WouldHoldRegions(ending)
    _write(tx, plan.texts, material=edit.material)
    for record in plan.left_behind:
        tell(tx, record.key, "adaptation_left_behind", now=edit.now)
    for each in plan.changes:
        add_digest(tx, each.record.key, edit.stage, each.sequence, each.digest, material=edit.material, now=edit.now)
    touched = tuple(each.record.key for each in plan.changes)
    # What was heard in the field is answered, or is no more: that counts in later waves, whose rows are held too.
    heard = edit.stage is Stage.OBJECTION_HANDLING and edit.key.startswith(FIELD)
    mark_locked(tx, open_regions(tx, edit.product) if heard else touched)
    return Revision(edit.key, plan.revision, digest_of(edit.entry), touched)


def _touched_by(tx: Connection, text: Text) -> tuple[RegionKey, ...]:
    """Return the region launches whose digest the edit that wrote `text` changed: they were noted as one."""
    noted = select(stage_digests.c.product, stage_digests.c.region, stage_digests.c.run).where(
        stage_digests.c.product == text.product,
        stage_digests.c.stage == text.stage.value,
        stage_digests.c.at == text.at,
        stage_digests.c.sequence > 1,
    )
    rows = tx.execute(noted.distinct().order_by(stage_digests.c.region, stage_digests.c.run))
    return tuple(RegionKey(product=row.product, region=row.region, run=row.run) for row in rows)


def _write(tx: Connection, texts: Sequence[Text], *, material: bool) -> None:
    tx.execute(
        insert(content_revisions),
        [
            {
                "product": text.product,
                "stage": text.stage.value,
                "key": text.key,
                "region": text.region,
                "revision": text.revision,
                "digest": text.digest,
                "body": dict(text.body),
                "material": material,
                "withdrawn": text.withdrawn,
                "person": text.person,
                "at": text.at,
            }
            for text in texts
        ],
    )


def _moved_on(text: Text, wide: Text | None) -> int | None:
    has_moved = text.region != PRODUCT_WIDE and wide is not None and wide.revision > text.revision
    return wide.revision if has_moved and wide is not None else None


def _is_unranked(text: Text) -> bool:
    return isinstance(text.entry, Objection) and text.entry.rank is None


def _reading_order(shown: ContentEntry) -> tuple[int, str]:
    entry = shown.text.entry
    return (entry.rank or 0 if isinstance(entry, Objection) else 0, shown.text.key)
