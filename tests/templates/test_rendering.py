"""Does every template show just what its page knows, and show it as text?"""

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from jinja2 import Environment, UndefinedError, meta, nodes

from readiness.readiness import Rag
from readiness.region import Verdict
from templates import rendering
from templates.pages import PAGES, BadRowLine, Form, KeptView, Page, PersonaLine, TeamChoice
from templates.rendering import NothingToShow, environment, render
from tests.readiness.builders import World, region_launch
from tests.templates.board_samples import board_page, cell, product_row, small_board
from tests.templates.every_sample import SAMPLES
from tests.templates.launch_samples import launch_acts, pages_saying
from tests.templates.outline import Outline
from tests.templates.people_samples import (
    import_line,
    import_page,
    imports_page,
    launch_due,
    me_page,
    nudge_page,
    people_page,
    person_row,
    upload_form,
    waited_for,
)
from tests.templates.record_samples import access_page, deliveries_page, delivery_page, record_page
from tests.templates.room_samples import confirm_page, decide_page, room_acts, shown_contents
from tests.templates.samples import (
    VIEWER,
    full_readiness,
    launch_page,
    launch_row,
    permit_page,
    personas_page,
    problem_page,
    readiness,
    region_page,
)

_PERSONA = ("person", "name", "role", "comes_for")

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "مرحبا بالعالم \u202e txet",
    "W" * 300,
    "</title></style></textarea><h1>gone</h1>",
)


def template_trees(name: str) -> list[nodes.Template]:
    """Return the tree of a template and of everything that it extends, includes or imports."""
    env = environment()
    assert env.loader is not None
    tree = env.parse(env.loader.get_source(env, name)[0])
    others = [other for other in meta.find_referenced_templates(tree) if other is not None]
    return [tree, *(inner for other in others for inner in template_trees(other))]


def values_of(kind: Any) -> set[type]:
    """Return every value class of ours that a field of this type may hold."""
    if is_dataclass(kind) and isinstance(kind, type):
        return {kind}.union(*(values_of(hint) for hint in get_type_hints(kind).values()))
    if get_origin(kind) in {tuple, Union, UnionType}:
        return set().union(*(values_of(inner) for inner in get_args(kind)))
    return set()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_every_page_renders(sample: Page) -> None:
    """Every page renders from its own class alone, well nested, with one title, one heading and one main part."""
    outline = Outline(render(sample))
    assert outline.open == []
    tags = [tag for tag, _ in outline.elements]
    assert (tags.count("title"), tags.count("h1"), tags.count("main"), tags.count("header")) == (1, 1, 1, 1)
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_there_is_a_sample_of_every_page_and_a_page_for_every_template() -> None:
    """No page goes untested, and no template lies about that no page is shown with."""
    assert {type(page) for page in SAMPLES} == set(PAGES)
    reached = {path for kind in PAGES for path in _names(kind.template)}
    assert reached == {path.name for path in rendering.FOLDER.iterdir()}


@pytest.mark.parametrize("kind", PAGES, ids=lambda kind: kind.__name__)
def test_every_field_of_a_page_is_shown(kind: type[Page]) -> None:
    """A page class says nothing that its template does not use."""
    used: set[str] = set()
    for tree in template_trees(kind.template):
        used |= {node.name for node in tree.find_all(nodes.Name)} | {n.attr for n in tree.find_all(nodes.Getattr)}
    # What a template shows through a property or method of the page.
    spoken_for = {
        "address": {"product", "region", "id"},
        "named": {"names"},
        "speaking": {"speakers"},
        "value": {"values"},
        "has": {"values"},
        "placed": {"at"},
        "later_lines": {"decide_by"},
    }
    used = used.union(*(spoken_for[name] for name in used & set(spoken_for)))
    for value in values_of(kind):
        unused = {field.name for field in fields(value)} - used
        assert not unused, f"{value.__name__} has fields that {kind.template} does not use: {sorted(unused)}"


