"""Does a digest stand for exactly what a region says, and does every change of meaning show?"""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from readiness.canonical import canonical_json, digest
from readiness.content import (
    Entry,
    Objection,
    ValueProposition,
    content_evidence,
    digest_of,
    entry_document,
    is_blank,
    is_material,
    ranked_objections,
    region_content,
    stage_digest,
    stage_document,
)
from readiness.evidence import ContentEvidence, Lesson
from readiness.policy import TIERS, Stage, ValuePropositionsPolicy

MESSAGE, OBJECTIONS = Stage.VALUE_PROPOSITIONS, Stage.OBJECTION_HANDLING
POLICY = TIERS[1].model_copy(
    update={"value_propositions": ValuePropositionsPolicy(segments=("mid-market", "enterprise"))}
)

CHANGED_AT = datetime(2027, 1, 4, 9, 30, tzinfo=UTC)

SLUGS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
UNCOUNTED = st.text(st.characters(exclude_categories=["Cs", "N"]), max_size=12)
"""Text without figures."""

SETTING = st.text(st.characters(categories=["P", "Z"]) | st.sampled_from("\n\t"), max_size=3)
"""What stands between words: punctuation and space of any script."""

STATEMENTS = st.builds(
    ValueProposition,
    statement=TEXTS,
    proof_points=st.lists(TEXTS, max_size=2).map(tuple),
    buying_group=st.lists(TEXTS, max_size=2).map(tuple),
    economic_value=st.none() | TEXTS,
    advantages=st.lists(TEXTS, max_size=2).map(tuple),
)
ANSWERS = st.builds(
    Objection, objection=TEXTS, answer=st.none() | TEXTS, rank=st.none() | st.integers(min_value=1, max_value=4)
)


def says(text: str) -> ValueProposition:
    """Return a value proposition that says `text`."""
    return ValueProposition(statement=text)


def bare(text: str) -> str:
    """Return `text` without case, space and punctuation: a second way to work it out."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c)[0] not in "PZ")


def keeps_case_apart(letter: str) -> bool:
    """Say whether both cases of a letter fold to the same, which a dotless i for instance does not."""
    return bare(letter.upper()) == bare(letter.lower()) == bare(letter)


WORDS = st.lists(
    st.text(st.characters(categories=["L"]).filter(keeps_case_apart), min_size=1, max_size=5), max_size=5
)


@st.composite
def settings_of(draw: st.DrawFn, words: list[str]) -> str:
    """The same words, each letter in either case, with any punctuation and space around them."""
    shout = draw(st.randoms(use_true_random=False))
    cased = ["".join(letter.upper() if shout.random() < 0.5 else letter.lower() for letter in word) for word in words]
    return draw(SETTING) + "".join(word + draw(SETTING) for word in cased)


@given(WORDS.flatmap(lambda words: st.tuples(settings_of(words), settings_of(words))))
def test_case_space_and_punctuation_are_not_material(two: tuple[str, str]) -> None:
    """Two ways of setting the same words, in any script, say the same in every field that holds text."""
    one, other = two

    assert not is_material(says(one), says(other))
    assert not is_material(
        ValueProposition(proof_points=(one,), buying_group=(one,), economic_value=one, advantages=(one,)),
        ValueProposition(proof_points=(other,), buying_group=(other,), economic_value=other, advantages=(other,)),
    )
    assert not is_material(
        Objection(objection=one, answer=one, rank=1), Objection(objection=other, answer=other, rank=1)
    )


@given(UNCOUNTED, UNCOUNTED)
def test_everything_else_is_material(one: str, other: str) -> None:
    """Any other difference between two texts, down to an accent or a currency sign, is material."""
    assert is_material(says(one), says(other)) == (bare(one) != bare(other))


@given(TEXTS, st.integers(0, 12), st.characters(categories=["L", "N", "S"]))
def test_a_character_more_is_material(text: str, place: int, character: str) -> None:
    """Wherever a letter, a digit or a symbol is put in or taken out, the edit is material, in both directions."""
    longer = text[:place] + character + text[place:]
    assume(len(bare(longer)) != len(bare(text)))

    assert is_material(says(text), says(longer))
    assert is_material(says(longer), says(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3.5 hours", "35 hours"),
        ("3.5 hours", "3,5 hours"),
        ("1 5 hours", "15 hours"),
        ("10-20 hours", "1020 hours"),
        ("30% more", "30 more"),
        ("30 % more", "30‰ more"),
        ("grows by -5 a year", "grows by 5 a year"),
        ("costs $-5", "costs $5"),
        ("costs .5", "costs 5"),
        ("(-5)", "(5)"),
        ("+5", "5"),
        ("-5", "5"),
        ("½", "1/2"),
        ("x²", "x2"),
        ("naïve", "naive"),
        ("5 €", "5 $"),
        ("not now", "now"),
        ("saves more than 30%", "saves more than 30"),
    ],
)
def test_another_figure_or_symbol_is_material(one: str, other: str) -> None:
    """Punctuation that is part of a number is not mere punctuation: 3.5 is not 35 and 30 % is not 30."""
    assert is_material(says(one), says(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Atlas 2 saves 30% of the time.", "atlas-2 saves 30 % of the time!"),
        ("In 2027, teams of 5 (five) win", "in 2027 teams of 5 five win"),
        ("STRASSE", "straße"),
        ("caf\u00e9", "CAFE\u0301"),
        ("ΟΔΟΣ", "οδος"),
        ("“Twice as fast” — they said", '"twice as fast", they said'),
        ("東京、大阪。", "東京 大阪"),
        ("a\u00a0b\u3000c", "ab c"),
        ("one line\u2028another\u2029a third", "one line another a third"),
        ("told in %", "told in"),
        ("a change: -5 a year", "a change (-5 a year)"),
    ],
)
def test_the_same_in_another_setting_is_not_material(one: str, other: str) -> None:
    """Quotes, dashes, wide spaces, forms of letters and other scripts' full stops do not change what is said."""
    assert not is_material(says(one), says(other))


