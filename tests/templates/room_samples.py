"""How do tests make what is done on pages: forms, what they lead to, and what is to be decided?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from api.room_acts import ROOM_ACTS
from readiness.commands import Choice, Role, Stance
from readiness.events import HoldCause, RegionCancelled
from readiness.policy import SIGNED_STAGES, CriterionKey, Function, Stage
from readiness.prospect import Ahead, Reddening, RedFor
from readiness.readiness import Rag
from readiness.region import ConditionStatus, Verdict
from readiness.rehearsal import Outlook, Would, WouldBeRed, WouldHold, WouldReopen, WouldVoid
from readiness.signing import SigningState
from templates.pages import (
    ActElsewhere,
    ActNotNow,
    ActOffer,
    ConfirmPage,
    DecidePage,
    DecideRow,
    DecideSection,
    Form,
    Promised,
    RoomActs,
    Said,
    SentBackLine,
    Short,
    ShownContent,
    SignedLine,
    TextLine,
    Then,
    Viewer,
    Vote,
    WaitsOn,
    Waived,
)
from tests.readiness.builders import LAUNCH_AT, NOW

EXECUTIVE = Viewer(
    person="ex-1", name="Elena Fischer", roles=("Executive everywhere",), is_persona=True, is_signed_in=True
)


def shown_contents(text: str) -> Iterator[ShownContent]:
    """Yield what is signed at each stage, every word of people being `text`."""
    line = TextLine(
        key="enterprise",
        revision=3,
        is_adapted=True,
        moved_on=4,
        headline=text,
        answer=text,
        rank=1,
        address="/launches/atlas-2/content/value_propositions/enterprise?region=emea",
        write="/launches/atlas-2/content/value_propositions/enterprise?region=emea#write",
        points=(text, text),
        buyers=(text,),
        worth=text,
    )
    for stage in SIGNED_STAGES:
        yield ShownContent(
            stage=stage,
            digest="sha256:" + "0" * 64,
            missing=("mid-market",),
            texts=(line, replace(line, is_adapted=False, moved_on=None, answer=None, rank=None, worth=None)),
            raised=(line,),
            signed=(
                SignedLine(function=Function.MARKETING, person="ma-1", at=NOW, state=SigningState.SIGNED),
                SignedLine(function=Function.SALES, person="ex-1", at=NOW, state=SigningState.EARLIER),
                SignedLine(function=Function.PRODUCT, person=None, at=None, state=SigningState.WAITING),
            ),
            sent_back=(
                SentBackLine(function=Function.SALES, person="sa-1", at=NOW, reason=text, of_this=True),
                SentBackLine(function=Function.SALES, person="sa-1", at=NOW, reason=None, of_this=False),
            ),
        )


def room_acts(text: str) -> RoomActs:
    """Return a form for each act, filled in with `text` wherever people write, and every other way that it may be."""
    fixed = {"stage": "value_propositions", "function": "sales", "digest": "sha256:" + "0" * 64, "seen": "7"}
    names = ("reason", "compensating_control", "proof", "how", "person", "conditions.0.text", "launch_at")
    offers = tuple(
        ActOffer(
            name=row.name,
            key="w-1",
            anchor=f"act-{row.name}",
            at=row.at,
            about=(text, Stage.TRAINING, Function.SALES, CriterionKey.CERTIFIED_SHARE),
            form=Form(
                wish=f"wish-{row.name}",
                values=dict.fromkeys(names, text),
                faults={"reason": (text,), "verdict": (text,)},
                refusal=text,
            ),
            fixed=fixed,
            is_open=True,
            choices=(Choice.CONDITIONAL_GO,),
            impossible=((Choice.GO, text),),
            latest=LAUNCH_AT,
            dissents=(Function.SALES,),
            conditions=2,
            asks_first=row.asks_first,
            needs_login=row.name == "grant-waiver",
        )
        for row in ROOM_ACTS
    )
    return RoomActs(
        offers=offers,
        not_now=(ActNotNow(name="resume", about=(text,), why=text),),
        elsewhere=(ActElsewhere(name="decide", about=(text,), roles=(Role.EXECUTIVE,)),),
        fresh_until=LAUNCH_AT,
    )


def confirm_page(text: str = "Everyone is certified.") -> ConfirmPage:
    """Return the page that asks once more before something is done, every word of people being `text`."""
    before = Outlook(region="emea", version=7, verdict=Verdict.GO, stage=Stage.GO_NO_GO, rag=Rag.GREEN)
    return ConfirmPage(
        viewer=EXECUTIVE,
        refresh_seconds=None,
        product="atlas-2",
        region="emea",
        product_name=text,
        region_name=text,
        time_zone="Europe/Berlin",
        launch_at=LAUNCH_AT,
        act="decide",
        said=(
            Said(name="verdict", value="go"),
            Said(name="reason", value=text),
            Said(name="conditions.0.due_at", value="2027-03-01T09:00"),
        ),
        form=Form(wish="wish", values={"launch_at": text}),
        asks_why=True,
        before=before,
        after=before.model_copy(update={"verdict": Verdict.CONDITIONAL_GO, "stage": Stage.TRAINING}),
        would=Would(
            voided=(
                WouldVoid(region="emea", stage=Stage.VALUE_PROPOSITIONS, function=Function.SALES, person="sa-1"),
            ),
            reopened=(WouldReopen(region="emea", stage=Stage.TRAINING),),
            held=(WouldHold(region="emea", cause=HoldCause.PERSON, verdict=Verdict.GO),),
            red=(
                WouldBeRed(
                    region="emea", stage=Stage.TRAINING, criterion=CriterionKey.TRAINING_COMPLETION, reason=text
                ),
            ),
        ),
    )


def decide_page(text: str = "The north is not ready.") -> DecidePage:
    """Return the page of what to decide, every word of people being `text`, with something in every place."""
    row = DecideRow(
        product="atlas-2",
        region="apac",
        version=12,
        product_name=text,
        name=text,
        time_zone="Asia/Singapore",
        launch_at=LAUNCH_AT,
        stage=Stage.GO_NO_GO,
        verdict=Verdict.NOT_READY,
        rag=Rag.AMBER,
        forecast_at=LAUNCH_AT + timedelta(days=2),
        reasons=(text,),
        waits=(WaitsOn(whom="enablement", since=NOW, reason=text, names=(text, text, text)),),
        may_decide=True,
        decided=Choice.NO_GO,
        decided_by=text,
        decided_at=NOW,
        review_at=LAUNCH_AT,
        votes=(
            Vote(function=Function.SALES, stance=Stance.DISSENT, has_voted=True, person=text, reason=text),
            Vote(function=Function.MARKETING, stance=None, has_voted=False, person=None, reason=None),
        ),
        poll_closes_at=None,
        waived=(
            Waived(criterion=CriterionKey.CERTIFIED_SHARE, floor=0.7, expires_at=NOW, is_granted=True, lapses=True),
            Waived(criterion=CriterionKey.CERTIFIED_SHARE, floor=0.7, expires_at=NOW, is_granted=False, lapses=False),
        ),
        promised=(Promised(owner=text, due_at=LAUNCH_AT, status=ConditionStatus.OPEN, is_before=True),),
        looked_at=NOW,
        changes=(RegionCancelled(at=NOW, person="pm-7", command_id="c-1", command_digest="sha256:" + "0" * 64),),
        changes_left_out=3,
        short=(
            Short(criterion=CriterionKey.TRAINING_COMPLETION, reached=6, of_all=10, needed=3, due_at=NOW),
            Short(criterion=CriterionKey.CERTIFIED_SHARE, reached=6, of_all=10, needed=1, due_at=LAUNCH_AT),
        ),
        ahead=(Then(Ahead.POLL, ("Ines Carvalho",)), Then(Ahead.DECISION, ())),
        red_for=(Reddening(why=RedFor.OVERDUE), Reddening(why=RedFor.LAPSES)),
    )
    sealed = replace(
        row, verdict=Verdict.READY, may_decide=False, poll_closes_at=LAUNCH_AT, changes=(), forecast_at=None
    )
    return DecidePage(
        viewer=EXECUTIVE,
        refresh_seconds=30,
        read_at=NOW + timedelta(days=3),
        words=text[:100],
        decides=True,
        sections=(
            DecideSection(key="waiting", count=1, rows=(sealed,)),
            DecideSection(key="behind", count=30, rows=(row,)),
        ),
        next_cursor="abc",
        is_first=False,
    )
