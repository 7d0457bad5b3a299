"""Is an entry digested by its canonical JSON, and does each seal hang on all before it?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.canonical import canonical_json
from readiness.meanings import meaning_of
from readiness.sealing import GENESIS, Fault, FaultKind, entry_bytes, entry_digest, link, name_digest

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.dictionaries(TEXTS, VALUES, max_size=4)


@given(ENTRIES)
def test_the_fast_way_to_write_an_entry_is_the_canonical_one(entry: dict[str, object]) -> None:
    """Whatever names and texts it has, beyond the basic plane too, the bytes are those of RFC 8785."""
    assert entry_bytes(entry) == canonical_json(entry)


def test_names_beyond_the_surrogates_are_sorted_as_the_standard_does() -> None:
    """By code points U+FB33 comes before U+1F600, by UTF-16 after it: the standard counts the latter way."""
    entry = {"\ufb33": 1, "\U0001f600": 2}
    assert entry_bytes(entry) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@given(ENTRIES, ENTRIES)
def test_two_entries_have_one_digest_only_if_they_are_the_same(
    one: dict[str, object], two: dict[str, object]
) -> None:
    """The digest tells apart whatever JSON does, truth from one and text from number among it."""
    assert (entry_digest(one) == entry_digest(two)) == (canonical_json(one) == canonical_json(two))


@pytest.mark.parametrize(
    "other",
    [
        ("1" * 64, 1, "ledger", "[1]", "a"),
        (GENESIS, 2, "ledger", "[1]", "a"),
        (GENESIS, 1, "commands", "[1]", "a"),
        (GENESIS, 1, "ledger", "[2]", "a"),
        (GENESIS, 1, "ledger", "[1]", "b"),
    ],
)
def test_a_seal_depends_on_everything_it_says_and_hangs_on(other: tuple[str, int, str, str, str]) -> None:
    """Another place, source, key, digest or forerunner is another seal."""
    assert link(*other) != link(GENESIS, 1, "ledger", "[1]", "a")


def test_the_digest_of_a_name_tells_nothing_without_its_salt() -> None:
    """The same name under another salt has another digest: nobody can try names until one fits."""
    assert name_digest("a", "Ada Lovelace") != name_digest("b", "Ada Lovelace")


def test_a_fault_says_in_a_line_what_is_wrong_and_where() -> None:
    """Kind, place, source and key are all in the sentence."""
    fault = Fault(kind=FaultKind.TAMPERED, position=7, source="ledger", key='["a"]', says="the row is another")
    assert fault.sentence == 'tampered at 7 ledger ["a"]: the row is another'
    assert Fault(kind=FaultKind.CUT, position=3, until=9, says="gone").sentence == "cut at 3 to 9: gone"


def test_a_signature_says_what_it_meant_in_a_sentence() -> None:
    """Approving names the function, the stage and the revision; what is no signature means nothing."""
    body = {"stage": "objection_handling", "function": "sales", "position": "approve"}
    approved = "Approved exactly the revision of objection handling that the digest names, on behalf of sales."
    assert meaning_of("sign_off", body) == approved
    assert meaning_of("sign_off", {**body, "position": "send_back"}) == (
        "Sent objection handling back on behalf of sales, with a reason."
    )
    assert "no go" in str(meaning_of("decide", {"verdict": "no_go"}))
    assert meaning_of("start_launch", {}) is None
