"""How many random examples does a property test try, and how long is the product tortured?"""

import os

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
"""The Hypothesis profile of this run: `ci`, or `long` for a search that takes its time."""

LONG_FACTOR = 20
"""How much more the long run tries: minutes instead of seconds on two cores."""


def examples(count: int) -> int:
    """Return `count` in CI and many times that in the long run, for `@settings(max_examples=examples(200))`.

    A number written out in `@settings` would override the profile, and the long run would be as short as any.
    """
    return count * LONG_FACTOR if PROFILE == "long" else count


TORTURE = os.environ.get("TORTURE", "ci")
"""How hard `tests/torture` tries: `ci` for a taste of what is quick, in every run; `taste` for a taste of all of it;
`long` for what `make torture` does."""

TORTURE_SEED = int(os.environ.get("TORTURE_SEED", "20270301"))
"""Where the choices of a torture come from: the same seed makes the same choices."""


def rounds(few: int, *, many: int) -> int:
    """Return `few` in CI and `many` under `make torture`; `TORTURE_ROUNDS` says another number for the latter."""
    return int(os.environ.get("TORTURE_ROUNDS", many)) if TORTURE == "long" else few
