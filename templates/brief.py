"""How does what a decision is taken on become one page of paper?"""

# Typst sets it, as a tagged PDF after PDF/UA-1. What people wrote goes in as data, so that none of it is markup.

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from readiness.commands import Stance
from readiness.events import CriterionStatus
from readiness.forecast import is_outweighed
from readiness.prospect import red_for
from readiness.readiness import Readiness, SeatShown
from readiness.region import ConditionStatus, Verdict, WaiverStatus
from templates.core_words import plainly
from templates.language import Reader, gettext, reader, reading
from templates.moments import cut, day, in_utc, index, instant, margin, percent, span, until
from templates.prospect_words import red_said
from templates.words import (
    CHOICES,
    COLOURS,
    COLOURS_MEAN,
    CONDITION_STATUSES,
    COUNTS,
    CRITERIA,
    CRITERION_STATUSES,
    STAGES,
    STANCES,
    VERDICTS,
    VERDICTS_MEAN,
    WAIVER_STATUSES,
    whom,
    within,
)

SOURCE = Path(__file__).parent / "print" / "brief.typ"

LONGEST = 170
"""Characters of one text on the page: it says where the rest is."""
MOST_ROWS = 6
"""Rows of one table, so that it stays one page."""
FOR_WANT_OF_LETTERS = "Letters that no font here has are shown as a question mark."
LATIN = 0x180
"""Where in Unicode the letters end that every font has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One region, as it stands when the page is printed."""

    readiness: Readiness
    names: dict[str, str]
    printed_by: str
    printed_at: datetime
    decision_digest: str | None
    """The digest of what the standing decision was taken on; None where there is none, or it is not the reader's."""

    def named(self, person: str) -> str:
        """Return the name of a person, or the id where there is none."""
        return self.names.get(person, person)


def brief_pdf(brief: Brief, language: str = "en", zone: str = "UTC") -> bytes:
    """Return the brief as a tagged PDF after PDF/UA-1, for a reader of `language` on the clock of `zone`."""
    with reading(Reader(language, zone)):
        document = brief_document(brief)
    # Imported late: nothing but this page needs it.
    import typst

    plain = _printable(document)
    plain["footer"] += f" {gettext(FOR_WANT_OF_LETTERS)}"
    for text in (document, plain):
        try:
            made = typst.compile(
                SOURCE,
                root=SOURCE.parent,
                sys_inputs={"brief": json.dumps(text)},
                pdf_standards=["ua-1"],
                timestamp=brief.printed_at.replace(microsecond=0),
            )
        except typst.TypstError:
            # Of what no font at hand can show, a signed page must not pretend that it does.
            continue
        return bytes(made)
    raise RuntimeError("the brief cannot be set, not even in plain letters")


def brief_document(brief: Brief) -> dict[str, Any]:
    """Return everything that stands on the page, in words."""
    shown, zone = brief.readiness, brief.readiness.time_zone
    over = shown.verdict in {Verdict.LAUNCHED, Verdict.CANCELLED}
    forecast = gettext("Reached") if shown.has_learned else gettext("None")
    if shown.forecast_at is not None:
        forecast = f"{day(shown.forecast_at)}, {margin(shown.forecast_at, shown.launch_at)}"
        if is_outweighed(shown.forecast_at, launch_at=shown.launch_at, rag=shown.rag):
            why = ", ".join(red_said(each) for each in red_for(shown))
            forecast += f", {gettext('by the pace alone; red because %(why)s') % {'why': why}}"
    return {
        "language": reader().language,
        "title": _cut(gettext("%(product)s in %(region)s") % {"product": shown.product_name, "region": shown.name}),
        "subtitle": gettext("Go/no-go brief. Tier %(tier)s, wave %(wave)s, owner %(owner)s, version %(version)s")
        % {
            "tier": shown.tier,
            "wave": shown.wave,
            "owner": _cut(brief.named(shown.owner)),
            "version": shown.version,
        },
        "verdict": gettext(VERDICTS[shown.verdict]),
        "means": gettext(VERDICTS_MEAN[shown.verdict]),
        "colour": shown.rag.value,
        "colour_word": f"{gettext(COLOURS[shown.rag])}: {within(COLOURS_MEAN[shown.rag])}",
        "reasons": [_cut(plainly(reason)) for reason in shown.reasons],
        "facts": [
            [gettext("Launch"), f"{instant(shown.launch_at, zone)} ({until(shown.launch_at, brief.printed_at)})"],
            [gettext("Stage"), gettext(STAGES[shown.stage])],
            *([] if over else [[gettext("Forecast"), forecast]]),
            [
                gettext("Readiness index"),
                f"{index(shown.index)} {gettext('of 100')}, {percent(shown.coverage)} {gettext('on evidence')}",
            ],
            [gettext("Judged as of"), instant(shown.at, zone)],
            [gettext("Evidence gathered"), in_utc(shown.as_of)],
        ],
        "decision": list(_decision(brief)),
        "waits": [
            [whom(each.waiting_on), _cut(plainly(each.reason)), span(brief.printed_at - each.since)]
            for each in shown.blockers[:MOST_ROWS]
        ],
        "criteria": [
            [
                gettext(CRITERIA[each.key]),
                f"{gettext(CRITERION_STATUSES[each.status])} ({gettext(COLOURS[each.rag])})",
                f"{each.numerator:,} / {each.denominator:,} {gettext(COUNTS[each.key])}",
                f"{percent(each.actual)}, {percent(each.required)}",
                _cut("; ".join(plainly(reason) for reason in each.reasons)) or "-",
            ]
            for each in shown.criteria
        ],
        "poll_note": _poll_note(brief),
        "poll": [[whom(seat.function.value), _seat(brief, seat), _cut(seat.reason or "-")] for seat in _seats(shown)],
        "waivers": [
            [
                f"{gettext(CRITERIA[each.criterion])}, {gettext('down to')} {percent(each.floor)}",
                gettext(WAIVER_STATUSES[each.status]),
                instant(each.expires_at, zone),
                _cut(each.reason or "-"),
            ]
            for each in shown.waivers[-MOST_ROWS:]
        ],
        "conditions": [
            [
                _cut(each.text or each.id),
                gettext(CONDITION_STATUSES[each.status]),
                _cut(brief.named(each.owner)),
                instant(each.due_at, zone),
            ]
            for each in shown.conditions[:MOST_ROWS]
        ],
        "lapses": list(_lapses(brief)),
        "footer": gettext("Printed %(moment)s by %(person)s. What counts is on the page of the region, not on paper.")
        % {"moment": in_utc(brief.printed_at), "person": _cut(brief.printed_by)},
        "words": {
            "decision": gettext("Decision"),
            "waits": gettext("Who must do what"),
            "waits_head": [gettext("Who"), gettext("What"), gettext("For")],
            "criteria": gettext("Criteria"),
            "criteria_head": [
                gettext("Criterion"),
                gettext("Stands"),
                gettext("Counted"),
                gettext("Share, needed"),
                gettext("Why"),
            ],
            "poll": gettext("Poll, dissent first"),
            "poll_head": [gettext("Function"), gettext("Position"), gettext("Reason")],
            "waivers": gettext("Waived"),
            "waivers_head": [gettext("Criterion"), gettext("Stands"), gettext("Until"), gettext("Why")],
            "conditions": gettext("Conditions of the go"),
            "conditions_head": [gettext("Promise"), gettext("Stands"), gettext("Owner"), gettext("Due")],
            "lapses": gettext("What lapses before the launch"),
        },
    }


