"""How is said who speaks for a function, where their names are known?"""

from collections.abc import Sequence

from templates.language import gettext, ngettext
from templates.moments import cut, number
from templates.words import whom

MOST_NAMED = 2
"""Names that stand behind a function: enough to know whom to ask."""

_LONGEST_NAME = 40


def some_names(names: Sequence[str]) -> str:
    """Return the first names and how many there are besides: `Priya Raman, Tom Okafor and 2 more`; empty for none."""
    named = ", ".join(cut(name, _LONGEST_NAME) for name in names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    if more <= 0:
        return named
    told = ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", more)
    return told % {"names": named, "count": number(more)}


def names_in_full(names: Sequence[str]) -> str:
    """Return all of these names in a row."""
    return ", ".join(cut(name, _LONGEST_NAME) for name in names)


def whom_by_name(waiting_on: str, names: Sequence[str]) -> str:
    """Return for whom something waits: `Enablement (Priya Raman)`, the function alone where nobody is known."""
    if not names:
        return whom(waiting_on)
    return gettext("%(function)s (%(names)s)") % {"function": whom(waiting_on), "names": some_names(names)}