@pytest.mark.parametrize("field", ["statement", "proof_points", "buying_group", "economic_value", "advantages"])
def test_another_word_in_any_field_of_a_segment_is_material(field: str) -> None:
    """Whichever field it stands in, one word for another asks for new signatures."""
    one, other = (
        ValueProposition.model_validate({field: word if field in {"statement", "economic_value"} else (word,)})
        for word in ("less", "more")
    )

    assert is_material(one, other)


def test_another_word_in_an_objection_or_its_answer_is_material() -> None:
    """What customers say and what they are told both ask for new signatures when they change."""
    spoken = Objection(objection="Too dear", answer="It pays", rank=1)

    assert is_material(spoken, spoken.model_copy(update={"objection": "Too new"}))
    assert is_material(spoken, spoken.model_copy(update={"answer": "It lasts"}))


def test_another_structure_is_material() -> None:
    """Points split, merged or moved, a new rank, another kind of entry: all are material with every word kept."""
    points = ValueProposition(proof_points=("a", "b"))

    assert is_material(points, ValueProposition(proof_points=("ab",)))
    assert is_material(points, ValueProposition(proof_points=("b", "a")))
    assert is_material(points, ValueProposition(advantages=("a", "b")))
    assert is_material(says("a"), ValueProposition(economic_value="a"))
    assert is_material(Objection(objection="a", rank=1), Objection(objection="a", rank=2))
    assert is_material(Objection(objection="a"), Objection(objection="a", rank=1))
    assert is_material(Objection(objection="a", answer="b"), Objection(objection="ab"))
    assert is_material(says("a"), Objection(objection="a"))


@given(STATEMENTS | ANSWERS, STATEMENTS | ANSWERS)
def test_an_edit_back_is_as_material_as_the_edit(one: Entry, other: Entry) -> None:
    """Whether an edit is material does not depend on its direction, and no edit at all is not material."""
    assert is_material(one, other) == is_material(other, one)
    assert not is_material(one, one)


@given(TEXTS, TEXTS)
def test_no_immaterial_edit_fills_or_empties_a_text(one: str, other: str) -> None:
    """What counts as blank is decided by the same reading, so an answer cannot appear or vanish unseen."""
    if not is_material(says(one), says(other)):
        assert is_blank(one) == is_blank(other)


@pytest.mark.parametrize("text", [None, "", " \n\t", "\u3000", "…", "-", "?!"])
def test_space_and_punctuation_alone_are_blank(text: str | None) -> None:
    """An answer of nothing but space or punctuation is no answer."""
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "5", "½", "€", "+", "…€"])
def test_a_letter_a_figure_or_a_symbol_is_not_blank(text: str) -> None:
    """Whoever writes anything but space and punctuation has said something."""
    assert not is_blank(text)


