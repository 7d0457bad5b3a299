"""How do tests make the pages of people and files, with something in every place?"""

from dataclasses import replace
from datetime import timedelta

from readiness.asks import Ask
from readiness.people import PersonStatus
from readiness.permit import PermitStanding
from readiness.policy import CriterionKey, Function, Stage
from readiness.prospect import Ahead, Foretold, Timeliness
from readiness.readiness import Shortfall
from readiness.rows import ImportKind
from templates.pages import (
    BadRowLine,
    Broken,
    Coming,
    CourseDue,
    CourseTotal,
    Form,
    GivenBack,
    ImportLine,
    ImportPage,
    ImportsPage,
    KeptView,
    LaunchDue,
    MePage,
    Missing,
    MissingOnes,
    NudgePage,
    PeopleFilters,
    PeoplePage,
    PersonRow,
    Running,
    SaidBack,
    StatusTotal,
    TeamChoice,
    TextToWrite,
    UploadForm,
    ViewLink,
    WaitedFor,
)
from templates.people_words import PEOPLE_VIEWS
from templates.words import BROKEN
from tests.readiness.builders import LAUNCH_AT, NOW
from tests.templates.board_samples import later
from tests.templates.samples import VIEWER

PEOPLE_FILTERS = PeopleFilters(
    product="atlas-2",
    region="emea",
    statuses=(PersonStatus.LEARNING, PersonStatus.LAPSES),
    manager="sa-1",
    territory="DACH",
    course="basics",
    called="moreau",
)


NAMED = Form(wish="w-1", values={"name": "My team"}, faults={"name": ("Shorten it.",)}, refusal="It is not there.")


