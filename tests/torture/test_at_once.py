"""What becomes of two to five people who act on one region in the same moment?"""

from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from random import Random

import pytest

from tests.effort import TORTURE_SEED, rounds
from tests.torture.at_once import SITUATIONS, Crowd, crowd
from tests.torture.conftest import Say

pytestmark = [pytest.mark.torture, pytest.mark.story]


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """A running product with everybody who acts on it."""
    with crowd(tmp_path_factory.mktemp("at-once") / "ltl") as up:
        yield up


def test_whoever_acts_at_once_is_heard_once_or_told_who_was_first(gathered: Crowd, say: Say) -> None:
    """Ledger, workflow and row agree, what was acknowledged is there once, and a refusal tells who was first."""
    number = rounds(3, many=100)
    chance = Random(f"{TORTURE_SEED} at once")  # noqa: S311 - repeated at will, not to be a secret.
    counts: Counter[str] = Counter()
    found: list[str] = []
    situations = list(SITUATIONS)
    chance.shuffle(situations)
    for count, situation in enumerate(islice(cycle(situations), number)):
        on = gathered.begin(count, situation)
        acts = chance.sample(on.acts, chance.randint(2, min(5, len(on.acts))))
        answers = gathered.act_at_once(on, acts, chance)
        counts.update(each.problem["kind"] if each.problem else "heard" for each in answers)
        found += [f"{situation}: {each}" for each in gathered.disagreements(on, answers)]
    say(f"seed {TORTURE_SEED}, {number} rounds, {sum(counts.values())} acts: {dict(counts)}")
    assert not found, "\n".join(found)