@given(STATEMENTS | ANSWERS, STATEMENTS | ANSWERS)
def test_two_entries_share_a_digest_only_if_they_say_the_same(one: Entry, other: Entry) -> None:
    """Every field counts for the digest, save that one that says nothing may as well not be there."""
    assert (digest_of(one) == digest_of(other)) == (entry_document(one) == entry_document(other))


def test_a_digest_can_be_checked_by_hand() -> None:
    """The digest is that of the JSON a person sees, without the fields that say nothing."""
    entry = ValueProposition(statement="Half the time", proof_points=("Two pilots",))

    assert canonical_json(entry_document(entry)) == (b'{"proof_points":["Two pilots"],"statement":"Half the time"}')
    assert digest_of(entry) == digest({"statement": "Half the time", "proof_points": ["Two pilots"]})


def test_a_document_names_every_field_that_says_something() -> None:
    """Whoever recomputes a digest finds each field under its own name, and no field that is empty."""
    segment = {
        "statement": "Half the time",
        "proof_points": ("Two pilots",),
        "buying_group": ("Finance",),
        "economic_value": "A day a week",
        "advantages": ("No setup",),
    }
    spoken = {"objection": "Too dear", "answer": "It pays", "rank": 1}

    assert entry_document(ValueProposition.model_validate(segment)) == segment
    assert entry_document(Objection.model_validate(spoken)) == spoken
    assert entry_document(ValueProposition(statement="", economic_value="")) == {}
    assert entry_document(Objection(objection="Too dear", answer="")) == {"objection": "Too dear"}


@given(st.dictionaries(SLUGS, STATEMENTS), st.dictionaries(SLUGS, STATEMENTS))
def test_a_region_says_its_adaptations_and_otherwise_what_the_product_says(
    product_wide: dict[str, ValueProposition], adapted: dict[str, ValueProposition]
) -> None:
    """An adaptation stands for the product's entry of that key, and everything else is the product's."""
    content = region_content(product_wide, adapted)

    assert list(content) == sorted({*product_wide, *adapted})
    assert all(content[key] == adapted.get(key, product_wide.get(key)) for key in content)


@given(st.dictionaries(SLUGS, STATEMENTS), st.dictionaries(SLUGS, ANSWERS))
def test_the_digest_does_not_depend_on_the_order_of_writing(
    statements: dict[str, ValueProposition], answers: dict[str, Objection]
) -> None:
    """The same entries written in another order have the same digest, at both signed stages."""
    assert stage_digest(MESSAGE, dict(reversed(statements.items()))) == stage_digest(MESSAGE, statements)
    assert stage_digest(OBJECTIONS, dict(reversed(answers.items()))) == stage_digest(OBJECTIONS, answers)


@given(st.dictionaries(SLUGS, STATEMENTS), SLUGS, STATEMENTS)
def test_every_segment_counts_for_the_digest_of_the_message(
    statements: dict[str, ValueProposition], segment: str, new: ValueProposition
) -> None:
    """The digest moves exactly when some segment's document does, or a segment comes in."""
    edited = {**statements, segment: new}
    same = segment in statements and entry_document(statements[segment]) == entry_document(new)

    assert (stage_digest(MESSAGE, edited) == stage_digest(MESSAGE, statements)) == same


@given(st.dictionaries(SLUGS, ANSWERS), SLUGS, TEXTS)
def test_an_unranked_objection_reopens_nothing(answers: dict[str, Objection], key: str, heard: str) -> None:
    """What is heard in the field does not touch the digest until somebody ranks it."""
    assume(key not in answers)
    raised = Objection(objection=heard)

    assert stage_digest(OBJECTIONS, {**answers, key: raised}) == stage_digest(OBJECTIONS, answers)
    ranked = raised.model_copy(update={"rank": 1})
    assert stage_digest(OBJECTIONS, {**answers, key: ranked}) != stage_digest(OBJECTIONS, answers)


