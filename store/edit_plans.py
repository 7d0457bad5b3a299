"""What would an edit of content write, which digests would it change, and which gos would it end?"""

# A plan is made by reading alone: the edit carries it out under the rows that it holds, a rehearsal only tells it.

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from readiness.content import Entry, digest_of, is_material, stage_digest
from readiness.policy import Stage
from readiness.region import Verdict
from readiness.rules import verdict_of
from readiness.values import Digest
from store.records_schema import content_revisions
from store.regions import RegionRecord
from store.texts import (
    PRODUCT_WIDE,
    Text,
    entries_of_region,
    entry_of,
    latest_texts,
    stage_digests_of,
    texts_of_region,
)


class EditIsMaterial(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The edit was said not to be material, but it changes more than case, space and punctuation."""


class RevisionMovedOn(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The edit was made to another revision than the one that holds."""

    def __init__(self, current: int | None) -> None:
        super().__init__(f"the revision that holds is {current}")
        self.current = current


class NotThere(LookupError):  # noqa: N818 - named by its reason, as refusals are.
    """There is no such text to withdraw."""


class Edit(NamedTuple):
    """One edit of one text: what it says from now on, and where; empty for everywhere."""

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


class Changed(NamedTuple):
    """A region whose digest the edit changes, and what it would say and sign from then on."""

    record: RegionRecord
    sequence: int
    digest: Digest
    same_as: tuple[Digest, ...]
    """The earlier digests that mean the same."""
    entries: Mapping[str, Entry]


class EditPlan(NamedTuple):
    """What an edit writes, all of it decided."""

    edit: Edit
    revision: int
    texts: tuple[Text, ...]
    changes: tuple[Changed, ...]
    left_behind: tuple[RegionRecord, ...]
    """Regions whose adaptation stands while the product-wide text moves on."""

    def ending(self, holds: Sequence[str]) -> tuple[str, ...]:
        """Return the regions, but those that `holds` names, whose standing go the edit would end."""
        return tuple(
            changed.record.key.region
            for changed in self.changes
            if self.edit.material and _has_go(changed.record) and changed.record.key.region not in holds
        )


class Standing(NamedTuple):
    """A text that is there already word for word: nothing is to be written."""

    text: Text


def plan_put(
    tx: Connection,
    records: Sequence[RegionRecord],
    *,
    product: str,
    stage: Stage,
    key: str,
    body: Mapping[str, Any],
    person: str,
    now: datetime,
    regions: Sequence[str] | None,
    material: bool,
    if_match: int | None,
    must_be_new: bool,
) -> EditPlan | Standing:
    """Return what writing one text would do in the regions of `records`.

    Raises EditIsMaterial and RevisionMovedOn.
    """
    entry = entry_of(stage, body)
    texts = latest_texts(tx, [product], stages=[stage])
    targets = tuple(sorted(set(regions))) if regions is not None else (PRODUCT_WIDE,)
    holding = {target: texts_of_region(texts, product, target, stage).get(key) for target in targets}
    standing = [t for where, t in holding.items() if t is not None and t.region == where and t.entry == entry]
    if len(standing) == len(targets):
        # Whoever lost the answer asks again with the revision that they read: the wish is fulfilled, not too late.
        return Standing(max(standing, key=lambda text: text.revision))
    _require_match(holding, if_match)
    if must_be_new and (there := next((text for text in holding.values() if text is not None), None)) is not None:
        raise RevisionMovedOn(there.revision)
    if not material and any(text is None or is_material(text.entry, entry) for text in holding.values()):
        raise EditIsMaterial("the edit changes more than case, space and punctuation")
    return _planned(tx, Edit(product, stage, key, targets, entry, body, material, False, person, now), records, texts)


def plan_withdrawal(
    tx: Connection,
    records: Sequence[RegionRecord],
    *,
    product: str,
    stage: Stage,
    key: str,
    regions: Sequence[str],
    person: str,
    now: datetime,
    if_match: int | None,
) -> EditPlan:
    """Return what ending the adaptations of one text in `regions` would do; raises NotThere and RevisionMovedOn."""
    texts = latest_texts(tx, [product], stages=[stage])
    targets = tuple(sorted(set(regions)))
    holding = {target: texts_of_region(texts, product, target, stage).get(key) for target in targets}
    _require_match(holding, if_match)
    own = [text for text in holding.values() if text is not None and text.region != PRODUCT_WIDE]
    if len(own) != len(targets):
        raise NotThere(f"{key} is not adapted in each of {', '.join(targets)}")
    edit = Edit(product, stage, key, targets, own[0].entry, own[0].body, True, True, person, now)
    return _planned(tx, edit, records, texts)


def text_written(edit: Edit, region: str, revision: int) -> Text:
    """Return the text that `edit` writes for `region`, or for everywhere."""
    return Text(
        product=edit.product,
        stage=edit.stage,
        key=edit.key,
        region=region,
        revision=revision,
        digest=digest_of(edit.entry),
        entry=edit.entry,
        body=edit.body,
        withdrawn=edit.withdrawn,
        person=edit.person,
        at=edit.now,
    )


def _planned(tx: Connection, edit: Edit, records: Sequence[RegionRecord], before: Sequence[Text]) -> EditPlan:
    revision = _next_revision(tx, edit)
    is_wide = edit.targets == (PRODUCT_WIDE,)
    written = [text_written(edit, target, revision) for target in edit.targets]
    if is_wide:
        written.extend(_taken_over(edit, before, revision))
    after = {(text.key, text.region): text for text in (*before, *written)}.values()
    return EditPlan(
        edit=edit,
        revision=revision,
        texts=tuple(written),
        changes=tuple(_changes(tx, edit, records, after)),
        left_behind=_left_behind(edit, records, before) if is_wide else (),
    )


def _changes(tx: Connection, edit: Edit, records: Sequence[RegionRecord], after: Iterable[Text]) -> Iterable[Changed]:
    chains = stage_digests_of(tx, [record.key for record in records])
    for record in records:
        chain = chains.get((record.key, edit.stage))
        entries = entries_of_region(after, edit.product, record.key.region, edit.stage)
        present = stage_digest(edit.stage, entries)
        if chain is None:
            yield Changed(record, 1, present, (), entries)
        elif chain.digest != present:
            same_as = () if edit.material else (chain.digest, *chain.same_as)
            yield Changed(record, chain.sequence + 1, present, same_as, entries)


def _taken_over(edit: Edit, before: Sequence[Text], revision: int) -> Iterable[Text]:
    """Yield the withdrawal of what regions raised and the whole product now answers: that holds there from now on."""
    for text in before:
        if text.key == edit.key and text.region != PRODUCT_WIDE and text.was_raised and not text.withdrawn:
            own = edit._replace(entry=text.entry, body=text.body, withdrawn=True)
            yield text_written(own, text.region, revision)


def _left_behind(edit: Edit, records: Sequence[RegionRecord], before: Sequence[Text]) -> tuple[RegionRecord, ...]:
    own = {t.region for t in before if t.key == edit.key and not t.withdrawn and not t.was_raised}
    return tuple(record for record in records if record.key.region in own)


def _next_revision(tx: Connection, edit: Edit) -> int:
    last = select(func.max(content_revisions.c.revision)).filter_by(
        product=edit.product, stage=edit.stage.value, key=edit.key
    )
    return (tx.execute(last).scalar() or 0) + 1


def _require_match(holding: Mapping[str, Text | None], if_match: int | None) -> None:
    if if_match is None:
        return
    for text in holding.values():
        if text is None or text.revision != if_match:
            raise RevisionMovedOn(text.revision if text is not None else None)


def _has_go(record: RegionRecord) -> bool:
    return verdict_of(record.region) in {Verdict.GO, Verdict.CONDITIONAL_GO}