def person_row(**changes: object) -> PersonRow:
    """Return somebody who must be ready, with `changes`."""
    made = PersonRow(
        person="em-01",
        name="Amélie Laurent",
        manager_name="Luc Moreau",
        manager_address="/launches/atlas-2/emea/people?manager=sa-1",
        territory="DACH",
        status=PersonStatus.LEARNING,
        due_at=NOW,
        then_due_at=LAUNCH_AT,
        missing=("Atlas 2 pricing",),
        best_score=84.5,
        attempts_left=2,
        certified_until=LAUNCH_AT - timedelta(days=1),
        last_activity_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def people_page(*rows: PersonRow, **changes: object) -> PeoplePage:
    """Return the page of a region's people, with `changes`."""
    never = person_row(
        name=None,
        manager_name=None,
        manager_address=None,
        territory=None,
        status=PersonStatus.CERTIFIED,
        due_at=None,
        missing=(),
        best_score=None,
        attempts_left=None,
        certified_until=None,
        last_activity_at=None,
    )
    made = PeoplePage(
        viewer=VIEWER,
        refresh_seconds=None,
        read_at=NOW,
        product_name="Atlas 2",
        region_name="EMEA",
        time_zone="Europe/Berlin",
        launch_at=LAUNCH_AT,
        filters=PEOPLE_FILTERS,
        found=2,
        statuses=tuple(
            StatusTotal(status=status, count=place, address="/launches/a/b/people", is_chosen=place == 1)
            for place, status in enumerate(PersonStatus)
        ),
        courses=(CourseTotal(course="basics", title="Basics", count=1, address="/a?course=basics", is_chosen=True),),
        views=tuple(ViewLink(key=key, address=f"/{key}", is_chosen=False) for key in PEOPLE_VIEWS),
        kept=(KeptView(name="My team", address="/launches/a/b/people?manager=sa-1", is_chosen=True),),
        form=NAMED,
        may_keep=True,
        managers=(TeamChoice(person="sa-1", name="Luc Moreau"),),
        territories=("DACH",),
        people=rows
        or (
            person_row(),
            person_row(missing=(), status=PersonStatus.LAPSES),
            person_row(missing=(), status=PersonStatus.TRAINED, certified_until=NOW - timedelta(days=1)),
            never,
        ),
        clear_address="/launches/atlas-2/emea/people",
        csv_address="/launches/atlas-2/emea/people.csv",
        xlsx_address="/launches/atlas-2/emea/people.xlsx",
        nudge_address="/launches/atlas-2/emea/people/nudge",
        may_import=True,
        first_address="/launches/atlas-2/emea/people",
        next_address="/launches/atlas-2/emea/people?after=em-02",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def nudge_page(**changes: object) -> NudgePage:
    """Return the page that shows whom a reminder would reach, with `changes`."""
    made = NudgePage(
        viewer=VIEWER,
        refresh_seconds=None,
        product_name="Atlas 2",
        region_name="EMEA",
        product="atlas-2",
        region="emea",
        form=NAMED,
        nudge_address="/launches/atlas-2/emea/people/nudge",
        back_address="/launches/atlas-2/emea/people",
        count=14,
        names=("Amélie Laurent", "em-02"),
        more=12,
        waiting=3,
        reminded=1,
        most=10_000,
        mails=False,
        is_cut=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def import_line(**changes: object) -> ImportLine:
    """Return a file that came in, with `changes`."""
    made = ImportLine(
        id="people-0123-1",
        kind=ImportKind.PEOPLE,
        state="completed",
        file_name="people.csv",
        by="Priya Raman",
        at=NOW,
        rows_read=9,
        rejected=3,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def upload_form(form: Form = NAMED) -> UploadForm:
    """Return where files with people come in."""
    return UploadForm(kind=ImportKind.PEOPLE, required=("person_id",), optional=("territory",), form=form)


def imports_page(*lines: ImportLine, **changes: object) -> ImportsPage:
    """Return the page of imports, with `changes`."""
    made = ImportsPage(
        viewer=VIEWER,
        refresh_seconds=None,
        read_at=NOW,
        uploads=(upload_form(Form(wish="w-2", faults={"file": ("Choose a file first.",)})),),
        imports=lines or (import_line(),),
        most_megabytes=512,
        first_address="/imports",
        next_address="/imports?before=7",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def import_page(**changes: object) -> ImportPage:
    """Return the page of one import, with `changes`."""
    made = ImportPage(
        viewer=VIEWER,
        refresh_seconds=None,
        read_at=NOW,
        brought=import_line(),
        finished_at=NOW,
        rows_total=10,
        rows_done=9,
        accepted=5,
        unchanged=1,
        unknown=1,
        refusal="the column 'nmae' is not one of person_id, name",
        refused_line=1,
        rows=(BadRowLine(line=4, column="email", reason="is empty"), BadRowLine(line=5, column=None, reason="short")),
        more=2,
        upload=upload_form(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def launch_due(**changes: object) -> LaunchDue:
    """Return what a launch asks of a seller, with `changes`."""
    made = LaunchDue(
        product_name="Atlas 2",
        region_name="APAC",
        time_zone="Asia/Singapore",
        launch_at=LAUNCH_AT,
        has_launched=False,
        sale=PermitStanding.NOT_LAUNCHED,
        status=PersonStatus.LEARNING,
        learn_by=LAUNCH_AT - timedelta(days=7),
        pass_by=LAUNCH_AT - timedelta(days=4),
        next_course="Atlas 2 pricing",
        courses=(CourseDue(title="Atlas 2 basics", is_done=True), CourseDue(title="Atlas 2 pricing", is_done=False)),
        assessment="Atlas 2 certification",
        pass_mark=80.0,
        best_score=71.5,
        attempts_left=2,
        certified_until=LAUNCH_AT - timedelta(days=1),
        manager="Mei Tan",
        reminded_by="Priya Raman",
        reminded_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def waited_for(**changes: object) -> WaitedFor:
    """Return something that waits for the reader, with `changes`."""
    made = WaitedFor(
        product="atlas-2",
        region="apac",
        product_name="Atlas 2",
        region_name="APAC",
        whom="sales",
        names=(),
        stage=Stage.OBJECTION_HANDLING,
        since=NOW - timedelta(days=3),
        reason="Sales has not signed",
        time_zone="Asia/Singapore",
        ask=Ask.SIGN,
        criterion=CriterionKey.OBJECTIONS_SIGNED,
        due_at=LAUNCH_AT,
        shortfall=Shortfall(numerator=1, denominator=2, needed=1),
        texts=(),
        said_back=(),
        signers=(),
        foretold=None,
        missing=None,
        act_address="/launches/atlas-2/apac/acts/sign-off",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def rewriting(text: str) -> WaitedFor:
    """Return a text that was sent back with the words `text`."""
    note = SaidBack(who=text, at=NOW, text=text)
    return waited_for(
        ask=Ask.WRITE_ANEW,
        whom="marketing",
        said_back=(note,),
        reason=text,
        due_at=NOW,
        texts=(TextToWrite(text, "/x"), TextToWrite("mid-market", "/y")),
        signers=(Function.MARKETING, Function.SALES),
    )


MISSING = Missing(named=tuple(MissingOnes(status, ("Aiko Mori", "Ben Ito")) for status in PersonStatus), more=3)


def helping() -> WaitedFor:
    """Return what waits for others, about people whom the reader leads."""
    short = Shortfall(numerator=4, denominator=10, needed=3)
    key = CriterionKey.CERTIFIED_SHARE
    made = waited_for(ask=Ask.CERTIFY, whom="enablement", stage=Stage.CERTIFICATION, criterion=key, shortfall=short)
    foretold = Foretold(timeliness=Timeliness.MISSES, forecast_at=LAUNCH_AT)
    return replace(made, names=("Priya Raman",), foretold=foretold, missing=MISSING)


def coming(**changes: object) -> Coming:
    """Return what will be asked of the reader, with `changes`."""
    made = Coming(
        product="atlas-2",
        region="apac",
        product_name="Atlas 2",
        region_name="APAC",
        time_zone="Asia/Singapore",
        stage=Stage.VALUE_PROPOSITIONS,
        each=(later(CriterionKey.TRAINING_COMPLETION), later(CriterionKey.CERTIFIED_SHARE)),
        then=tuple(Ahead),
        decide_by=LAUNCH_AT,
        foretold=Foretold(timeliness=Timeliness.IN_TIME, forecast_at=LAUNCH_AT),
        missing=MISSING,
        people_address="/launches/atlas-2/apac/people",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


RUNNING = Running(
    broken=tuple(Broken(what=what, count=2) for what in BROKEN),
    verified_at=NOW,
    is_telling=False,
    mails=False,
    says_go=("Helena Brandt",),
    says_go_everywhere=True,
)

GIVEN_BACK = GivenBack(
    product="atlas-2",
    region="emea",
    product_name="Atlas 2",
    region_name="EMEA",
    whom="sales",
    stage=Stage.VALUE_PROPOSITIONS,
    since=NOW - timedelta(days=2),
    due_at=LAUNCH_AT,
    time_zone="Europe/Berlin",
    is_own=False,
    writer="marketing",
    names=("Tom Okafor",),
)


def me_page(**changes: object) -> MePage:
    """Return somebody's own page with every status on it, with `changes`."""
    blank = {
        "next_course": None,
        "best_score": None,
        "attempts_left": None,
        "certified_until": None,
        "manager": None,
        "reminded_by": None,
    }
    made = MePage(
        viewer=VIEWER,
        refresh_seconds=None,
        read_at=NOW,
        name="Hana Kobayashi",
        due=(launch_due(), *(launch_due(status=status, **blank) for status in PersonStatus)),
        speaks=True,
        decides=True,
        running=Running(
            broken=tuple(Broken(what=what, count=2) for what in BROKEN),
            verified_at=NOW,
            is_telling=False,
            mails=False,
            says_go=("Helena Brandt",),
            says_go_everywhere=False,
        ),
        waited_for=(waited_for(), rewriting("Nobody here buys for that reason.")),
        helping=(helping(),),
        given_back=(GIVEN_BACK,),
        coming=(coming(), coming(people_address=None)),
        more=2,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.
