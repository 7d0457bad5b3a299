"""How are the sentences of the core written for people, in their language and with dates as pages write them?"""

# The core and the door say why in whole English sentences, which the ledger and the API keep word for word. Pages
# recognise them here, at their edge: a sentence of `SENTENCES` is said again in the reader's language with its values
# written as pages write them; of any other only the dates and the names of criteria are.

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple

from readiness.commands import Role
from readiness.policy import CriterionKey, Function, Stage
from templates.fault_words import FAULTS
from templates.import_words import FILES, FORMATS, ROWS
from templates.language import gettext, reader
from templates.moments import number, on_day, percent
from templates.page_words import INSTEAD
from templates.problem_words import DETAILS, DOINGS
from templates.refusal_words import COMMANDS, NEEDING_REASON, REFUSALS, STATES
from templates.words import CRITERIA, FUNCTIONS, ROLES, STAGES, within

REASONS: tuple[str, ...] = (
    # Why a criterion is not met: readiness/criteria.py.
    "Waived until %(moment)s down to %(share)s",
    "Its waiver covers no less than %(share)s",
    "Its waiver lapses on %(moment)s, before the launch",
    "Its waiver does not count: %(reason)s; have it revoked and ask anew",
    "The segment %(name)s has no statement yet",
    "No objection has been ranked yet",
    "%(function)s signed %(said)s, but %(reason)s; someone else must sign",
    "%(function)s signed %(said)s before they changed, and not again",
    "%(function)s sent %(said)s back",
    "%(function)s has not signed %(said)s",
    "What earlier waves learned is still to be addressed: %(lessons)s",
    "%(n)s of the top %(all)s objections have been written down",
    "%(n)s of the top %(all)s objections have an answer",
    "Still to answer: %(names)s",
    "%(n)s of %(all)s have not completed every required course",
    "%(n)s of %(all)s hold no certification valid at launch",
    "Nobody is in the audience, and an empty audience never passes",
    "%(n)s more are needed",
    "1 certification lapses before the launch",
    "1 certification lapses before the launch, the first on %(day)s",
    "%(n)s certifications lapse before the launch",
    "%(n)s certifications lapse before the launch, the first on %(day)s",
    "1 of %(all)s certifications lapses before the launch",
    "1 of %(all)s certifications lapses before the launch, the first on %(day)s",
    "%(n)s of %(all)s certifications lapse before the launch",
    "%(n)s of %(all)s certifications lapse before the launch, the first on %(day)s",
    "Nobody is polled: %(name)s launched on the same texts and policy",
    "No poll has been opened yet",
    "%(n)s of %(all)s seats have voted",
    "%(function)s has not voted",
    "%(function)s voted before what it rests on changed; poll again",
    "%(function)s voted, but %(reason)s; poll again",
    "%(name)s will not be %(role)s here any more from %(day)s, before the launch",
    "the role of %(role)s was withdrawn from %(name)s",
    # On whom a region waits: readiness/blockers.py and readiness/waves.py.
    "A waiver of %(criterion)s waits for an answer",
    "The dissent of %(functions)s waits for the executive; the decision is open",
    "Every gate is met; the decision is open",
    "The criterion is not met",
    "%(reason)s; %(name)s was named for it by %(other)s",
    "%(reason)s for %(n)s working days; an executive may name another person of %(functions)s",
    "Wave %(n)s launches together, and waits for %(names)s",
    # Why a region stands as it does: readiness/evaluate.py and readiness/rules.py.
    "Held by a person",
    "Held because a gate became unmet after the go",
    "Held because the launch instant came without a standing go; reschedule it",
    "Held because the last check before the launch said no",
    "Held because a condition of the go was not met in time",
    "Held because the role by which the go was given was withdrawn; have another decide",
    "The go counts no more: %(reason)s",
    "Evidence changed, being checked",
    "As of this instant a gate is not met",
    "The permit was revoked on %(day)s: it may not be sold here in this run",
    "The permit is suspended since %(day)s: a condition was missed",
    "If it is met again by %(moment)s and nothing else changes, the go stands again",
    "It was due on %(moment)s",
    "It is not met",
    # What is refused as things stand: readiness/decisions.py and its neighbours.
    "These gates are not met yet: %(criteria)s. A decision is taken once they are.",
    "A person holds this region already.",
    "A person holds this region. Resume it first, then decide.",
    "The same decision stands already.",
    "A poll is open. Vote in it, or wait until it closes.",
    "No poll is open in this region. Have one opened first.",
    "The ballot of %(functions)s is in.",
    "You asked for or answered a waiver here, so another executive decides.",
    "You signed a stage of this launch, so another executive decides on it.",
    "You asked for this waiver, so another executive answers it.",
    "You signed this stage, so another executive answers the waiver of it.",
    "You voted for another function. Someone else votes for this one.",
    "A conditional go names its conditions. Give them, or decide go.",
    "The region is not held, so there is nothing to resume.",
    "no go stands",
    "the go counts no more: %(reason)s",
)
"""Why something stands as it does, with a place for each value."""