def _decision(brief: Brief) -> Iterator[str]:
    shown, zone = brief.readiness, brief.readiness.time_zone
    if shown.hold is not None:
        who = _cut(brief.named(shown.hold.person)) if shown.hold.person is not None else gettext("a rule")
        yield gettext("Held by %(who)s since %(moment)s") % {"who": who, "moment": instant(shown.hold.since, zone)}
    taken = shown.decision
    if taken is None:
        if shown.verdict is Verdict.READY:
            yield gettext("None yet. Every learning gate is met, so an executive may decide.")
        return
    yield gettext("%(choice)s by %(who)s, %(moment)s, for the launch on %(launch)s") % {
        "choice": gettext(CHOICES[taken.verdict]),
        "who": _cut(brief.named(taken.person)),
        "moment": instant(taken.at, zone),
        "launch": instant(taken.slipped_to or taken.launch_at, zone),
    }
    if taken.reason is not None:
        yield _cut(taken.reason)
    if taken.review_at is not None:
        yield gettext("To be looked at again %(moment)s") % {"moment": instant(taken.review_at, zone)}
    if taken.dissents_accepted:
        named = ", ".join(whom(function.value) for function in taken.dissents_accepted)
        yield gettext("Accepted by name the dissent of %(functions)s") % {"functions": named}
    if brief.decision_digest is not None:
        yield gettext("Digest of what it was taken on: %(digest)s") % {"digest": brief.decision_digest}


def _seats(shown: Readiness) -> list[SeatShown]:
    seats = shown.poll.seats if shown.poll is not None else ()
    return sorted(seats, key=lambda seat: seat.position is not Stance.DISSENT)


def _seat(brief: Brief, seat: SeatShown) -> str:
    poll = brief.readiness.poll
    if seat.position is not None:
        said = gettext(STANCES[seat.position])
    elif poll is not None and poll.closed_at is None:
        said = gettext("Has voted, sealed") if seat.voted else gettext("Not yet")
    else:
        said = gettext("Absent")
    return f"{said}, {_cut(brief.named(seat.person))}" if seat.person is not None else said


def _poll_note(brief: Brief) -> str:
    poll, zone = brief.readiness.poll, brief.readiness.time_zone
    if poll is None:
        return ""
    if poll.closed_at is not None:
        return gettext("Closed %(moment)s") % {"moment": instant(poll.closed_at, zone)}
    return gettext("Open until %(moment)s, and sealed until then") % {"moment": instant(poll.closes_at, zone)}


def _lapses(brief: Brief) -> Iterator[str]:
    """Yield what holds as the page is printed and does not hold on launch day by itself."""
    shown, zone = brief.readiness, brief.readiness.time_zone
    for each in shown.waivers:
        if each.status is WaiverStatus.GRANTED and not each.covers_launch:
            yield gettext("The waiver of %(criterion)s, on %(moment)s") % {
                "criterion": gettext(CRITERIA[each.criterion]).lower(),
                "moment": instant(each.expires_at, zone),
            }
    for promise in shown.conditions:
        if promise.status is ConditionStatus.OPEN and promise.due_at <= shown.launch_at:
            yield gettext("The go, unless this is met by %(moment)s: %(text)s") % {
                "moment": instant(promise.due_at, zone),
                "text": _cut(promise.text or promise.id),
            }
    for result in shown.criteria:
        for reason in result.reasons:
            if result.status is not CriterionStatus.MET and "lapse" in reason:
                yield _cut(plainly(reason))


def _cut(text: str) -> str:
    return cut(" ".join(text.split()), LONGEST)


def _printable(value: Any) -> Any:
    """Return the document with a question mark for every letter that plain fonts may not have."""
    match value:
        case dict():
            return {name: _printable(each) for name, each in value.items()}
        case list():
            return [_printable(each) for each in value]
        case str():
            return "".join(
                letter if letter == "\N{HORIZONTAL ELLIPSIS}" or ord(letter) < LATIN else "?" for letter in value
            )
        case _:
            return value
