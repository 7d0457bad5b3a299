"""Does an edit count only if it was made on what is there?"""

import pytest
from starlette.testclient import TestClient

from api.conditional import Preconditions, entity_tag, not_modified
from api.identity import EmbeddedIssuer
from api.problems import Problem
from readiness.commands import Role
from tests.api.door import bearer

CURRENT = entity_tag("revision", 3)
OLDER = entity_tag("revision", 2)
URL = "/v1/launches/atlas-2/objections/price"


@pytest.fixture
def marketing(issuer: EmbeddedIssuer) -> dict[str, str]:
    """The headers of somebody who edits content."""
    return bearer(issuer, "mkt-1", (Role.MARKETING, "*"))


@pytest.mark.parametrize(
    ("stated", "status"),
    [
        ({"If-Match": CURRENT}, 200),
        ({"If-Match": f"{OLDER}, {CURRENT}"}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": OLDER}, 412),
        ({"If-Match": f"W/{CURRENT}"}, 412),
        ({"If-None-Match": "*"}, 412),
        ({"If-None-Match": OLDER}, 200),
        ({"If-Match": "unquoted"}, 400),
        ({"If-Match": '"half'}, 400),
        ({"If-Match": ""}, 400),
        ({}, 428),
    ],
)
def test_an_edit_is_let_through_on_the_current_revision_only(
    stated: dict[str, str], status: int, client: TestClient, marketing: dict[str, str]
) -> None:
    """An edit on an older revision is 412, one that says nothing 428, one that says nonsense 400."""
    answer = client.put(URL, headers={**marketing, **stated})
    assert answer.status_code == status
    if status == 412:
        assert answer.headers["etag"] == CURRENT


def test_what_is_not_there_yet_is_created_without_a_precondition() -> None:
    """The first revision needs no tag, may ask that nothing be there, and cannot match one."""
    Preconditions().admit_edit(None)
    Preconditions(if_none_match=("*",)).admit_edit(None)
    for tags in (("*",), (CURRENT,)):
        with pytest.raises(Problem) as refused:
            Preconditions(if_match=tags).admit_edit(None)
        assert refused.value.status_code == 412


def test_a_precondition_may_be_left_to_the_sender() -> None:
    """Where it is not required an edit without If-Match goes through, and one on an older revision still does not."""
    Preconditions().admit_edit(CURRENT, required=False)
    with pytest.raises(Problem):
        Preconditions(if_match=(OLDER,)).admit_edit(CURRENT, required=False)


def test_who_has_the_current_revision_is_spared_it() -> None:
    """A reader who names the current tag gets an empty 304 with it; any other reader gets the whole."""
    spared = not_modified(f"{OLDER}, W/{CURRENT}", CURRENT)
    assert spared is not None
    assert (spared.status_code, spared.headers["etag"], spared.body) == (304, CURRENT, b"")
    assert not_modified(OLDER, CURRENT) is None
    assert not_modified(None, CURRENT) is None


def test_tags_of_different_things_differ() -> None:
    """A tag stands for all its parts and where each begins."""
    assert len({entity_tag("a", "bc"), entity_tag("ab", "c"), entity_tag("abc"), entity_tag("a", 1)}) == 4
