"""How do tests make the pages of a product, with something in every place?"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from readiness.ball import Holder
from readiness.impact import QUESTIONS
from readiness.policy import CriterionKey, Function, Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from readiness.signing import SigningState
from templates.differences import differences
from templates.pages import (
    BurnDay,
    BurnUp,
    Comment,
    ContentPage,
    DebtRow,
    DueShown,
    FaultLine,
    Follows,
    Foreseen,
    Form,
    HeldRow,
    OwnWords,
    Page,
    Part,
    PartChanged,
    PortfolioPage,
    RegionBegins,
    RegionChoice,
    RevisionLine,
    SignedBy,
    SigningRow,
    Slip,
    SlipChoice,
    SlipDue,
    SlipRed,
    StageSaid,
    StartPage,
    StartPreview,
    TextPage,
    TextSaid,
    TierProposed,
    TrendDay,
    Viewer,
)
from templates.timescale import Tick
from tests.readiness.builders import NOW

VIEWER = Viewer(person="pm-7", name="Ines Carvalho", roles=("Product manager everywhere",), is_persona=False)
DIGEST = "sha256:" + "0" * 64


def form(text: str = "Too dear", **fields: str) -> Form:
    """Return a form that was refused, with `text` and a fault in each of `fields`."""
    values = dict.fromkeys(("key", "objection", "answer", "statement", "heard", "region", *fields), text)
    return Form(wish="w-1", values={**values, **fields}, faults={"objection": (text,)}, refusal=text)


def _sent_back(text: str) -> Comment:
    return Comment(
        function=Function.SALES,
        stage=Stage.OBJECTION_HANDLING,
        region=text,
        time_zone="Europe/Berlin",
        who=text,
        at=NOW,
        text=text,
        heard=None,
        address=None,
        is_current=True,
    )


def _said(text: str) -> TextSaid:
    return TextSaid(
        key="price",
        address="/launches/atlas-2/content/objection_handling/price",
        parts=(Part(field="objection", lines=(text,)), Part(field="proof_points", lines=(text, text))),
        rank=1,
        revision=3,
        digest=DIGEST,
        who=text,
        at=NOW,
        regions=(text,),
    )


def content_page(text: str = "It costs too much.", viewer: Viewer = VIEWER) -> ContentPage:
    """Return the page of what is said of a product; people wrote `text` wherever they may write."""
    row = SigningRow(
        product="atlas-2",
        region="emea",
        name=text,
        time_zone="Europe/Berlin",
        digest=DIGEST,
        missing=("enterprise",),
        signed=tuple(SignedBy(function=Function.SALES, state=state, who=text, at=NOW) for state in SigningState),
    )
    comment = _sent_back(text)
    heard = replace(comment, function=None, heard=text, address="/launches/atlas-2/content/x/y", text=None)
    return ContentPage(
        viewer=viewer,
        refresh_seconds=None,
        product="atlas-2",
        name=text,
        read_at=NOW + timedelta(days=1),
        stages=(
            StageSaid(
                stage=Stage.OBJECTION_HANDLING,
                texts=(_said(text), replace(_said(text), key="open", parts=(), revision=None, at=None)),
                signers=(Function.SALES,),
                rows=(row,),
            ),
            StageSaid(stage=Stage.VALUE_PROPOSITIONS, texts=(), signers=(), rows=()),
        ),
        comments=(comment, heard),
        earlier=3,
        objection=form(text),
        heard=Form(wish="w-2", values={"objection": text, "heard": text}, faults={}, refusal=None),
        hears_in=(RegionChoice(region="emea", name=text),),
    )


def text_page(text: str = "It costs too much.", viewer: Viewer = VIEWER) -> TextPage:
    """Return the page of one text whose edit came back; people wrote `text` wherever they may write."""
    changes = (PartChanged(field="answer", pieces=differences(f"old {text}", f"{text} new")),)
    line = RevisionLine(
        revision=3,
        digest=DIGEST,
        who=text,
        at=NOW,
        regions=(text,),
        is_material=False,
        is_withdrawal=False,
        is_first=False,
        changes=changes,
    )
    return TextPage(
        objections=(_sent_back(text), replace(_sent_back(text), text=None)),
        viewer=viewer,
        refresh_seconds=None,
        product="atlas-2",
        name=text,
        read_at=NOW,
        stage=Stage.OBJECTION_HANDLING,
        key="price",
        now=_said(text),
        own=(
            OwnWords(
                region="emea",
                name=text,
                parts=(Part(field="answer", lines=(text,)),),
                revision=2,
                moved_on=3,
                edit="/launches/atlas-2/content/objection_handling/price?region=emea",
                withdraw=replace(form(text), wish="w-3"),
                ends_go=True,
            ),
        ),
        history=(line, replace(line, revision=2, is_withdrawal=True, changes=()), replace(line, is_first=True)),
        earlier=2,
        form=form(text),
        region=None,
        choices=(RegionChoice(region="emea", name=text),),
        why_not="write",
        theirs=changes,
        moved_to=3,
        ends=(RegionChoice(region="emea", name=text),),
        follows=(
            Follows(
                region=text,
                voided=(Function.SALES, Function.MARKETING),
                asked_again=(Function.PRODUCT,),
                reopened=(Stage.OBJECTION_HANDLING,),
                loses=Verdict.GO,
            ),
        ),
    )


def start_page(text: str = "Atlas 2", viewer: Viewer = VIEWER) -> StartPage:
    """Return the page on which a launch is started, with a preview and faults; people wrote `text` everywhere."""
    names = ("name", "product", "launch_at", "regions.0.name", "regions.7.time_zone", "courses.0.title", "policy")
    begins = RegionBegins(
        name=text,
        time_zone="Europe/Berlin",
        wave=1,
        launch_at=NOW,
        is_short=True,
        due=(DueShown(stage=Stage.TRAINING, due_at=NOW, is_past=True),),
    )
    return StartPage(
        viewer=viewer,
        refresh_seconds=None,
        read_at=NOW,
        form=Form(wish="w-1", values=dict.fromkeys(names, text), faults={names[0]: (text,)}, refusal=text),
        file=Form(wish="w-2", values={"plan": text}),
        file_faults=(FaultLine(path=text, reason=text), FaultLine(path="", reason=text)),
        region_rows=(0, 7),
        course_rows=(0,),
        questions=QUESTIONS,
        zones=("Europe/Berlin",),
        missing=2,
        wrong=0,
        proposal=TierProposed(tier=1, reasons=(text,)),
        preview=StartPreview(
            product="atlas-2",
            name=text,
            tier=1,
            owner=text,
            regions=(begins,),
            below_tier=("policy.training.required_share",),
            segments=("enterprise",),
            courses=(text,),
            assessment=text,
            trained=0.9,
            certified=0.8,
            top_objections=5,
            seats=("Marketing", "Sales"),
            digest=DIGEST,
        ),
    )


def launch_acts(text: str = "EMEA") -> dict[str, Any]:
    """Return what the page of a product has beside its table: drawings, a move that was rehearsed, another region."""
    day = BurnDay(at=NOW, trained=3, trained_share=0.3, certified=1, certified_share=0.1)
    drawing = BurnUp(
        region="emea",
        name=text,
        time_zone="Europe/Berlin",
        launch_at=NOW,
        audience=10,
        required_trained=0.9,
        required_certified=0.8,
        trained_line="0,100 500,70",
        certified_line="0,100 500,90",
        trained_y=10,
        certified_y=20,
        today=500,
        launch_x=900,
        forecast_line="500,90 950,20",
        forecast_at=NOW + timedelta(days=3),
        ticks=(Tick(at=NOW, x=100),),
        days=(day,),
    )
    red = SlipRed(stage=Stage.TRAINING, criterion=CriterionKey.TRAINING_COMPLETION, reason=text, already=False)
    moved = Slip(
        name=text,
        refusal=None,
        verdict_before=Verdict.GO,
        verdict_after=Verdict.READY,
        rag_before=Rag.GREEN,
        rag_after=Rag.RED,
        voided=(Function.SALES,),
        reopened=(Stage.TRAINING,),
        red=(red, replace(red, already=True)),
        time_zone="Europe/Berlin",
        due=(SlipDue(stage=Stage.TRAINING, at=NOW),),
    )
    return {
        "burn_ups": (drawing, replace(drawing, region="apac", audience=0, days=(), ticks=(), forecast_at=None)),
        "more_charts": (RegionChoice(region="amer", name=text),),
        "slip": Form(wish="w-7", values={"launch_at": text, "reason": text}, faults={"reason": (text,)}),
        "movable": (SlipChoice(region="emea", name=text, time_zone="Europe/Berlin", launch_at=NOW),),
        "slips": (moved, replace(moved, refusal=text)),
        "adding": Form(wish="w-8", values={"name": text}, faults={"name": (text,), "time_zone": (text,)}),
        "owning": Form(wish="w-9", values={"owner": text}, faults={"owner": (text,)}, refusal=text),
        "zones": ("Europe/Berlin",),
        "shows_workflows": True,
        "shows_content": True,
    }


def portfolio_page(text: str = "Atlas 2", viewer: Viewer = VIEWER) -> PortfolioPage:
    """Return the page over every launch; people named things `text`."""
    day = TrendDay(day=NOW.date(), regions=4, index=63.4, red=1, amber=1, grey=1, green=1)
    launched = Foreseen(
        product="atlas-2",
        product_name=text,
        region="emea",
        name=text,
        time_zone="Europe/Berlin",
        planned_at=NOW,
        foreseen_at=NOW,
        foreseen_on=NOW.date(),
        launched_at=NOW,
        slipped_days=4,
        off_days=-3,
    )
    return PortfolioPage(
        viewer=viewer,
        refresh_seconds=None,
        read_at=NOW,
        trend=(day, replace(day, day=NOW.date() - timedelta(days=1))),
        index_line="0,37 1000,37",
        red_line="0,75 1000,75",
        outcomes=(launched, replace(launched, foreseen_at=None, off_days=None, slipped_days=-1)),
        debt=(
            DebtRow(
                criterion=CriterionKey.CERTIFIED_SHARE,
                requested=1,
                granted=2,
                young=1,
                middle=1,
                old=1,
                lapses_next_at=NOW,
                share=1.0,
            ),
        ),
        held=(
            HeldRow(
                stage=Stage.TRAINING,
                function=Holder.ENABLEMENT,
                working_days=12.5,
                days_a_region=3.1,
                regions=4,
                holding=2,
                share=1.0,
            ),
        ),
        regions=4,
    )


LAUNCH_SAMPLES: tuple[Page, ...] = (content_page(), text_page(), start_page(), portfolio_page())
"""A page of each kind about one product, beside that of its regions."""


def pages_saying(text: str, viewer: Viewer) -> tuple[Page, ...]:
    """Return every one of them, with `text` wherever people write, read by `viewer`."""
    return (
        content_page(text, viewer),
        text_page(text, viewer),
        start_page(text, viewer),
        portfolio_page(text, viewer),
        replace(text_page(text, viewer), region=RegionChoice(region="emea", name=text)),
    )
