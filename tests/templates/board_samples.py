"""Which boards stand for every board?"""

from dataclasses import replace
from datetime import timedelta

from readiness.asks import Ask
from readiness.commands import Choice, Role, Stance
from readiness.people import PersonStatus
from readiness.permit import PermitStanding
from readiness.policy import CriterionKey, Function, Stage
from readiness.prospect import Ahead, Later, Reddening, RedFor
from readiness.readiness import WORST_FIRST, Rag, Shortfall
from readiness.region import Verdict
from templates.pages import (
    BoardPage,
    Cell,
    CellLater,
    CellWait,
    CertifiedForGo,
    ChangeLine,
    Changes,
    CloseUp,
    ColourTotal,
    Counted,
    Decided,
    Filters,
    Missing,
    MissingOnes,
    Named,
    ProductRow,
    Proof,
    SaidBack,
    Sort,
    Spoken,
    Then,
    VerdictTotal,
)
from tests.readiness.builders import LAUNCH_AT, NOW
from tests.templates.samples import VIEWER

RED_FOR = tuple(Reddening(why=why, criterion=key) for why in RedFor for key in (*CriterionKey, None))
"""Everything that may make a region red."""


def cell(**changes: object) -> Cell:
    """Return a cell of the board with `changes`."""
    made = Cell(
        product="atlas-2",
        region="apac",
        name="APAC",
        time_zone="Asia/Singapore",
        launch_at=LAUNCH_AT,
        stage=Stage.TRAINING,
        verdict=Verdict.NOT_READY,
        rag=Rag.AMBER,
        index=63.4,
        coverage=0.91,
        forecast_at=LAUNCH_AT - timedelta(days=9),
        reason="8 of 50 have not completed every required course",
        waiting_on=("enablement",),
        as_of=NOW,
        is_behind=False,
        is_old=False,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def close_up(text: str) -> CloseUp:
    """Return what a cell tells from close by, with all that it may tell; people wrote `text` wherever they may."""
    wait = CellWait(
        whom="enablement",
        since=NOW,
        reason=text,
        ask=Ask.LEARN,
        criterion=CriterionKey.TRAINING_COMPLETION,
        due_at=LAUNCH_AT,
        shortfall=Shortfall(numerator=42, denominator=50, needed=3),
        names=(text, "Mei Tan", "Priya Raman"),
        said_back=(),
    )
    late = replace(wait, whom="marketing", criterion=CriterionKey.VALUE_PROPOSITIONS_SIGNED, due_at=NOW)
    idle = replace(wait, whom="executive", criterion=None, due_at=None, shortfall=None)
    anew = replace(late, ask=Ask.WRITE_ANEW, said_back=(SaidBack(who=text, at=NOW, text=text),))
    return CloseUp(
        waits=(wait, late, idle, anew),
        texts_later=(
            CellLater(
                of=(Spoken("marketing", (text,)), Spoken("sales", ())),
                each=(later(CriterionKey.OBJECTIONS_SIGNED), later(CriterionKey.CERTIFIED_SHARE)),
            ),
        ),
        people_later=(CellLater(of=(Spoken("enablement", ()),), each=(later(CriterionKey.CERTIFIED_SHARE),)),),
        ahead=(
            *(Then(each, (text,)) for each in Ahead),
            Then(Ahead.VOTES, (), tuple(Spoken(each.value, (text,)) for each in Function)),
        ),
        decide_by=LAUNCH_AT,
        red_for=RED_FOR,
        reason=text,
        decided=Decided(
            choice=Choice.HOLD,
            by=text,
            at=NOW,
            counted=(
                Counted(CriterionKey.TRAINING_COMPLETION, 9, 10, 0.85),
                Counted(CriterionKey.CERTIFIED_SHARE, 8, 10, None),
            ),
            votes=((Function.ENABLEMENT, Stance.DISSENT),),
            seen_address="/launches/atlas-2/emea#seen",
            proof=Proof(
                right=Role.EXECUTIVE,
                granted_by=text,
                granted_at=NOW,
                reason=text,
                act_address="/ledger?act=c-1",
                record_address="/v1/launches/atlas-2/regions/emea/decisions/9",
                digest="sha256:9f8e",
            ),
        ),
        certified=CertifiedForGo(
            reached=8,
            of_all=10,
            fewest=7,
            missing=Missing(named=(MissingOnes(PersonStatus.TRAINED, (text, "Li Wei")),), more=1),
            people_address="/launches/atlas-2/emea/people",
            nudge_address="/launches/atlas-2/emea/people/nudge",
        ),
        people_address="/launches/atlas-2/emea/people",
        sale=PermitStanding.NOT_LAUNCHED,
    )


def later(criterion: CriterionKey) -> Later:
    """Return what a region will ask for later."""
    return Later(
        stage=Stage.TRAINING,
        criterion=criterion,
        due_at=LAUNCH_AT,
        shortfall=Shortfall(numerator=4, denominator=10, needed=3),
        waiting_on=("enablement",),
    )


def change_line(**changes: object) -> ChangeLine:
    """Return what has happened in one region, with `changes`."""
    made = ChangeLine(
        product="atlas-2",
        region="apac",
        product_name="Atlas 2",
        name="APAC",
        verdict=Verdict.HELD,
        rag=Rag.RED,
        what=("Training reopened", "Held"),
        last_at=NOW - timedelta(hours=3),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def board_page(*rows: ProductRow, **changes: object) -> BoardPage:
    """Return a board with one product in two regions, or with `rows`, and with `changes`."""
    columns = (Named(slug="emea", name="EMEA", wave=1), Named(slug="apac", name="APAC"))
    made = BoardPage(
        own=None,
        running=None,
        viewer=VIEWER,
        refresh_seconds=30,
        read_at=NOW,
        oldest_figures_at=NOW - timedelta(hours=2),
        filters=Filters(rag=Rag.AMBER),
        pause_address="/?rag=amber&live=off",
        clear_address="/",
        products=(Named(slug="atlas-2", name="Atlas 2"),),
        regions=columns,
        colours=tuple(
            ColourTotal(rag=rag, count=place, address=f"/?rag={rag.value}", is_chosen=rag is Rag.AMBER)
            for place, rag in enumerate(WORST_FIRST)
        ),
        verdicts=tuple(
            VerdictTotal(verdict=verdict, count=1, address=f"/?verdict={verdict.value}", is_chosen=False)
            for verdict in Verdict
        ),
        cells_found=11,
        products_found=9,
        first_position=3,
        tiers=(1, 2),
        waves=(1, 2),
        sorts=((Sort.NAME, "/"), (Sort.TIER, "/?sort=tier")),
        may_start=True,
        changes=Changes(since=NOW - timedelta(days=1), lines=(change_line(),), others=2),
        columns=columns,
        rows=rows or (product_row(None, cell()),),
        is_small=False,
        first_address="/",
        next_address="/?after=atlas-2",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def product_row(*cells: Cell | None, name: str = "Atlas 2") -> ProductRow:
    """Return one product with these cells."""
    return ProductRow(
        product="atlas-2",
        name=name,
        tier=1,
        owner="pm-7",
        owner_name=None,
        first_launch_at=LAUNCH_AT,
        last_launch_at=LAUNCH_AT + timedelta(days=14),
        cells=cells,
    )


def small_board(text: str = "8 of 50 have not completed every required course") -> BoardPage:
    """Return a board that is read from close by; people wrote `text` wherever they may."""
    return board_page(product_row(None, cell(close_up=close_up(text))), is_small=True, filters=Filters())
