"""Do real learners count as somebody else counted them, in whatever order their files come?"""

import random
from pathlib import Path

import pytest

from tests.stories import oulad
from tests.stories.house import House

pytestmark = pytest.mark.story

CUT = Path(__file__).parent / "oulad_cut"


def test_real_learners_count_exactly_in_any_order_and_however_often(house: House) -> None:
    """Audience, trained and certified equal the independent count; the same rows again change nothing at all."""
    chance = random.Random("any order")  # noqa: S311 - the order of files is no secret.
    order = list(oulad.KINDS)
    chance.shuffle(order)
    products, expected = oulad.read_products(CUT), oulad.read_expected(CUT)
    oulad.settle_owner_in(house)
    first_sent = {kind: oulad.bring_in(house, CUT, kind) for kind in order[:2]}
    oulad.start_launches(house, products, expected)
    first_sent |= {kind: oulad.bring_in(house, CUT, kind) for kind in order[2:]}
    assert {(found["state"], found["rejected"]) for found in first_sent.values()} == {("completed", 0)}
    counted = oulad.settled(house, expected)
    assert {key: standing.counts for key, standing in counted.items()} == expected

    # The very file that is the latest of its kind answers with its import; the same rows in another order are loaded.
    for kind in order:
        assert oulad.bring_in(house, CUT, kind) == first_sent[kind]
        again = oulad.bring_in_again(house, CUT, kind, chance)
        assert (again["accepted"], again["unchanged"]) == (0, again["rows_read"])
    assert oulad.settled(house, expected) == counted