# What the last check before a launch found comes last, because it begins with any criterion.
SENTENCES: tuple[str, ...] = (*REASONS, *REFUSALS, *DETAILS, *FAULTS, *FILES, *ROWS, "%(criterion)s: %(reason)s")
"""Sentences of the core and of the door that pages say in every language, with a place for each value."""

SAID = tuple(INSTEAD.get(sentence, sentence) for sentence in SENTENCES)
"""As what pages say each of them."""


class _Place(NamedTuple):
    """What may stand in a place of a sentence, and how pages write it."""

    pattern: str
    write: Callable[[str], str]


def plainly(sentence: str) -> str:
    """Return a sentence of the core as the reader reads it: dates, figures and names as pages write them."""
    return _plainly(reader().language, sentence)


@lru_cache(maxsize=4_096)
def _plainly(language: str, sentence: str) -> str:
    del language  # What is kept is kept for each: `gettext` asks the reader itself.
    for pattern, message in _known():
        found = pattern.fullmatch(sentence)
        if found is not None:
            said = {name: _PLACES[name].write(value) for name, value in found.groupdict().items()}
            return gettext(message) % said
    for key, words in CRITERIA.items():
        sentence = sentence.replace(key.value, within(words))
    return dated(sentence)


def dated(text: str) -> str:
    """Return `text` with each date that machines write in it as pages write dates."""
    return _DATE.sub(_day, text)


_DATE = re.compile(r"(?<![\w.:/-])(\d{4}-\d\d-\d\d)(?:(?:T|,? )(\d\d:\d\d)(?::\d\d)?)?(?![\w+-]|:\d)")
"""A day, alone or with the time on a clock that is named beside it; no part of an id, and no instant of the API."""


def _day(found: re.Match[str]) -> str:
    try:
        day = on_day(date.fromisoformat(found[1]))
    except ValueError:
        return found[0]
    return f"{day}, {found[2]}" if found[2] else day


@cache
def _known() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_pattern(message), said) for message, said in zip(SENTENCES, SAID, strict=True))


def _pattern(message: str) -> re.Pattern[str]:
    """Return what recognises a sentence that was made of `message`."""
    words = re.split(r"%\((\w+)\)s", message)
    parts = (
        f"(?P<{part}>{_PLACES[part].pattern})" if place % 2 else re.escape(part) for place, part in enumerate(words)
    )
    return re.compile("".join(parts))


def _count(digits: str) -> str:
    return number(int(digits))


def _one_of(words: Mapping[Any, str], *, is_within: bool = False) -> Callable[[str], str]:
    """Return what writes each of several values, with commas between them, by our words for them."""

    def write(values: str) -> str:
        known = [words.get(value.lower(), value) for value in values.split(", ")]
        return ", ".join(within(word) if is_within else gettext(word) for word in known)

    return write


PHRASES: tuple[str, ...] = (
    "the value propositions",
    "the answers to objections",
    "a hold",
    "a no-go",
    "an objection",
    *NEEDING_REASON,
)
"""What the core says within a sentence: what is signed, what earlier waves learned, what needs a reason."""


def _phrase(said: str) -> str:
    return gettext(said) if said in PHRASES else said