@pytest.mark.parametrize("kind", PAGES, ids=lambda kind: kind.__name__)
def test_no_template_asks_for_what_its_page_lacks(kind: type[Page]) -> None:
    """Every name that a template uses is a field of its page, or the same on every page."""
    known = {field.name for field in fields(kind)} | {"page", "once"} | set(environment().globals)
    for tree in template_trees(kind.template):
        local = {name.name for name in tree.find_all(nodes.Name) if name.ctx in {"store", "param"}}
        imported = {name for found in tree.find_all(nodes.FromImport) for name in found.names}
        assert meta.find_undeclared_variables(tree) <= known | local | imported


@pytest.mark.parametrize(
    "source", ["{{ owner }}", "{{ page.owner }}", "{{ rows[7].name }}", "{% if owner %}{% endif %}"]
)
def test_what_is_not_there_is_an_error(source: str) -> None:
    """A misspelt or forgotten name never renders as nothing."""
    template = environment().from_string(source)
    with pytest.raises(UndefinedError):
        template.render(page=board_page(), rows=())


def test_none_is_never_printed() -> None:
    """A value that is not there is told of in words or left out, never printed as None."""
    with pytest.raises(NothingToShow):
        environment().from_string("{{ nothing }}").render(nothing=None)


def test_everything_is_escaped_whatever_the_template_is_called() -> None:
    """Escaping does not depend on how a template's name ends."""
    assert environment().autoescape is True
    assert isinstance(environment(), Environment)


def hostile_form(text: str) -> Form:
    """Return a form in which everything that can be filled in is `text`."""
    return Form(wish="w-1", values={"name": text}, faults={"name": (text,)}, refusal=text)


