"""Does an edit touch exactly what it changes, and never end a go unasked?"""

from datetime import timedelta

import pytest

from readiness.commands import Role
from readiness.events import SignOffVoided
from readiness.policy import Stage
from readiness.region import Verdict
from store.board import board, refresh_figures
from store.commands import KeyReused
from store.content import (
    Revision,
    WouldHoldRegions,
    raise_objection,
    revisions_of,
    stage_content,
    withdraw_content,
)
from store.edit_plans import EditIsMaterial, NotThere, RevisionMovedOn
from store.ledger import untold
from store.regions import RegionUnknown, region_record
from store.texts import contents_of
from tests.readiness.builders import SIGNERS
from tests.store.desk import PRODUCT, Desk

MESSAGE = Stage.VALUE_PROPOSITIONS
OBJECTIONS = Stage.OBJECTION_HANDLING


def message(text: str) -> dict[str, str]:
    """Return the body of a value proposition."""
    return {"statement": text}


def test_an_edit_touches_the_regions_whose_digest_it_changes(desk: Desk) -> None:
    """A product-wide edit reaches every region but the one that says something of its own."""
    apac, emea = desk.start("apac", "emea")
    first = desk.write(MESSAGE, "all", message("One."))
    assert (first.revision, first.touched) == (1, (apac, emea))
    adapted = desk.write(MESSAGE, "all", message("Eins."), regions=("emea",))
    assert (adapted.revision, adapted.touched) == (2, (emea,))
    assert desk.write(MESSAGE, "all", message("Two."), if_match=None).touched == (apac,)
    with desk.store.reading() as tx:
        told = [(one.region, one.type) for one in untold(tx) if one.version == 0]
        assert told == [("emea", "adaptation_left_behind")]
        (entry,) = stage_content(tx, emea, MESSAGE).entries
        assert (entry.text.body, entry.moved_on) == (message("Eins."), 3)


def test_a_withdrawn_adaptation_lets_the_product_speak_again(desk: Desk) -> None:
    """An adaptation stands until it is withdrawn."""
    (key,) = desk.start("emea")
    wide = desk.write(MESSAGE, "all", message("One."))
    desk.write(MESSAGE, "all", message("Eins."), regions=("emea",))

    def withdraw() -> None:
        with desk.store.writing() as tx:
            withdraw_content(
                tx, product=PRODUCT, stage=MESSAGE, key="all", regions=("emea",), person="ma-1", now=desk.clock.now
            )

    withdraw()
    with desk.store.reading() as tx:
        (entry,) = stage_content(tx, key, MESSAGE).entries
        assert (entry.text.revision, entry.text.digest) == (1, wide.digest)
        assert [text.withdrawn for text in revisions_of(tx, PRODUCT, MESSAGE, "all")] == [False, False, True]
    with pytest.raises(NotThere):
        withdraw()


def test_the_same_text_makes_no_new_revision(desk: Desk) -> None:
    """A PUT sent twice is one revision, and the second is answered as the first."""
    (key,) = desk.start("emea")
    first = desk.write(MESSAGE, "all", message("One."))
    assert desk.write(MESSAGE, "all", message("One.")) == first
    assert first.touched == (key,)
    with desk.store.reading() as tx:
        assert len(revisions_of(tx, PRODUCT, MESSAGE, "all")) == 1


def test_an_edit_whose_answer_was_lost_is_answered_when_it_is_sent_again(desk: Desk) -> None:
    """Who sends the very same edit with the revision that they had read is not told that they came too late."""
    apac, emea = desk.start("apac", "emea")
    written = desk.write(MESSAGE, "all", message("One."), must_be_new=True)
    assert desk.write(MESSAGE, "all", message("One."), must_be_new=True) == written
    desk.clock.now += timedelta(minutes=1)
    edited = desk.write(MESSAGE, "all", message("Two."), if_match=1)
    desk.clock.now += timedelta(minutes=1)
    assert desk.write(MESSAGE, "all", message("Two."), if_match=1) == edited
    assert (edited.revision, edited.touched) == (2, (apac, emea))
    adapted = desk.write(MESSAGE, "all", message("Zwei."), if_match=2, regions=("emea",))
    assert desk.write(MESSAGE, "all", message("Zwei."), if_match=2, regions=("emea",)) == adapted
    assert adapted.touched == (emea,)
    with pytest.raises(RevisionMovedOn):
        desk.write(MESSAGE, "all", message("Three."), must_be_new=True)