def _lessons(said: str) -> str:
    """Return what earlier waves learned, each with where."""
    parts = (lesson.partition(" in ") for lesson in said.split(", "))
    return ", ".join(
        gettext("%(lesson)s in %(region)s") % {"lesson": _phrase(what), "region": where} for what, _, where in parts
    )


_STAGES = {each.value.replace("_", " "): words for each, words in STAGES.items()}
_ROLES = {each.value: words for each, words in ROLES.items()}
_CLOCK = _Place(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?", dated)
_IN_UTC = _Place(rf"{_CLOCK.pattern} UTC", dated)
_SHARE = _Place(r"[0-9.]+", lambda share: percent(float(share)))
_FUNCTIONS = _Place(r"[a-z]+(?:, [a-z]+)*", _one_of(FUNCTIONS, is_within=True))

_PLACES: Mapping[str, _Place] = {
    "n": _Place(r"\d+", _count),
    "all": _Place(r"\d+", _count),
    "wait": _Place(r"\d+", _count),
    "most": _Place(r"\d+", _count),
    "wished_tier": _Place(r"\d", str),
    "year": _Place(r"\d+", str),
    "last_year": _Place(r"\d+", str),
    "share": _SHARE,
    "least": _SHARE,
    "wished": _SHARE,
    "day": _Place(r"\d{4}-\d\d-\d\d", dated),
    "moment": _Place(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC", dated),
    "clock": _CLOCK,
    "typed": _Place(_CLOCK.pattern, str),
    "before": _CLOCK,
    "before_again": _CLOCK,
    "after": _CLOCK,
    "after_again": _CLOCK,
    "first": _IN_UTC,
    "second": _IN_UTC,
    "function": _Place("|".join(each.value.capitalize() for each in Function), _one_of(FUNCTIONS)),
    "functions": _FUNCTIONS,
    "asked": _FUNCTIONS,
    "stage": _Place("|".join(each.value.replace("_", " ").capitalize() for each in Stage), _one_of(_STAGES)),
    "said": _Place("|".join(PHRASES), _phrase),
    "act": _Place("|".join(NEEDING_REASON), _phrase),
    "doing": _Place("|".join(DOINGS), gettext),
    "kind": _Place("|".join(COMMANDS), _one_of(COMMANDS)),
    "ended": _Place("launched|cancelled", _one_of(STATES)),
    "status": _Place("|".join(STATES), _one_of(STATES)),
    "wanted": _Place("granted|denied|revoked", _one_of(STATES)),
    "action": _Place(r"[a-z ]+", str),
    "role_key": _Place("|".join(_ROLES), _one_of(_ROLES, is_within=True)),
    "roles": _Place(r"[a-z_]+(?:, [a-z_]+)*", _one_of(_ROLES, is_within=True)),
    "role": _Place(
        "|".join(each.value.replace("_", " ") for each in Role),
        _one_of({each.value.replace("_", " "): words for each, words in ROLES.items()}, is_within=True),
    ),
    "criterion": _Place("|".join(each.value for each in CriterionKey), _one_of(CRITERIA, is_within=True)),
    "item": _Place("|".join(each.value for each in CriterionKey), _one_of(CRITERIA)),
    "criteria": _Place(r"[a-z_]+(?:, [a-z_]+)*", _one_of(CRITERIA, is_within=True)),
    "lessons": _Place(r".+", _lessons),
    "reason": _Place(r".+", plainly),
    "name": _Place(r".+", dated),
    "names": _Place(r".+", dated),
    "other": _Place(r".+", dated),
    "region": _Place(r".+", str),
    "zone": _Place(r"[\w/+-]+", str),
    "title": _Place(r".+", gettext),
    "format": _Place("|".join(FORMATS), gettext),
    "byte": _Place(r"[0-9A-F]{2,6}", str),
    "minute": _Place(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", lambda minute: f"{dated(minute.removesuffix('Z'))} UTC"),
    # What stood in a file, word for word.
    "quoted": _Place(r".+", str),
}
"""By the name of the place: the same name is the same kind of value in every sentence."""
