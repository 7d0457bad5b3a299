"""How does a page become the text that a browser reads?"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from readiness.asks import Ask
from readiness.commands import Stance
from readiness.forecast import is_outweighed
from readiness.people import PersonStatus
from readiness.permit import PermitStanding
from readiness.policy import GATED_STAGES, CriterionKey, Stage
from readiness.prospect import GO_STANDS, red_for
from readiness.readiness import PEOPLE_CRITERIA, Rag
from readiness.region import ConditionStatus, StageStatus, Verdict, WaiverStatus
from readiness.signing import SigningState
from templates import (
    act_words,
    ask_words,
    core_words,
    happenings,
    kind_words,
    moments,
    people_words,
    prospect_words,
    speaker_words,
    words,
)
from templates.assets import asset_address
from templates.language import LANGUAGES, Reader, gettext, ngettext, reading
from templates.pages import LATER_WEEKS, Page, Sort, content_address, later_lines, region_address

FOLDER = Path(__file__).parent / "html"

Key = TypeVar("Key")


class NothingToShow(TypeError):  # noqa: N818 - named by its reason, as refusals are.
    """A template would print a value that is not there."""


@cache
def environment() -> Environment:
    """Return the one environment: everything is escaped, and what a page does not have is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_present,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    # As the catalogue has them: without the blanks around them.
    made.policies["ext.i18n.trimmed"] = True
    # The newer style formats every text once more, as markup, whether it has anything to be filled in or not.
    made.install_gettext_callables(_filled, ngettext, newstyle=False)  # type: ignore[attr-defined]  # The extension adds it.
    made.filters.update(
        instant=moments.instant,
        beside=moments.beside,
        in_utc=moments.in_utc,
        day=moments.day,
        day_here=moments.day_here,
        to_the_second=moments.to_the_second,
        on_day=moments.on_day,
        machine=moments.machine,
        span=moments.span,
        age=moments.age,
        ago=moments.ago,
        lasting=moments.lasting,
        since=moments.since,
        until=moments.until,
        margin=moments.margin,
        percent=moments.percent,
        number=moments.number,
        index=moments.index,
        working_days=moments.working_days,
        cut=moments.cut,
        verdict=_words(words.VERDICTS),
        verdict_means=_words(words.VERDICTS_MEAN),
        colour=_words(words.COLOURS),
        colour_means=_words(words.COLOURS_MEAN),
        stage=_words(words.STAGES),
        stage_status=_words(words.STAGE_STATUSES),
        criterion=_words(words.CRITERIA),
        counts=_words(words.COUNTS),
        reached=words.reached,
        criterion_status=_words(words.CRITERION_STATUSES),
        choice=_words(words.CHOICES),
        # For sentences of the core: `_` would take a per cent sign in them for a place to be filled.
        told=gettext,
        signing=_words(words.SIGNING_STATES),
        function=_words(words.FUNCTIONS),
        content_field=_words(words.CONTENT_FIELDS),
        why_not=_words(words.WHY_NOT),
        stance=_words(words.STANCES),
        waiver_status=_words(words.WAIVER_STATUSES),
        condition_status=_words(words.CONDITION_STATUSES),
        lesson=_words(words.LESSONS),
        person_status=_words(people_words.PERSON_STATUSES),
        person_status_means=_words(people_words.PERSON_STATUSES_MEAN),
        person_colour=lambda status: people_words.PERSON_COLOURS[status].value,
        import_kind=_words(people_words.IMPORT_KINDS),
        import_kind_means=_words(people_words.IMPORT_KINDS_MEAN),
        import_state=_words(people_words.IMPORT_STATES),
        import_state_means=_words(people_words.IMPORT_STATES_MEAN),
        import_colour=lambda state: people_words.IMPORT_COLOURS[state].value,
        people_view=_words(people_words.PEOPLE_VIEWS),
        holder=words.holder,
        applies=_words(words.APPLIES),
        region_said=words.region_said,
        whom=words.whom,
        whom_by_name=speaker_words.whom_by_name,
        some_names=speaker_words.some_names,
        names_in_full=speaker_words.names_in_full,
        missing_ones=_words(people_words.MISSING_ONES),
        more_needed=prospect_words.more_needed,
        own_part=prospect_words.own_part,
        own_ahead=prospect_words.own_ahead,
        then_said=prospect_words.then_said,
        foretold_said=prospect_words.foretold_said,
        red_said=prospect_words.red_said,
        sort_word=_words(words.SORTS),
        delivery_state=_words(words.DELIVERY_STATES),
        channel=_words(words.CHANNELS),
        key_standing=_words(words.KEY_STANDINGS),
        broken=_words(words.BROKEN),
        sale=_words(words.SALES),
        broken_remedy=_words(words.BROKEN_REMEDIES),
        outcome=_words(words.OUTCOMES),
        source=words.source,
        within=words.within_sentence,
        place=_words(words.PLACES),
        permit_standing=_words(words.PERMIT_STANDINGS),
        permit_means=_words(words.PERMIT_STANDINGS_MEAN),
        happening=happenings.happening,
        decide_section=_words(words.DECIDE_SECTIONS),
        decide_section_means=_words(words.DECIDE_SECTIONS_MEAN),
        act=_words(act_words.ACTS),
        act_leads_to=_words(act_words.ACTS_LEAD_TO),
        about=act_words.about_words,
        asked_for=act_words.asked_for,
        asked=ask_words.asked,
        doing=ask_words.doing,
        plainly=core_words.plainly,
        said_words=act_words.said_words,
        role=_words(words.ROLES),
        role_said=words.role_said,
        kind_said=kind_words.kind_said,
        on_the_clock=moments.on_the_clock,
    )
    made.globals.update(
        asset=asset_address,
        content_address=content_address,
        region_address=region_address,
        is_outweighed=is_outweighed,
        PEOPLE_CRITERIA=PEOPLE_CRITERIA,
        red_for=red_for,
        LANGUAGES=LANGUAGES,
        counted=moments.counted,
        days=moments.days,
        later_lines=later_lines,
        VERDICTS=tuple(Verdict),
        COLOURS=tuple(Rag),
        STAGES=tuple(Stage),
        LATER_WEEKS=LATER_WEEKS,
        Sort=Sort,
        Ask=Ask,
        GATED_STAGES=GATED_STAGES,
        CriterionKey=CriterionKey,
        PersonStatus=PersonStatus,
        Verdict=Verdict,
        Stage=Stage,
        StageStatus=StageStatus,
        Stance=Stance,
        SigningState=SigningState,
        WaiverStatus=WaiverStatus,
        PermitStanding=PermitStanding,
        GO_STANDS=GO_STANDS,
        Rag=Rag,
        ConditionStatus=ConditionStatus,
    )
    return made


def render(page: Page) -> str:
    """Return `page` as HTML; raises where its template asks for anything that the page does not have."""
    known = {field.name: getattr(page, field.name) for field in fields(page)}
    with reading(Reader(page.frame.language, page.frame.zone)):
        return environment().get_template(page.template).render(known, page=page, once=_once())


def _once() -> Callable[..., str]:
    """Return what writes a piece of one page, a macro, once for what it is given, however often that is shown."""
    written: dict[tuple[object, ...], str] = {}

    def once(piece: Callable[..., str], *given: Hashable) -> str:
        wanted = (piece, *given)
        if wanted not in written:
            written[wanted] = piece(*given)
        return written[wanted]

    return once


def _words(words_of: Mapping[Key, str]) -> Callable[[Key], str]:
    """Return the filter that writes the word for a key in the reader's language."""
    return lambda key: gettext(words_of[key])


def _filled(message: str, **said: object) -> str:
    """Return a text in the reader's language with its places filled; `{% trans %}` fills its own."""
    return gettext(message) % said if said else gettext(message)


def _present(value: Any) -> Any:
    """Refuse to print None: a page says in words that something is not there."""
    if value is None:
        raise NothingToShow("a template prints a value that is None")
    return value