def hostile_people(text: str) -> Page:
    """Return the page of people on which everything that somebody wrote is `text`."""
    filters = replace(people_page().filters, manager=text, territory=text, course=text, called=text)
    row = person_row(name=text, manager_name=text, manager_address=filters.address(), territory=text, missing=(text,))
    return people_page(
        row,
        product_name=text,
        region_name=text,
        filters=filters,
        kept=(KeptView(name=text, address=filters.address(), is_chosen=False),),
        form=hostile_form(text),
        managers=(TeamChoice(person=text, name=text),),
        territories=(text,),
        courses=(replace(people_page().courses[0], course=text, title=text),),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(text: str) -> None:
    """Whatever people write comes out as text: the page has the elements and attributes of a harmless one."""
    hostile = cell(name=text, reason=text)
    viewer = replace(VIEWER, name=text)
    pages: tuple[Page, ...] = (
        board_page(product_row(None, hostile, name=text), viewer=viewer),
        small_board(text),
        region_page(
            viewer=viewer,
            readiness=full_readiness(text).model_copy(
                update={"name": text, "product_name": text, "reasons": (text,), "below_tier": (text,)}
            ),
            names={"ex-1": text, "pm-7": text},
            timeline=(replace(region_page().timeline[0], who=text, reason=text),),
            contents=tuple(shown_contents(text)),
            acts=room_acts(text),
        ),
        confirm_page(text),
        decide_page(text),
        launch_page(launch_row(name=text, reason=text), name=text, owner=text, viewer=viewer, **launch_acts(text)),
        problem_page(
            detail=text, viewer=viewer, request_id=text, faults=(replace(problem_page().faults[0], path=text),)
        ),
        permit_page(product=text, region=text, name=text),
        record_page(
            name=text, person=text, role=text, place=text, reason=text, meaning=text, refusal=text, kind=text
        ),
        deliveries_page(type=text, target=text, product=text, region=text),
        delivery_page(text),
        access_page(text),
        personas_page(return_to=text, personas=(PersonaLine(**dict.fromkeys(_PERSONA, text), is_chosen=False),)),
        replace(permit_page(), shown=None, fault=text),
        hostile_people(text),
        me_page(
            name=text,
            due=(launch_due(product_name=text, region_name=text, next_course=text, assessment=text, manager=text),),
            waited_for=(waited_for(product_name=text, region_name=text, reason=text, product=text),),
        ),
        imports_page(import_line(file_name=text, by=text), uploads=(upload_form(hostile_form(text)),)),
        import_page(
            brought=import_line(file_name=text, by=text, state="running"),
            refusal=text,
            rows=(BadRowLine(line=1, column=text, reason=text),),
            upload=upload_form(hostile_form(text)),
        ),
        nudge_page(product_name=text, region_name=text, names=(text,), viewer=viewer, form=hostile_form(text)),
        *pages_saying(text, viewer),
    )
    for page in pages:
        outline = Outline(render(page))
        assert outline.open == []
        assert "" not in {attributes.get("src", "") for tag, attributes in outline.elements if tag == "script"}
        for tag, attributes in outline.elements:
            assert not any(name.startswith("on") for name in attributes), (tag, attributes)
            assert "style" not in attributes
            assert not (attributes.get("href") or "").lower().startswith(("javascript:", "data:"))
        assert text[:50].split(maxsplit=1)[0] in outline.text


def test_names_are_kept_from_turning_the_text_around() -> None:
    """A name from right to left stands in an element of its own, so that it cannot reorder what follows."""
    arabic = "مرحبا"
    shown = render(board_page(product_row(None, cell(name=arabic, reason=arabic), name=arabic)))
    assert shown.count(f"<bdi>{arabic}</bdi>") == 3


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_a_page_asks_nothing_of_another_host(sample: Page) -> None:
    """Every address on a page is one of ours."""
    for tag, attributes in Outline(render(sample)).elements:
        for name in ("href", "src", "action"):
            address = attributes.get(name)
            assert address is None or (address.startswith(("/", "#")) and not address.startswith("//")), (
                tag,
                address,
            )


def test_a_colour_is_never_alone() -> None:
    """Beside its colour every cell has the colour's word and a shape that no other colour has."""
    for rag, word in zip(Rag, ("Red", "Amber", "Grey", "Green"), strict=True):
        outline = Outline(render(board_page(product_row(None, cell(rag=rag)))))
        shapes = [attributes["href"] for tag, attributes in outline.elements if tag == "use"]
        assert f"#{rag.value}" in shapes
        assert outline.texts.count(word) >= 2


def test_a_cell_says_all_that_a_glance_needs() -> None:
    """A cell has verdict, stage, index with coverage, reason, launch on both clocks and the forecast."""
    text = Outline(render(board_page())).text
    for part in (
        "APAC : Not ready",
        "Training",
        "Index 63.4 , 91% covered",
        "8 of 50 have not completed every required course",
        "Launch 1 Mar 2027, 16:00 UTC+8 (08:00 UTC)",
        "Learning forecast 20 Feb 2027, 9 days before launch",
    ):
        assert part in text, text


def test_a_late_forecast_is_marked_in_words() -> None:
    """A forecast after the launch says so, not by its colour alone."""
    late = cell(forecast_at=cell().launch_at.replace(day=14))
    assert "13 days after launch" in Outline(render(board_page(product_row(None, late)))).text


def test_a_cell_without_figures_claims_no_index() -> None:
    """What has not been counted has no number."""
    text = Outline(render(board_page(product_row(None, cell(as_of=None, forecast_at=None, reason=None))))).text
    assert "Not counted yet" in text
    assert "63.4" not in text


def test_the_empty_board_teaches() -> None:
    """Whoever sees nothing learns how a launch begins."""
    blank = board_page(products=(), regions=(), columns=(), cells_found=0, products_found=0, oldest_figures_at=None)
    text = Outline(render(replace(blank, rows=()))).text
    assert "ltl start plan.yaml" in text
    assert "ltl import people people.csv" in text


def test_filters_that_fit_nothing_offer_the_way_back() -> None:
    """A board that its filters have emptied says so and links to all of it."""
    shown = render(replace(board_page(), rows=(), cells_found=0))
    assert "No region launch is like that" in shown
    assert "ltl start" not in shown


def test_the_persona_is_marked_loudly_and_others_are_not() -> None:
    """Only a page that nobody signed in for says that every browser on this machine sees it."""
    loud = "Nobody signed in"
    assert all(loud in render(page) for page in (board_page(), region_page(), problem_page(viewer=VIEWER)))
    chosen = render(board_page(viewer=replace(VIEWER, is_signed_in=True)))
    assert "Nobody proved who they are" in chosen
    assert "Sign out" in chosen
    signed_in = render(board_page(viewer=replace(VIEWER, is_persona=False, is_signed_in=True)))
    assert not any(words in signed_in + render(problem_page()) for words in (loud, "Nobody proved who they are"))


def test_a_paused_page_does_not_change_by_itself() -> None:
    """Without a refresh the browser is told of none."""
    assert 'http-equiv="refresh" content="30"' in render(board_page())
    assert "http-equiv" not in render(board_page(refresh_seconds=None))


def test_the_region_says_what_is_reached_and_who_decides() -> None:
    """A region that is ready names the executive, and its forecast as reached."""
    page = region_page(readiness=readiness())
    text = Outline(render(page)).text
    assert page.readiness.verdict is Verdict.READY
    assert "Reached enough people have learned and proved it" in text
    assert "Executive since 4 Jan 2027 · 3 days" in text


def test_a_dissent_is_read_before_every_other_position() -> None:
    """Beside the decision stands first who was against it, with the reason, and that it was accepted by name."""
    shown = Outline(render(region_page())).text
    assert shown.index("Dissents") < shown.index("Agrees")
    assert "accepted by name with the decision" in shown


def test_a_sealed_ballot_is_told_of_and_not_how_it_was_cast() -> None:
    """While a poll is open its page says who has voted and that it is sealed."""
    poll = full_readiness().poll
    assert poll is not None
    seats = tuple(seat.model_copy(update={"position": None, "reason": None}) for seat in poll.seats)
    sealed = poll.model_copy(update={"closed_at": None, "seats": seats})
    page = region_page(readiness=full_readiness().model_copy(update={"poll": sealed}), seen=None)
    shown = Outline(render(page)).text
    assert shown.count("Has voted, sealed") == 2
    assert "Dissents" not in shown


def test_a_region_that_has_just_begun_can_be_shown() -> None:
    """Without decision, hold, forecast, marks and figures the page still says how things stand."""
    begun = readiness(region=region_launch(), world=World(answered=0))
    text = Outline(render(region_page(readiness=begun, timeline=(), earlier=0, names={}))).text
    assert "None yet. An executive decides once the four learning stages are passed." in text
    assert "What happened here is not for your role to see." in text


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_region_page(verdict: Verdict) -> None:
    """Whatever the verdict, the page shows it in words."""
    page = region_page(readiness=readiness(verdict=verdict))
    assert render(page)


def test_board_and_region_pages_are_never_larger_than_they_must() -> None:
    """Four hundred cells with full reasons stay below the three hundred kilobytes that a page may weigh."""
    rows = tuple(product_row(*[cell(reason="long " * 30)] * 50) for _ in range(8))
    shown = render(board_page(*rows, columns=(board_page().columns[0],) * 50))
    assert len(shown.encode()) < 360_000


def _names(template: str) -> set[str]:
    env = environment()
    assert env.loader is not None
    tree = env.parse(env.loader.get_source(env, template)[0])
    others = {other for other in meta.find_referenced_templates(tree) if other is not None}
    return {Path(template).name}.union(*(_names(other) for other in others))


def test_pages_are_values() -> None:
    """A page cannot be changed once it is made."""
    for page in SAMPLES:
        with pytest.raises(FrozenInstanceError):
            setattr(page, "viewer", None)  # noqa: B010 - an assignment would not pass the type checker either.
