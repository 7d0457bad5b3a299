"""How many random examples does a property test try?"""

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
