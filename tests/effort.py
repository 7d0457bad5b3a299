"""How many random examples does a property test try, and how long is the product tortured?"""

import os

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
"""The Hypothesis profile of this run: `ci`, `long` for a search that takes its time, or `mutants` for a glance,
because the same tests run anew for each of thousands of faults."""

LONG_FACTOR = 20
"""How much more the long run tries: minutes instead of seconds on two cores."""


CI_SHARE = 0.5
"""How much of what a test asks for CI tries: it draws the same examples each time, so that it stays in minutes."""

FEW = 10
"""A number of examples that CI never cuts."""


def examples(count: int, *, in_full: bool = False) -> int:
    """Return a share of `count` in CI, all of it `in_full`, and many times that in the long run, for
    `@settings(max_examples=examples(200))`.

    A number written out in `@settings` would override the profile, and the long run would be as short as any.
    """
    if PROFILE == "long":
        return count * LONG_FACTOR
    if PROFILE == "mutants":
        return min(count, FEW)
    return count if in_full or count <= FEW else max(FEW, int(count * CI_SHARE))


TORTURE = os.environ.get("TORTURE", "ci")
"""How hard `tests/torture` tries: `ci` for a taste of what is quick, in every run; `taste` for a taste of all of it;
`long` for what `make torture` does."""

TORTURE_SEED = int(os.environ.get("TORTURE_SEED", "20270301"))
"""Where the choices of a torture come from: the same seed makes the same choices."""


def rounds(few: int, *, many: int) -> int:
    """Return `few` in CI and `many` under `make torture`; `TORTURE_ROUNDS` says another number for the latter."""
    return int(os.environ.get("TORTURE_ROUNDS", many)) if TORTURE == "long" else few
