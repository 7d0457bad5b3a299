"""Does every JSON value have exactly one canonical text and digest?"""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.canonical import LARGEST_INTEGER, Json, canonical_json, digest

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | TEXTS
VALUES: st.SearchStrategy[Json] = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


def test_members_are_sorted_by_their_utf_16_code_units() -> None:
    """The example of RFC 8785, section 3.2.3, is sorted as it says there, with an emoji before a Hebrew letter."""
    value: Json = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }

    assert list(json.loads(canonical_json(value)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_only_what_json_must_escape_is_escaped() -> None:
    """Quotes, backslashes and controls are escaped as RFC 8785, section 3.2.2.2, has it, and nothing else is."""
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/\b\f\t\u007f\u2028"

    assert canonical_json(text) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\\b\\f\\t\u007f\u2028"'.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (-7, "-7"),
        (LARGEST_INTEGER, "9007199254740991"),
        ((), "[]"),
        ({}, "{}"),
        ({"b": [1, "x"], "a": (None,)}, '{"a":[null],"b":[1,"x"]}'),
    ],
)
def test_values_are_written_without_a_space(value: Json, text: str) -> None:
    """Every kind of value has the one text that the standard gives it."""
    assert canonical_json(value) == text.encode()


@given(VALUES)
def test_the_canonical_text_says_the_same_value(value: Json) -> None:
    """Reading the canonical text gives the value back, and writing that again gives the same text."""
    text = canonical_json(value)

    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(VALUES)
def test_a_value_is_written_alike_wherever_it_stands(value: Json) -> None:
    """Values whose names are all ASCII are written in another, faster way, and the text is the same."""
    assert canonical_json({"\u20ac": value}) == b'{"\xe2\x82\xac":' + canonical_json(value) + b"}"


@given(st.dictionaries(TEXTS, PLAIN, min_size=1))
def test_the_order_of_members_does_not_matter(value: dict[str, Json]) -> None:
    """The same members in another order have the same digest."""
    assert digest(dict(reversed(value.items()))) == digest(value)


@given(VALUES, VALUES)
def test_different_values_have_different_texts(one: Json, other: Json) -> None:
    """Two values share a text only if they are the same JSON, truth values and numbers told apart."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (canonical_json(one) == canonical_json(other)) == same


def test_a_digest_names_its_function() -> None:
    """A digest is the SHA-256 of the canonical text, in hex, after the name of the function."""
    assert digest({"a": 1}) == "sha256:" + hashlib.sha256(b'{"a":1}').hexdigest()


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        [0.5],
        {"a": float("nan")},
        b"x",
        {1: "a"},
        {"a": {2}},
        {None: 1},
        [{"\u20ac": 1}, 0.5],
        {"\u20ac": 1, "a": 0.5},
    ],
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    """Floats, bytes, sets and names that are not text are refused rather than rendered somehow."""
    with pytest.raises(TypeError):
        canonical_json(value)


@pytest.mark.parametrize(
    "value", [LARGEST_INTEGER + 1, -LARGEST_INTEGER - 1, pytest.param(10**5000, id="huge"), "\ud800", {"\udfff": 1}]
)
def test_what_other_readers_would_change_is_refused(value: object) -> None:
    """Integers beyond what a double holds and lone surrogates are refused: others would read them differently."""
    with pytest.raises(ValueError, match=r"canonical form|surrogates"):
        canonical_json(value)
