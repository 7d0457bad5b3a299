"""Which texts hold where, and under which digest would a region sign them?"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, select, tuple_

from readiness.content import Entry, Objection, ValueProposition, content_evidence, region_content, stage_digest
from readiness.evidence import ContentEvidence
from readiness.keys import RegionKey
from readiness.policy import SIGNED_STAGES, Stage
from readiness.region import RegionLaunch
from readiness.rules import may_be_spared, proves
from readiness.values import Digest
from store.lessons import lessons_of
from store.proven import launched_beside
from store.records_schema import content_revisions, stage_digests
from store.types import NEVER

PRODUCT_WIDE = ""
"""Stands for the region of a text that is said everywhere."""

HEARD = "heard"
"""The field in which an objection raised in a region says where it was heard; adaptations have none."""


class Text(NamedTuple):
    """The latest revision of one text: product-wide, or a region's own."""

    product: str
    stage: Stage
    key: str
    region: str
    revision: int
    digest: Digest
    entry: Entry
    body: Mapping[str, Any]
    withdrawn: bool
    person: str
    at: datetime

    @property
    def was_raised(self) -> bool:
        """Say whether this is an objection as it was raised in the field."""
        return HEARD in self.body


class StageDigest(NamedTuple):
    """What a region's stage is signed under: the present digest, and the earlier ones that mean the same."""

    sequence: int
    digest: Digest
    same_as: tuple[Digest, ...]
    since: datetime
    """When it came to mean what it does: at the latest edit that was material, or as the region began."""


def latest_texts(
    tx: Connection,
    products: Iterable[str],
    *,
    stages: Iterable[Stage] = SIGNED_STAGES,
    regions: Iterable[str] | None = None,
    as_of: datetime = NEVER,
) -> tuple[Text, ...]:
    """Return the latest revision of every text of these products, withdrawn ones too, in order of their keys.

    `regions` leaves out the texts of other regions; the product-wide ones always come. What was written after `as_of`
    is passed over.
    """
    wanted = {
        "products": sorted(set(products)),
        "stages": sorted(stage.value for stage in stages),
        "as_of": as_of,
    }
    if regions is None:
        return tuple(text_of(row) for row in tx.execute(_LATEST_EVERYWHERE, wanted))
    return tuple(text_of(row) for row in tx.execute(_LATEST, {**wanted, "regions": sorted({PRODUCT_WIDE, *regions})}))


def texts_of_region(texts: Iterable[Text], product: str, region: str, stage: Stage) -> dict[str, Text]:
    """Return, by key, the text that holds in a region at `stage`: its own where it has one, else the product's."""
    held = {PRODUCT_WIDE: {}, region: {}}  # type: dict[str, dict[str, Text]]
    for text in texts:
        if (text.product, text.stage) == (product, stage) and text.region in held and not text.withdrawn:
            held[text.region][text.key] = text
    laid_over = {**held[PRODUCT_WIDE], **held[region]}
    return {key: laid_over[key] for key in sorted(laid_over)}


def entries_of_region(texts: Iterable[Text], product: str, region: str, stage: Stage) -> dict[str, Any]:
    """Return, by key, what a region says at `stage`."""
    held = texts_of_region(texts, product, region, stage)
    wide = {key: text.entry for key, text in held.items() if text.region == PRODUCT_WIDE}
    own: dict[str, Any] = {key: text.entry for key, text in held.items() if text.region != PRODUCT_WIDE}
    return region_content(wide, own)


def writer_at(texts: Iterable[Text], region: str, stage: Stage, digest: StageDigest | None) -> str | None:
    """Return who wrote the text by which a region's stage came to mean what it does; None where it was written over
    since, or was there when the region began."""
    if digest is None:
        return None
    return next(
        (
            text.person
            for text in texts
            if text.at == digest.since and text.stage is stage and text.region in (PRODUCT_WIDE, region)
        ),
        None,
    )


def contents_of(
    tx: Connection, regions: Sequence[RegionLaunch], *, as_of: datetime = NEVER
) -> dict[RegionKey, tuple[ContentEvidence, ...]]:
    """Return what each region would sign at each signed stage, today or `as_of`, with two queries for all;
    four more at most where some are of a later wave, which have lessons beside it and may rest on what was proven."""
    texts: dict[str, list[Text]] = defaultdict(list)
    keys = [region.key for region in regions]
    for text in latest_texts(tx, (key.product for key in keys), regions={key.region for key in keys}, as_of=as_of):
        texts[text.product].append(text)
    digests = stage_digests_of(tx, keys, as_of=as_of)
    learned = lessons_of(tx, regions, as_of=as_of)
    launched = launched_beside(tx, regions, as_of=as_of)
    return {
        region.key: tuple(
            _with_proof(
                region,
                content_evidence(
                    stage,
                    entries_of_region(texts[region.key.product], region.key.product, region.key.region, stage),
                    region.policy,
                    digest.same_as if digest is not None else (),
                    changed_at=digest.since if digest is not None else None,
                    changed_by=writer_at(texts[region.key.product], region.key.region, stage, digest),
                    lessons=learned.get(region.key, ()),
                ),
                launched.get((region.key.product, region.launch_run), ()),
            )
            for stage in SIGNED_STAGES
            for digest in (digests.get((region.key, stage)),)
        )
        for region in regions
    }