def test_an_edit_on_another_revision_is_refused(desk: Desk) -> None:
    """Two people with the same page open: the second one is told."""
    desk.start("emea")
    desk.write(MESSAGE, "all", message("One."))
    desk.write(MESSAGE, "all", message("Two."), if_match=1)
    with pytest.raises(RevisionMovedOn) as moved_on:
        desk.write(MESSAGE, "all", message("Three."), if_match=1)
    assert moved_on.value.current == 2


def test_an_edit_that_is_material_is_not_taken_for_less(desk: Desk) -> None:
    """The editor's word is not enough."""
    desk.start("emea")
    with pytest.raises(EditIsMaterial):
        desk.write(MESSAGE, "all", message("One."), material=False)
    desk.write(MESSAGE, "all", message("Saves 35 hours."))
    with pytest.raises(EditIsMaterial):
        desk.write(MESSAGE, "all", message("Saves 3.5 hours."), material=False)


def test_edits_of_punctuation_keep_sign_offs_and_a_material_one_voids_them(desk: Desk) -> None:
    """Accepted digests are found by walking back through edits that were not material, and no further."""
    key = desk.ready()
    signed = desk.region(key).sign_offs
    desk.write(MESSAGE, "all", message("Atlas 2 halves your close!"), material=False)
    desk.write(MESSAGE, "all", message("ATLAS 2 halves your close!"), material=False)
    desk.look(key)
    assert desk.region(key).sign_offs == signed
    with desk.store.reading() as tx:
        content = stage_content(tx, key, MESSAGE)
        assert len(content.evidence.same_as) == 2
        assert {signature.digest for signature in content.signatures} == {content.evidence.same_as[-1]}
    desk.write(MESSAGE, "all", message("Atlas 2 doubles your close."))
    rows = desk.look(key).rows
    voided = [row.event for row in rows if isinstance(row.event, SignOffVoided)]
    assert [event.stage for event in voided] == [MESSAGE, MESSAGE]
    assert {signature.stage for signature in desk.region(key).sign_offs} == {OBJECTIONS}


def test_an_edit_that_would_end_a_go_needs_to_say_so(desk: Desk) -> None:
    """Nobody ends a go by mistake: nothing is written until the edit names the region."""
    key = desk.with_go()
    with pytest.raises(WouldHoldRegions) as would_hold:
        desk.write(MESSAGE, "all", message("Other."))
    assert would_hold.value.regions == ("emea",)
    with desk.store.reading() as tx:
        assert len(revisions_of(tx, PRODUCT, MESSAGE, "all")) == 1
    assert desk.write(MESSAGE, "all", message("Other."), holds=("emea",)).touched == (key,)
    assert desk.look(key).bearings.verdict is Verdict.HELD


def test_an_edit_takes_a_go_off_the_board_at_once(desk: Desk) -> None:
    """Between the edit and the workflow's next look nobody reads a go, and the region is to be hinted."""
    key = desk.with_go()
    desk.write(MESSAGE, "all", message("Other."), holds=("emea",))
    with desk.store.reading() as tx:
        (row,) = board(tx)
        assert row.verdict is Verdict.HELD
    assert refresh_figures(desk.store, [key]) == (key,)


def test_an_edit_hints_where_only_one_key_has_signed(desk: Desk) -> None:
    """A sign-off of content that moved on is found although the criterion was unmet before and after."""
    (key,) = desk.start("emea")
    desk.write_all()
    desk.accepted(key, desk.sign_off(key, MESSAGE, *SIGNERS[0]))
    assert refresh_figures(desk.store, [key]) == ()
    desk.write(MESSAGE, "all", message("Other."))
    assert refresh_figures(desk.store, [key]) == (key,)


