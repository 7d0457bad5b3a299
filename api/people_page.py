"""What does the page of a region's people show of what is stored?"""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from api.commanding import region_not_found
from api.dependencies import Dependencies
from api.identity import Actor
from api.nudging import NOT_CERTIFIED
from api.page_answers import viewer_of
from api.page_forms import blank_form
from api.rights import Action, can
from readiness.people import PersonStanding, PersonStatus, due_at, then_due_at
from store.names import names_of
from store.people import Counts, Sought, Whereabouts, counted_people, course_titles, teams_of, tracker, whereabouts
from store.views import views_of
from templates.pages import (
    CourseTotal,
    Form,
    KeptView,
    PeopleFilters,
    PeoplePage,
    PersonRow,
    StatusTotal,
    TeamChoice,
    ViewLink,
)

PEOPLE_ON_PAGE = 100
"""People on one page: what one reads on, and about a hundred kilobytes."""

VIEWS: Mapping[str, tuple[PersonStatus, ...]] = {
    "everybody": (),
    "waited-for": NOT_CERTIFIED,
    "to-learn": (PersonStatus.NOT_STARTED, PersonStatus.LEARNING),
    "to-certify": (PersonStatus.TRAINED, PersonStatus.LAPSES),
    "stuck": (PersonStatus.FAILED,),
}
"""The sets of statuses that are often wanted together."""


PEOPLE_LIST = "people"
"""What views of this list are kept under."""


def sought_by(filters: PeopleFilters) -> Sought:
    """Return whom the store is asked for."""
    return Sought(filters.statuses, filters.manager, filters.territory, filters.course, filters.called)


def where_people_learn(tx: Connection, deps: Dependencies, filters: PeopleFilters) -> Whereabouts:
    """Return which region launch the people learn for; raises the problem `not-found`."""
    found = whereabouts(tx, filters.product, filters.region, now=deps.store.now(tx))
    if found is None:
        raise region_not_found(filters.product, filters.region)
    return found


def people_page(
    deps: Dependencies, actor: Actor, filters: PeopleFilters, *, after: str | None = None, form: Form | None = None
) -> PeoplePage:
    """Return the people of a region with `filters`, from the person behind `after` on; raises `not-found`.

    `form` is that of a view to keep, where it was filled in already.
    """
    product, region = filters.product, filters.region
    with deps.store.reading() as tx:
        here = where_people_learn(tx, deps, filters)
        read_at = deps.store.now(tx)
        sought, at = sought_by(filters), here.judged_at
        shown, last = tracker(
            tx, product, region, at=at, gathered_at=read_at, sought=sought, cursor=after, limit=PEOPLE_ON_PAGE
        )
        counts = counted_people(tx, product, region, at=at, gathered_at=read_at, sought=sought)
        titles = course_titles(tx, product)
        teams = teams_of(tx, product, region, at=here.judged_at)
        names = names_of(tx, {actor.person, *teams.managers})
        kept = views_of(tx, actor.person, PEOPLE_LIST)
    everybody = PeopleFilters(product=product, region=region).address()
    by_name = sorted((names.get(each, each), each) for each in teams.managers)
    return PeoplePage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        refresh_seconds=None,
        read_at=read_at,
        product_name=here.product_name,
        region_name=here.region_name,
        time_zone=here.time_zone,
        launch_at=here.launch_at,
        filters=filters,
        found=sum(n for status, n in counts.statuses.items() if status in (filters.statuses or PersonStatus)),
        statuses=_status_totals(counts, filters),
        courses=_course_totals(counts, titles, filters),
        views=tuple(
            ViewLink(
                key=key,
                address=replace(filters, statuses=statuses).address(),
                is_chosen={*filters.statuses} == {*statuses},
            )
            for key, statuses in VIEWS.items()
        ),
        kept=tuple(
            KeptView(name=view.name, address=f"{everybody}?{view.query}", is_chosen=view.query == filters.query)
            for view in kept
        ),
        form=form or blank_form(),
        may_keep=actor is not deps.page_persona,
        managers=tuple(TeamChoice(person=person, name=name) for name, person in by_name),
        territories=teams.territories,
        people=tuple(_row(each, here, titles, names, filters) for each in shown),
        clear_address=everybody,
        csv_address=filters.address(".csv"),
        xlsx_address=filters.address(".xlsx"),
        nudge_address=filters.address("/nudge") if can(actor, Action.NUDGE, region) else None,
        may_import=can(actor, Action.READ_IMPORT),
        first_address=filters.address() if after is not None else None,
        next_address=filters.address(after=last) if last is not None else None,
    )


def _status_totals(counts: Counts, filters: PeopleFilters) -> tuple[StatusTotal, ...]:
    return tuple(
        StatusTotal(
            status=status,
            count=count,
            address=filters.toggled(status).address(),
            is_chosen=status in filters.statuses,
        )
        for status, count in counts.statuses.items()
    )


def _course_totals(counts: Counts, titles: Mapping[str, str], filters: PeopleFilters) -> tuple[CourseTotal, ...]:
    return tuple(
        CourseTotal(
            course=course,
            title=titles.get(course, course),
            count=count,
            address=replace(filters, course=None if filters.course == course else course).address(),
            is_chosen=filters.course == course,
        )
        for course, count in counts.courses.items()
    )


def _row(
    each: PersonStanding,
    here: Whereabouts,
    titles: Mapping[str, str],
    names: Mapping[str, str],
    filters: PeopleFilters,
) -> PersonRow:
    manager = each.manager_id
    return PersonRow(
        person=each.person_id,
        name=each.name,
        manager_name=names.get(manager, manager) if manager is not None else None,
        manager_address=replace(filters, manager=manager).address() if manager is not None else None,
        territory=each.territory,
        status=each.status,
        due_at=due_at(each.status, here.policy, launch_at=here.launch_at),
        then_due_at=then_due_at(each.status, here.policy, launch_at=here.launch_at),
        missing=tuple(titles.get(course, course) for course in each.missing_courses),
        best_score=float(each.best_score) if each.best_score is not None else None,
        attempts_left=each.attempts_left,
        certified_until=each.certified_until,
        last_activity_at=each.last_activity_at,
    )
