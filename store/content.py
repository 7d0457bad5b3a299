"""Who may change what a region says, and whose sign-offs and go does an edit touch?"""

# An edit takes the rows of the regions it touches, raises their revision of facts where their digest changes, and is
# refused where it would end a standing go that it does not name.

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from readiness.canonical import digest
from readiness.content import Entry, Objection, content_evidence, digest_of, is_material, stage_digest
from readiness.evidence import ContentEvidence
from readiness.keys import RegionKey
from readiness.policy import SIGNED_STAGES, Stage
from readiness.region import Signature, Verdict
from readiness.rules import verdict_of
from readiness.values import Digest
from store.commands import KeyReused
from store.ledger import tell
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
    region_record,
)
from store.texts import (
    HEARD,
    PRODUCT_WIDE,
    Text,
    add_digest,
    entries_of_region,
    entry_of,
    latest_texts,
    stage_digests_of,
    text_of,
    texts_of_region,
)


class EditIsMaterial(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The edit was said not to be material, but it changes more than case, space and punctuation."""


class WouldHoldRegions(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The edit would end a go that stands, in regions that it does not name."""

    def __init__(self, regions: tuple[str, ...]) -> None:
        super().__init__(f"a go would end in {', '.join(regions)}")
        self.regions = regions


class RevisionMovedOn(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The edit was made to another revision than the one that holds."""

    def __init__(self, current: int | None) -> None:
        super().__init__(f"the revision that holds is {current}")
        self.current = current


class NotThere(LookupError):  # noqa: N818 - named by its reason, as refusals are.
    """There is no such text to withdraw."""


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


class _Edit(NamedTuple):
    product: str
    stage: Stage
    key: str
    targets: tuple[str, ...]
    entry: Entry
    body: Mapping[str, Any]
    material: bool
    withdrawn: bool
    person: str
    now: datetime


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
    entry = entry_of(stage, body)
    records = _held_rows(tx, product, regions)
    texts = latest_texts(tx, [product], stages=[stage])
    targets = tuple(sorted(set(regions))) if regions is not None else (PRODUCT_WIDE,)
    holding = {target: texts_of_region(texts, product, target, stage).get(key) for target in targets}
    standing = [t for where, t in holding.items() if t is not None and t.region == where and t.entry == entry]
    if len(standing) == len(targets):
        # Whoever lost the answer asks again with the revision that they read: the wish is fulfilled, not too late.
        latest = max(standing, key=lambda text: text.revision)
        return Revision(key, latest.revision, digest_of(entry), _touched_by(tx, latest))
    _require_match(holding, if_match)
    if must_be_new and (there := next((text for text in holding.values() if text is not None), None)) is not None:
        raise RevisionMovedOn(there.revision)
    if not material and any(text is None or is_material(text.entry, entry) for text in holding.values()):
        raise EditIsMaterial("the edit changes more than case, space and punctuation")
    edit = _Edit(product, stage, key, targets, entry, body, material, False, person, now)
    return _carry_out(tx, edit, records, texts, holds)


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
    records = _held_rows(tx, product, regions)
    texts = latest_texts(tx, [product], stages=[stage])
    targets = tuple(sorted(set(regions)))
    holding = {target: texts_of_region(texts, product, target, stage).get(key) for target in targets}
    _require_match(holding, if_match)
    own = [text for text in holding.values() if text is not None and text.region != PRODUCT_WIDE]
    if len(own) != len(targets):
        raise NotThere(f"{key} is not adapted in each of {', '.join(targets)}")
    edit = _Edit(product, stage, key, targets, own[0].entry, own[0].body, True, True, person, now)
    return _carry_out(tx, edit, records, texts, holds)


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
    record = lock_region(tx, key)
    if record.region.ending is not None:
        raise RegionUnknown(f"{key} has ended")
    entry = Objection(objection=objection)
    body = {"objection": objection, HEARD: heard}
    name = f"field-{digest([person, idempotency_key]).removeprefix('sha256:')[:12]}"
    earlier = next((text for text in revisions_of(tx, key.product, Stage.OBJECTION_HANDLING, name)), None)
    if earlier is not None:
        if (earlier.region, earlier.body) != (key.region, body):
            raise KeyReused(f"{person} used this Idempotency-Key for another objection")
        return Revision(name, earlier.revision, earlier.digest, ())
    edit = _Edit(key.product, Stage.OBJECTION_HANDLING, name, (key.region,), entry, body, False, False, person, now)
    _write(tx, edit, 1)
    tell(tx, key, "objection_raised", now=now)
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
        evidence=content_evidence(stage, entries, region.policy, chain.same_as if chain is not None else ()),
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
    records = lock_open_regions(tx, product)
    if regions is None:
        return records
    unknown = sorted(set(regions) - {record.key.region for record in records})
    if unknown or not regions:
        raise RegionUnknown(f"{product} is not being launched in {', '.join(unknown) or 'no region at all'}")
    return tuple(record for record in records if record.key.region in regions)


def _require_match(holding: Mapping[str, Text | None], if_match: int | None) -> None:
    if if_match is None:
        return
    for text in holding.values():
        if text is None or text.revision != if_match:
            raise RevisionMovedOn(text.revision if text is not None else None)


def _carry_out(
    tx: Connection, edit: _Edit, records: Sequence[RegionRecord], before: Sequence[Text], holds: Sequence[str]
) -> Revision:
    revision = _next_revision(tx, edit)
    _write(tx, edit, revision)
    if edit.targets == (PRODUCT_WIDE,):
        _take_over(tx, edit, before, revision)
        _tell_adapted(tx, edit, records, before)
    after = latest_texts(tx, [edit.product], stages=[edit.stage])
    chains = stage_digests_of(tx, [record.key for record in records])
    touched: list[RegionRecord] = []
    for record in records:
        chain = chains.get((record.key, edit.stage))
        present = stage_digest(edit.stage, entries_of_region(after, edit.product, record.key.region, edit.stage))
        if chain is not None and chain.digest == present:
            continue
        sequence = chain.sequence + 1 if chain is not None else 1
        add_digest(tx, record.key, edit.stage, sequence, present, material=edit.material, now=edit.now)
        touched.append(record)
    ending = tuple(r.key.region for r in touched if edit.material and _has_go(r) and r.key.region not in holds)
    if ending:
        raise WouldHoldRegions(ending)
    mark_locked(tx, [record.key for record in touched])
    return Revision(edit.key, revision, digest_of(edit.entry), tuple(record.key for record in touched))


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


def _next_revision(tx: Connection, edit: _Edit) -> int:
    last = select(func.max(content_revisions.c.revision)).filter_by(
        product=edit.product, stage=edit.stage.value, key=edit.key
    )
    return (tx.execute(last).scalar() or 0) + 1


def _write(tx: Connection, edit: _Edit, revision: int) -> None:
    tx.execute(
        insert(content_revisions),
        [
            {
                "product": edit.product,
                "stage": edit.stage.value,
                "key": edit.key,
                "region": target,
                "revision": revision,
                "digest": digest_of(edit.entry),
                "body": dict(edit.body),
                "material": edit.material,
                "withdrawn": edit.withdrawn,
                "person": edit.person,
                "at": edit.now,
            }
            for target in edit.targets
        ],
    )


def _take_over(tx: Connection, edit: _Edit, before: Sequence[Text], revision: int) -> None:
    """Let an objection that the whole product now answers hold where it was raised, in place of the raised one."""
    raised = [
        t for t in before if t.key == edit.key and t.region != PRODUCT_WIDE and t.was_raised and not t.withdrawn
    ]
    for text in raised:
        own = edit._replace(targets=(text.region,), entry=text.entry, body=text.body, withdrawn=True)
        _write(tx, own, revision)


def _tell_adapted(tx: Connection, edit: _Edit, records: Sequence[RegionRecord], before: Sequence[Text]) -> None:
    own = {t.region for t in before if t.key == edit.key and not t.withdrawn and not t.was_raised}
    for record in records:
        if record.key.region in own:
            tell(tx, record.key, "adaptation_left_behind", now=edit.now)


def _has_go(record: RegionRecord) -> bool:
    return verdict_of(record.region) in {Verdict.GO, Verdict.CONDITIONAL_GO}


def _moved_on(text: Text, wide: Text | None) -> int | None:
    has_moved = text.region != PRODUCT_WIDE and wide is not None and wide.revision > text.revision
    return wide.revision if has_moved and wide is not None else None


def _is_unranked(text: Text) -> bool:
    return isinstance(text.entry, Objection) and text.entry.rank is None


def _reading_order(shown: ContentEntry) -> tuple[int, str]:
    entry = shown.text.entry
    return (entry.rank or 0 if isinstance(entry, Objection) else 0, shown.text.key)