def test_an_objection_from_the_field_reopens_nothing(desk: Desk) -> None:
    """It is listed beside what is signed, until somebody ranks it."""
    key = desk.ready()
    before = desk.region(key)
    with desk.store.writing() as tx:
        raised = raise_objection(
            tx,
            key,
            objection="Too dear",
            heard="at Acme",
            person="seller-1",
            idempotency_key="1",
            now=desk.store.now(tx),
        )
    desk.look(key)
    assert desk.region(key).sign_offs == before.sign_offs
    with desk.store.reading() as tx:
        content = stage_content(tx, key, OBJECTIONS)
        assert [entry.text.key for entry in content.raised] == [raised.key]
        assert len(content.entries) == 5


def test_an_objection_ranked_for_the_product_holds_where_it_was_raised(desk: Desk) -> None:
    """The answer replaces the bare objection, and the digest moves."""
    (key,) = desk.start("emea")
    with desk.store.writing() as tx:
        raised = raise_objection(
            tx, key, objection="Too dear", heard=None, person="seller-1", idempotency_key="2", now=desk.store.now(tx)
        )
    answer = {"objection": "Too dear", "answer": "Not over three years", "rank": 1}
    assert desk.write(OBJECTIONS, raised.key, answer).touched == (key,)
    with desk.store.reading() as tx:
        content = stage_content(tx, key, OBJECTIONS)
        assert [entry.text.body for entry in content.entries] == [answer]
        assert content.raised == ()


def test_an_adaptation_for_an_unknown_region_is_refused(desk: Desk) -> None:
    """A region that is not being launched says nothing."""
    desk.start("emea")
    with pytest.raises(RegionUnknown, match="mars"):
        desk.write(MESSAGE, "all", message("One."), regions=("emea", "mars"))


def test_a_region_that_begins_signs_what_is_there_already(desk: Desk) -> None:
    """Content outlives a launch: the next run begins with its digest."""
    key = desk.with_go()
    with desk.store.reading() as tx:
        first = stage_content(tx, key, MESSAGE).evidence.digest
        revision = region_record(tx, key).facts_revision
    desk.accepted(key, desk.ask(key, "cancel", "pm-7", Role.PRODUCT_MANAGER))
    desk.write(MESSAGE, "all", message("Other."))
    with desk.store.reading() as tx:
        assert region_record(tx, key).facts_revision == revision
        assert stage_content(tx, key, MESSAGE).evidence.digest != first


def test_an_objection_sent_again_under_its_key_is_the_same_objection(desk: Desk) -> None:
    """A repeat adds nothing, and the key is good for no other words."""
    key = desk.ready()

    def hear(words: str) -> Revision:
        with desk.store.writing() as tx:
            return raise_objection(
                tx,
                key,
                objection=words,
                heard=None,
                person="seller-1",
                idempotency_key="1",
                now=desk.store.now(tx),
            )

    assert hear("Too dear") == hear("Too dear")
    with pytest.raises(KeyReused):
        hear("Too slow")


def test_content_reads_as_it_was_at_an_earlier_moment(desk: Desk) -> None:
    """What was signed then is judged by what was said then, whatever was edited since."""
    key = desk.ready()
    with desk.store.reading() as tx:
        before = contents_of(tx, [desk.region(key)])[key]
    then = desk.store.now()
    desk.clock.now += timedelta(minutes=1)
    desk.write(MESSAGE, "all", message("Another message"))
    with desk.store.reading() as tx:
        assert contents_of(tx, [desk.region(key)])[key] != before
        assert contents_of(tx, [desk.region(key)], as_of=then)[key] == before


def test_a_text_that_must_be_new_replaces_nothing(desk: Desk) -> None:
    """Two people who both mean to write the first words do not overwrite each other."""
    desk.start("emea")
    assert desk.write(MESSAGE, "all", message("One."), must_be_new=True).revision == 1
    with pytest.raises(RevisionMovedOn) as there:
        desk.write(MESSAGE, "all", message("Two."), must_be_new=True)
    assert there.value.current == 1