def _with_proof(region: RegionLaunch, content: ContentEvidence, launched: Sequence[RegionLaunch]) -> ContentEvidence:
    names = tuple(sorted(earlier.key.region for earlier in launched if proves(earlier, region, content)))
    return content.model_copy(update={"proven_in": names}) if names and may_be_spared(region) else content


def stage_digests_of(
    tx: Connection, keys: Sequence[RegionKey], *, as_of: datetime = NEVER
) -> dict[tuple[RegionKey, Stage], StageDigest]:
    """Return the digest of each stage of these region launches, today or `as_of`, and those that mean the same.

    Walking back from the present one, each edit that was not material links to the digest before it.
    """
    if not keys:
        return {}
    wanted = {
        "products": sorted({key.product for key in keys}),
        "keys": [(key.product, key.region, key.run) for key in keys],
        "as_of": as_of,
    }
    chains: dict[tuple[RegionKey, Stage], list[Row[Any]]] = defaultdict(list)
    for row in tx.execute(_DIGESTS, wanted):
        chains[RegionKey(product=row.product, region=row.region, run=row.run), Stage(row.stage)].append(row)
    return {where: _walked_back(chain) for where, chain in chains.items()}


def begin_digests(tx: Connection, keys: Sequence[RegionKey], *, now: datetime) -> None:
    """Write the digests under which region launches that begin would sign what is there already."""
    if not keys:
        return
    texts = latest_texts(tx, (key.product for key in keys), regions={key.region for key in keys})
    rows = [
        _digest_row(
            key,
            stage,
            1,
            stage_digest(stage, entries_of_region(texts, key.product, key.region, stage)),
            material=True,
            now=now,
        )
        for key in keys
        for stage in SIGNED_STAGES
    ]
    tx.execute(_ADD_DIGEST, rows)


def add_digest(
    tx: Connection, key: RegionKey, stage: Stage, sequence: int, digest: Digest, *, material: bool, now: datetime
) -> None:
    """Write the digest that an edit led to."""
    tx.execute(_ADD_DIGEST, _digest_row(key, stage, sequence, digest, material=material, now=now))


def _digest_row(
    key: RegionKey, stage: Stage, sequence: int, digest: Digest, *, material: bool, now: datetime
) -> dict[str, Any]:
    return {
        **key.model_dump(),
        "stage": stage.value,
        "sequence": sequence,
        "digest": digest,
        "material": material,
        "at": now,
    }


def _latest(*, everywhere: bool) -> Select[Any]:
    columns = content_revisions.c
    identity = (columns.product, columns.stage, columns.key, columns.region)
    newest = select(*identity, func.max(columns.revision).label("revision")).where(
        columns.product.in_(bindparam("products", expanding=True)),
        columns.stage.in_(bindparam("stages", expanding=True)),
        columns.at <= bindparam("as_of"),
    )
    if not everywhere:
        newest = newest.where(columns.region.in_(bindparam("regions", expanding=True)))
    latest = newest.group_by(*identity).subquery()
    same = (latest.c[column.name] == column for column in (*identity, columns.revision))
    return select(content_revisions).join(latest, and_(*same)).order_by(*identity)


# What every look asks is put together once: building a statement takes longer than running it.
_LATEST_EVERYWHERE = _latest(everywhere=True)
_LATEST = _latest(everywhere=False)
_OF_REGION = (stage_digests.c.product, stage_digests.c.region, stage_digests.c.run)
_DIGESTS = (
    select(stage_digests)
    .where(
        # The products are for SQLite, which finds nothing by an index for a list of row values alone.
        stage_digests.c.product.in_(bindparam("products", expanding=True)),
        tuple_(*_OF_REGION).in_(bindparam("keys", expanding=True)),
        stage_digests.c.at <= bindparam("as_of"),
    )
    .order_by(*_OF_REGION, stage_digests.c.stage, stage_digests.c.sequence.desc())
)
_ADD_DIGEST = insert(stage_digests)


def entry_of(stage: Stage, body: Mapping[str, Any]) -> Entry:
    """Return the piece of content that `body` holds; raises ValueError where nothing is signed at `stage`."""
    match stage:
        case Stage.VALUE_PROPOSITIONS:
            return ValueProposition.model_validate(body)
        case Stage.OBJECTION_HANDLING:
            return Objection.model_validate(body)
        case _:
            raise ValueError(f"nothing is signed at the stage {stage.value}")


def text_of(row: Row[Any]) -> Text:
    """Return what a whole row of `content_revisions` holds."""
    stage = Stage(row.stage)
    return Text(
        product=row.product,
        stage=stage,
        key=row.key,
        region=row.region,
        revision=row.revision,
        digest=row.digest,
        entry=entry_of(stage, row.body),
        body=row.body,
        withdrawn=row.withdrawn,
        person=row.person,
        at=row.at,
    )


def _walked_back(newest_first: Sequence[Row[Any]]) -> StageDigest:
    present = newest_first[0]
    same: list[Digest] = []
    since: datetime = present.at
    for row, before in itertools.pairwise(newest_first):
        if row.material:
            break
        same.append(before.digest)
        since = before.at
    return StageDigest(present.sequence, present.digest, tuple(same), since)
