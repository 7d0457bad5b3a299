"""What do mails and chat messages say, and how do they become text?"""

# Each template is ours and knows one page class. What people wrote (names of products, regions and persons) is only
# ever a value in it, and is escaped in HTML.

from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import ClassVar, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from readiness.notices import Topic
from templates import moments

FOLDER = Path(__file__).parent / "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPage:
    """What every mail knows."""

    template: ClassVar[str]

    name: str | None
    """The person's printed name; None where it is not known."""
    zone: str
    """Whose clock is shown."""
    board: str | None
    """The address of the board; None where the installation does not say under which address it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePage(MailPage):
    """A notice of one event."""

    template = "notice"

    topic: Topic
    product_name: str
    region_name: str
    at: datetime
    address: str | None
    """The address of the region's page."""

    @property
    def subject(self) -> str:
        """The subject: what happened, and where."""
        return f"{SUBJECTS[self.topic]}: {self.product_name} in {self.region_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """One launch that a digest reminds of."""

    product_name: str
    region_name: str
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPage(MailPage):
    """The one digest of a day: every reminder since the last."""

    template = "digest"

    reminders: tuple[Reminded, ...]

    @property
    def subject(self) -> str:
        """The subject: how many launches wait for the person."""
        return f"You are asked to get ready for {moments.counted(len(self.reminders), 'launch', 'launches')}"


class Rendered(NamedTuple):
    """One mail, in both forms."""

    subject: str
    html: str
    text: str


SUBJECTS: dict[Topic, str] = {
    Topic.HELD: "Held",
    Topic.LAUNCHED: "Launched",
    Topic.DECISION_WAITS: "A decision waits",
    Topic.DECIDED: "Decided",
    Topic.GO_LOST: "The go is gone",
    Topic.GO_REVIVED: "The go stands again",
    Topic.CONDITION_MISSED: "A condition was missed",
    Topic.PERMIT_SUSPENDED: "The permit is suspended",
    Topic.WAIVER_ASKED: "A waiver waits for an answer",
    Topic.WAIVER_ANSWERED: "Your waiver was answered",
    Topic.WAIVER_LAPSING: "A waiver lapses soon",
    Topic.WAIVER_LAPSED: "A waiver has lapsed",
    Topic.SEAT_IDLE: "A seat is idle",
    Topic.SEAT_NAMED: "You were named for a seat",
    Topic.SENT_BACK: "Sent back",
    Topic.SIGN_AGAIN: "Please sign again",
    Topic.POLICY_ASKED: "Other rules wait for an answer",
    Topic.OWNER_NOW: "You own this launch now",
}
"""How the subject of a notice begins."""

SENTENCES: dict[Topic, str] = {
    Topic.HELD: "The launch is held: it will not happen before it is decided anew. The page says why.",
    Topic.LAUNCHED: "The product has launched and may be sold there.",
    Topic.DECISION_WAITS: "Every learning gate is passed; whether it launches waits for an executive.",
    Topic.DECIDED: "An executive has decided. The page shows what, and on which evidence.",
    Topic.GO_LOST: "The launch was moved beyond what its go covers, so it needs a new decision.",
    Topic.GO_REVIVED: "The gate that had taken the go away is met again, so the go stands as it stood.",
    Topic.CONDITION_MISSED: "A condition of the go was not met by its date. Whoever promised it can still meet it.",
    Topic.PERMIT_SUSPENDED: "What was promised is overdue, so the product may not be sold there until it is met.",
    Topic.WAIVER_ASKED: "Somebody asks to pass a criterion that is not met. An executive grants or denies it.",
    Topic.WAIVER_ANSWERED: "An executive has answered or taken back the waiver that you asked for.",
    Topic.WAIVER_LAPSING: "A waiver comes to its end soon. Once it has, its criterion must be met by evidence.",
    Topic.WAIVER_LAPSED: "A waiver has come to its end. Its criterion must now be met by evidence.",
    Topic.SEAT_IDLE: "A seat has waited for too long. An executive may name another person of that function.",
    Topic.SEAT_NAMED: "An executive asks you to act for your function, because its seat has waited for too long.",
    Topic.SENT_BACK: "A function sent the message back. The page shows which, and what to change.",
    Topic.SIGN_AGAIN: "The text that you signed was changed. Read what is different, then sign it or send it back.",
    Topic.POLICY_ASKED: "Somebody asks for other rules for this launch. An executive confirms or declines them.",
    Topic.OWNER_NOW: "The launch was handed over to you.",
}
"""What a notice says, in one or two sentences of ours."""


def render_mail(page: NoticePage | DigestPage) -> Rendered:
    """Return a mail; raises where its template asks for anything that the page does not have."""
    # Imported late: it is needed for mail alone.
    import css_inline

    known = {field.name: getattr(page, field.name) for field in fields(page)}
    html = _environment().get_template(f"{page.template}.html").render(known, page=page)
    text = _environment().get_template(f"{page.template}.txt").render(known, page=page)
    return Rendered(page.subject, css_inline.CSSInliner(load_remote_stylesheets=False).inline(html), text)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        # Plain text has nothing to escape; everything else is HTML.
        autoescape=select_autoescape(enabled_extensions=("html",), disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(instant=_instant, machine=moments.machine, sentence=SENTENCES.__getitem__)
    return made


def _instant(moment: datetime, zone: str) -> str:
    """Return a moment as pages write it, with plain spaces: mail is searched, and read by programs."""
    return moments.instant(moment, zone).replace("\N{NO-BREAK SPACE}", " ")