def test_objections_are_read_by_rank_and_then_by_key() -> None:
    """Ranks may tie, and then the keys decide, whatever order they were written in."""
    entries = {
        "price": Objection(objection="Too dear", rank=2),
        "zeal": Objection(objection="Too new", rank=1),
        "age": Objection(objection="Too old", rank=2),
        "field": Objection(objection="Too red"),
    }

    assert [key for key, _ in ranked_objections(entries)] == ["zeal", "age", "price"]
    assert stage_document(OBJECTIONS, entries) == {
        "stage": "objection_handling",
        "entries": [
            {"key": "zeal", "objection": "Too new", "rank": 1},
            {"key": "age", "objection": "Too old", "rank": 2},
            {"key": "price", "objection": "Too dear", "rank": 2},
        ],
    }


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in (MESSAGE, OBJECTIONS)])
def test_nothing_else_is_signed(stage: Stage) -> None:
    """Only the message and the answers have content to sign."""
    with pytest.raises(ValueError, match="nothing is signed"):
        stage_digest(stage, {})


def test_a_segment_without_a_statement_is_missing() -> None:
    """The segments of the policy that nobody has written, or only with blanks, are missing, in the policy's order."""
    entries = {"enterprise": says("  … "), "hobby": says("For fun")}
    evidence = content_evidence(MESSAGE, entries, POLICY)

    assert evidence.missing == ("mid-market", "enterprise")
    assert evidence.digest == stage_digest(MESSAGE, entries)
    assert content_evidence(MESSAGE, {**entries, "enterprise": says("Less")}, POLICY).missing == ("mid-market",)


def test_answers_are_counted_among_the_first_by_rank() -> None:
    """Only the top objections count, ties broken by key, and an answer that says nothing is none."""
    entries = {f"top-{number}": Objection(objection="o", answer="a", rank=number) for number in (1, 2, 3)}
    entries |= {"b-tie": Objection(objection="o", answer="a", rank=4), "c-tie": Objection(objection="o", rank=5)}
    entries |= {"a-tie": Objection(objection="o", answer="?", rank=4), "field": Objection(objection="o", answer="a")}
    evidence = content_evidence(OBJECTIONS, entries, POLICY)

    assert (evidence.answered, evidence.ranked, evidence.missing) == (4, 6, ("a-tie",))


def test_the_evidence_of_content_tells_all_that_is_known_of_it() -> None:
    """Both signed stages tell what was said, since when and by whom; what waves learned stands by the answers."""
    lesson = Lesson(id="heard", kind="objection", region="de", wave=1, at=CHANGED_AT)
    statements = {"enterprise": says("Less")}
    answers = {"price": Objection(objection="Too dear", answer="It pays", rank=1)}
    earlier = digest("earlier")

    message = content_evidence(
        MESSAGE, statements, POLICY, [earlier], changed_at=CHANGED_AT, changed_by="ada", lessons=(lesson,)
    )
    objections = content_evidence(
        OBJECTIONS, answers, POLICY, [earlier], changed_at=CHANGED_AT, changed_by="ada", lessons=(lesson,)
    )

    assert message == ContentEvidence(
        stage=MESSAGE,
        digest=stage_digest(MESSAGE, statements),
        same_as=(earlier,),
        missing=("mid-market",),
        changed_at=CHANGED_AT,
        changed_by="ada",
    )
    assert objections == ContentEvidence(
        stage=OBJECTIONS,
        digest=stage_digest(OBJECTIONS, answers),
        same_as=(earlier,),
        missing=(),
        answered=1,
        ranked=1,
        changed_at=CHANGED_AT,
        changed_by="ada",
        lessons=(lesson,),
    )


def test_fewer_objections_than_asked_for_are_simply_fewer() -> None:
    """Where fewer objections are ranked than the policy asks for, none of them is missing but the count stays low."""
    evidence = content_evidence(OBJECTIONS, {"price": Objection(objection="o", answer="a", rank=7)}, POLICY)

    assert (evidence.answered, evidence.ranked, evidence.missing) == (1, 1, ())


def test_earlier_digests_are_kept_once_and_without_the_current_one() -> None:
    """Links of edits that were not material come in order, each once, and never as the digest that stands."""
    entries = {"enterprise": says("Less")}
    current = stage_digest(MESSAGE, entries)
    first, second = digest("first"), digest("second")

    assert content_evidence(MESSAGE, entries, POLICY, [first, current, second, first]).same_as == (first, second)
