"""Does everybody do on a region's page what they may do there, and nothing else, by filling in its forms?"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.dependencies import Dependencies
from api.identity import EmbeddedIssuer
from api.login import LOGIN_PATHS
from api.pages import OPEN_PAGE_PATHS
from api.personas import PERSONA_PATHS
from api.room_acts import ROOM_ACTS
from bootstrap.web import page_routers
from readiness.commands import Role
from readiness.keys import RegionKey
from readiness.policy import TIERS, Stage
from readiness.roles import require_change
from store.access import record_change
from store.engine import open_store
from store.ledger import rows_after
from tests.api.at_the_desk import AtTheDesk
from tests.api.door import SettableClock, bearer, dependencies, new_issuer
from tests.api.filling import Filled, Forms, send
from tests.api.permit_house import launched
from tests.readiness.builders import NOW, OWNER, lasting
from tests.store.desk import Clock, Desk, plan
from tests.templates.outline import Outline

ROOM = "/launches/atlas-2/emea"
BROWSER = {"Accept": "text/html"}
HOSTILE = '</textarea><script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7 * 7 }}'


@pytest.fixture
def clock() -> SettableClock:
    """The door's clock, at the moment at which the desk begins."""
    return SettableClock(NOW)


@pytest.fixture
def issuer(clock: SettableClock) -> EmbeddedIssuer:
    """An issuer of its own."""
    return new_issuer(clock)


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk with the rules of tier 2 as they are, poll and all."""
    shutil.copyfile(migrated_sqlite, tmp_path / "room.sqlite")
    store = open_store(f"sqlite:///{tmp_path / 'room.sqlite'}", standing := Clock())
    try:
        yield Desk(store, standing, TIERS[2])
    finally:
        store.close()


class House:
    """Everybody who opens the pages of one house."""

    def __init__(self, client: TestClient, sender: AtTheDesk, issuer: EmbeddedIssuer) -> None:
        self.client = client
        self.sender = sender
        self.people = {
            person: {**BROWSER, **bearer(issuer, person, (role, region))}
            for person, role, region in (
                (OWNER, Role.PRODUCT_MANAGER, "*"),
                ("pm-8", Role.PRODUCT_MANAGER, "*"),
                ("ma-1", Role.MARKETING, "*"),
                ("sa-1", Role.SALES_LEAD, "emea"),
                ("en-1", Role.ENABLEMENT, "*"),
                ("ex-1", Role.EXECUTIVE, "*"),
                ("ex-2", Role.EXECUTIVE, "*"),
                ("au-1", Role.AUDITOR, "*"),
            )
        }
        self.done: set[str] = set()

    def read(self, person: str, path: str = ROOM) -> str:
        """Return a page as a person reads it."""
        answer = self.client.get(path, headers=self.people[person])
        assert answer.status_code == 200, answer.text
        return answer.text

    def form(self, person: str, name: str, about: str | None = None, *, path: str = ROOM) -> Filled:
        """Return a form of the page that a person reads."""
        return Forms(self.read(person, path)).named(name, about)

    def offered(self, who: str, name: str) -> list[str]:
        """Return what the forms are about by which somebody may do this."""
        return [form.values["about"] for form in Forms(self.read(who)).called(name)]

    def do(self, who: str, name: str, about: str | None = None, *, path: str = ROOM, **typed: str) -> Filled:
        """Fill in a form and send it, twice where it asks whether one is sure, and expect that it is done."""
        form = self.form(who, name, about, path=path)
        answer = send(self.client, form, self.people[who], **typed)
        if answer.status_code == 200:
            form = Forms(answer.text).named(name)
            answer = send(self.client, form, self.people[who], sure="yes")
        assert (answer.status_code, answer.headers.get("location")) == (303, path), (
            Forms(answer.text).named(name).text
        )
        assert f"ltl-said={name}" in answer.headers["set-cookie"]
        self.done.add(name)
        return form


@pytest.fixture
def house(desk: Desk, issuer: EmbeddedIssuer, clock: SettableClock) -> Iterator[House]:
    """The pages on the store of the desk, with who carries out what is asked there."""
    sender = AtTheDesk(desk)
    deps = replace(dependencies(desk.store, issuer, clock), sender=sender)
    with TestClient(_pages(deps)) as client:
        yield House(client, sender, issuer)


_MADE: list[FastAPI] = []


def _pages(deps: Dependencies) -> FastAPI:
    """Return the pages on `deps`, made once for all tests of a process."""
    if not _MADE:
        opened = OPEN_PAGE_PATHS | LOGIN_PATHS | PERSONA_PATHS
        _MADE.append(create_app(deps, pages=page_routers(), open_paths=opened))
    (app,) = _MADE
    app.state.dependencies = deps
    return app


def types(desk: Desk, key: RegionKey) -> list[str]:
    """Return what happened in a region."""
    with desk.store.reading() as tx:
        return [row.event.type for row in rows_after(tx, key, 0)]


def there(days: float) -> str:
    """Return so many days from the beginning as a field shows them, on the clock of Berlin."""
    return f"{NOW + timedelta(days=days, hours=1):%Y-%m-%dT%H:%M}"


def begun(desk: Desk, *, certified: int = 10) -> RegionKey:
    """Return a region in which everybody has learned and nobody has signed."""
    (key,) = desk.start("emea")
    desk.write_all()
    desk.teach("emea", certified=certified)
    desk.look(key)
    return key


def test_a_signature_of_who_has_lost_the_role_is_not_shown_as_one_that_stands(desk: Desk, house: House) -> None:
    """The room says what the criterion counts: who signed without holding the role any more has not signed."""
    begun(desk)
    house.do("ma-1", "sign-off", "value_propositions.marketing")
    assert "Marketing: signed ·" in Outline(house.read("au-1")).text
    with desk.store.writing() as tx:
        record_change(
            tx,
            person="ma-1",
            role=Role.MARKETING,
            region="emea",
            change="withdrawn",
            effective_at=None,
            by="ad-1",
            reason="Left the company.",
            idempotency_key="k-1",
            now=desk.clock.now,
            check=require_change,
        )
    shown = Outline(house.read("au-1")).text
    assert "Marketing: signed, but without the role now ·" in shown
    assert "0 of 2 signatures" in shown


def test_every_act_has_a_form_that_does_it(desk: Desk, house: House) -> None:
    """A launch is governed from its first signature to the taking of its permit with nothing but forms."""
    first, later = plan("emea", policy=desk.policy), plan("apac", policy=desk.policy)
    wave = later.regions[0].model_copy(update={"wave": 2})
    settled = desk.start_settled(first.model_copy(update={"regions": (*first.regions, wave)}))
    (emea,) = (key for key in settled.open_regions if key.region == "emea")
    desk.write_all()
    desk.teach("emea", certified=6)
    desk.look(emea)
    for stage in ("value_propositions", "objection_handling"):
        assert f"{stage}.marketing" in house.offered("ma-1", "send-back")
        house.do("sa-1", "send-back", f"{stage}.sales", reason="Nobody here talks like that.")
        assert f"{stage}.marketing" not in house.offered("ma-1", "send-back"), "it was sent back to them"
        house.do("ma-1", "sign-off", f"{stage}.marketing")
        house.do("sa-1", "sign-off", f"{stage}.sales")
    waiver = {"reason": "Four are on leave.", "compensating_control": "They sell in pairs.", "expires_at": there(70)}
    house.do("en-1", "request-waiver", **waiver)
    house.do("ex-2", "deny-waiver", reason="Try once more.")
    house.do("en-1", "request-waiver", **waiver)
    house.do("ex-2", "grant-waiver", reason="They cannot come back earlier.")
    house.do("ex-2", "revoke-waiver", reason="They are back.")
    house.do("en-1", "request-waiver", **waiver, floor="59,5 %")
    house.do("ex-2", "grant-waiver", reason="Not for long, then.")
    house.do("sa-1", "hold", reason="The price list is wrong.", review_at=there(2))
    house.do(OWNER, "resume", reason="It is mended.")
    house.do("ma-1", "address-lesson", path="/launches/atlas-2/apac", how="It has one list now.")
    house.do("en-1", "open-poll")
    house.do("ma-1", "cast-ballot", position="agree")
    house.do("sa-1", "cast-ballot", position="dissent", reason="The north is not ready.")
    house.do("en-1", "cast-ballot", position="disagree_but_support", reason="Too many came late.")
    desk.look(emea)
    house.do(
        "ex-1",
        "decide",
        verdict="conditional_go",
        reason="The north follows in a week.",
        dissents_accepted__0__reason="A lead from the south helps out.",
        conditions__0__text="Print the prices",
        conditions__0__owner="en-1",
        conditions__0__due_at=there(50),
    )
    house.do("en-1", "meet-condition", proof="They lie in every office.")
    for answer in ("decline-policy", "confirm-policy"):
        house.do(
            OWNER,
            "ask-policy",
            policy__training__required_share="80 %",
            applies="all",
            from_at=there(1),
            reason="A third is on leave.",
        )
        assert desk.region(emea).policy.training.required_share != 8_000
        house.do("ex-2", answer, reason="I have read it.")
    house.do(OWNER, "reschedule", launch_at="2027-03-02T09:00", reason="The first is a holiday.")
    house.do("ex-1", "cancel", reason="The partner left the market.")
    written = types(desk, emea)
    assert written.count("sent_back") == 2
    assert [each for each in written if each.startswith(("waiver_", "ballot", "decision", "condition"))] == [
        *("waiver_requested", "waiver_denied", "waiver_requested", "waiver_granted", "waiver_revoked"),
        *("waiver_requested", "waiver_granted"),
        *("ballot_cast", "ballot_cast", "ballot_cast", "decision_taken", "condition_met"),
    ]
    assert written[-1] == "region_cancelled"
    assert {row.name for row in ROOM_ACTS} - house.done == {"name-seat", "revoke-permit"}


def test_an_idle_seat_is_filled_on_the_page(desk: Desk, house: House) -> None:
    """An executive names whoever signs instead of a function that was waited for too long."""
    key = begun(desk)
    desk.clock.now += timedelta(days=20)
    desk.look(key)
    house.do("ex-2", "name-seat", "sales", person="sa-2", reason="Their lead is away.")
    assert "seat_named" in types(desk, key)


def test_a_permit_is_taken_away_on_the_page(desk: Desk, house: House) -> None:
    """Once a region has launched its page has the one act that is left, and asks before it is done."""
    desk.policy = lasting(2)
    key = launched(desk)
    page = house.read("ex-1")
    assert [form.name for form in Forms(page).all if "/acts/" in form.action] == ["revoke-permit"]
    assert "May be sold here today." in Outline(page).text
    house.do("ex-1", "revoke-permit", reason="A fault was found that can hurt people.")
    assert types(desk, key)[-1] == "permit_revoked"
    assert "Not to be sold here any more: the permit was revoked for good." in Outline(house.read("ex-1")).text


def test_sending_a_form_twice_does_it_once(desk: Desk, house: House) -> None:
    """A form that was sent again, from the page or from its confirmation, is answered as before and adds nothing."""
    key = begun(desk)
    for name, typed in (("hold", {"reason": "Wait."}), ("cancel", {"reason": "The partner left."})):
        form = house.do("ex-1", name, **typed)
        before = types(desk, key)
        sure = {"sure": "yes"} if name == "cancel" else typed
        assert send(house.client, form, house.people["ex-1"], **sure).status_code == 303
        assert types(desk, key) == before


def test_a_refusal_gives_back_what_was_typed(desk: Desk, house: House) -> None:
    """Whatever the core refuses stands above the form, where the page opens; nothing has to be written again."""
    key = begun(desk)
    before = types(desk, key)
    form = house.form("sa-1", "hold")
    answer = send(house.client, form, house.people["sa-1"], reason=HOSTILE, review_at="2020-01-01T09:00")
    assert answer.status_code == 422
    again = Forms(answer.text).named("hold")
    assert (again.values["reason"], again.values["review_at"]) == (HOSTILE, "2020-01-01T09:00")
    assert "The date to look again lies in the past. Name a later one." in again.text
    assert again.values["wish"] != form.values["wish"]
    outline = Outline(answer.text)
    assert not any(tag == "img" or "onerror" in attributes for tag, attributes in outline.elements)
    assert [attributes["id"] for _, attributes in outline.elements if "autofocus" in attributes] == ["act-hold"]
    assert types(desk, key) == before


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("2027-03-28T02:30", "does not exist in Europe/Berlin"),
        ("2026-10-25T02:30", "comes twice in Europe/Berlin"),
        ("tomorrow", "is not a day and time"),
        ("2027-03-01T09:00+01:00", "carries an offset"),
    ],
    ids=["skipped", "twice", "no date", "offset"],
)
def test_a_moment_that_is_none_there_is_named_at_its_field(desk: Desk, house: House, written: str, why: str) -> None:
    """Times are read on the region's clock, and one that this clock never shows is a fault of its field."""
    begun(desk)
    for name, typed in (
        ("hold", {"reason": "Wait.", "review_at": written}),
        ("reschedule", {"reason": "Wait.", "launch_at": written}),
    ):
        answer = send(house.client, house.form(OWNER, name), house.people[OWNER], **typed)
        assert answer.status_code == 422
        again = Forms(answer.text).named(name)
        assert why in again.text, again.text
        assert typed.items() <= again.values.items()


def test_what_another_date_leads_to_is_seen_before_one_says_why(desk: Desk, house: House) -> None:
    """Looking needs no reason, doing does: it is asked for beside what follows, and nothing is lost by that."""
    key = begun(desk)
    before = desk.region(key).launch_at
    form = house.form(OWNER, "reschedule")
    seen = send(house.client, form, house.people[OWNER], launch_at="2027-03-29T09:00")
    assert seen.status_code == 200, seen.text
    assert "This leads to" in Outline(seen.text).text
    sure = Forms(seen.text).named("reschedule")
    assert sure.values["reason"] == ""
    unsaid = send(house.client, sure, house.people[OWNER], sure="yes")
    assert unsaid.status_code == 422
    assert "Say why, then do it." in Outline(unsaid.text).text
    assert desk.region(key).launch_at == before
    again = Forms(unsaid.text).named("reschedule")
    assert again.values["launch_at"] == "2027-03-29T09:00"
    done = send(house.client, again, house.people[OWNER], sure="yes", reason="One more month.")
    assert done.status_code == 303
    assert desk.region(key).launch_at > before


def test_a_condition_half_written_is_named_at_its_field(desk: Desk, house: House) -> None:
    """What a condition lacks stands beside the field that it lacks."""
    desk.policy = lasting(2)
    desk.ready()
    form = house.form("ex-1", "decide")
    typed = {"verdict": "conditional_go", "reason": "Soon.", "conditions__1__text": "Print"}
    answer = send(house.client, form, house.people["ex-1"], **typed)
    assert answer.status_code == 422
    shown = Forms(answer.text).named("decide")
    assert shown.values["conditions.1.text"] == "Print"
    assert shown.text.count("This field is required.") == 2


def test_what_a_decision_leads_to_is_read_before_it_is_taken(desk: Desk, house: House) -> None:
    """The first time a decision is only rehearsed; one may go back to the form, and nothing is lost by that."""
    desk.policy = lasting(2)
    key = desk.ready()
    before = types(desk, key)
    form = house.form("ex-1", "decide")
    asked = send(house.client, form, house.people["ex-1"], verdict="go", reason=HOSTILE)
    assert asked.status_code == 200
    assert "The verdict goes from Ready to decide to Go." in Outline(asked.text).text
    confirm = Forms(asked.text).named("decide")
    changed = send(house.client, confirm, house.people["ex-1"], **{"change-it": "yes"})
    again = Forms(changed.text).named("decide")
    assert (again.values["verdict"], again.values["reason"]) == ("go", HOSTILE)
    assert types(desk, key) == before
    assert send(house.client, confirm, house.people["ex-1"], sure="yes").status_code == 303
    assert types(desk, key)[-1] == "decision_taken"


def test_nobody_decides_on_what_has_moved_on(desk: Desk, house: House) -> None:
    """A decision on an older page than the region is refused, and the form comes back for what is there now."""
    desk.policy = lasting(2)
    key = desk.ready()
    form = house.form("ex-1", "decide")
    desk.accepted(key, desk.hold(key))
    answer = send(house.client, form, house.people["ex-1"], verdict="hold", reason="Wait.")
    assert answer.status_code == 409
    again = Forms(answer.text).named("decide")
    assert "Look at what changed, then act on that." in again.text
    assert again.values["reason"] == "Wait."
    assert int(again.values["seen"]) > int(form.values["seen"])


def test_a_signature_is_for_the_text_that_was_read(desk: Desk, house: House) -> None:
    """Whoever read an older text signs nothing, and reads the new one with its digest."""
    begun(desk)
    form = house.form("ma-1", "sign-off", "value_propositions.marketing")
    desk.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Something else entirely."})
    answer = send(house.client, form, house.people["ma-1"])
    assert answer.status_code == 409
    text = Outline(answer.text).text
    assert "The content has changed since you read it, so nothing was signed." in text
    assert "Something else entirely." in text
    again = Forms(answer.text).named("sign-off", "value_propositions.marketing")
    assert again.values["digest"] in text
    assert again.values["digest"] != form.values["digest"]


def test_who_may_not_act_has_no_form_and_is_refused(desk: Desk, house: House) -> None:
    """Whoever holds no role for an act reads whose it is, and the door refuses what they send all the same."""
    begun(desk)
    page = house.read("au-1")
    assert [form for form in Forms(page).all if "/acts/" in form.action] == []
    shown = Outline(page).text
    for line in ("Decide : Executive", "Hold the launch : Product manager, Executive, Sales lead"):
        assert line in shown, shown
    for row in ROOM_ACTS:
        answer = house.client.post(f"{ROOM}/acts/{row.name}", data={"wish": "w-1"}, headers=house.people["au-1"])
        assert answer.status_code == 403
    stolen = house.form("ma-1", "sign-off", "value_propositions.marketing")
    assert send(house.client, stolen, house.people["sa-1"]).status_code == 403


def test_what_cannot_be_done_yet_says_why_in_the_words_of_the_core(desk: Desk, house: House) -> None:
    """An act that the state does not allow has no form but its reason, choice by choice."""
    begun(desk, certified=6)
    page = house.read("ex-1")
    text = Outline(page).text
    assert "Open the poll : These gates are not met yet" in text
    form = Forms(page).named("decide")
    assert "Go is not possible now. These gates are not met yet" in " ".join(form.text.split())
    assert "Hold" in form.text


def test_a_ballot_stays_sealed_on_the_page(desk: Desk, house: House) -> None:
    """While the poll is open nobody's page says how a function voted, or why; not even to the one who voted."""
    key = begun(desk)
    desk.sign_all(key)
    desk.look(key)
    house.do("en-1", "open-poll")
    house.do("sa-1", "cast-ballot", position="dissent", reason="SEALED WORDS")
    for person in house.people:
        page = house.read(person)
        assert "SEALED WORDS" not in page
        assert "Dissents" not in Outline(page).text
        assert "Has voted, sealed" in Outline(page).text


def test_an_old_login_is_told_so_before_anything_is_written(
    desk: Desk, house: House, issuer: EmbeddedIssuer, clock: SettableClock
) -> None:
    """What bears a name needs a login of the last minutes: the page says so, and keeps what was written."""
    desk.policy = lasting(2)
    key = desk.ready()
    assert "Your login is fresh enough for this until" in Outline(house.read("ex-1")).text
    clock.advance(timedelta(minutes=16))
    page = house.read("ex-1")
    assert "so it needs a login of the last minutes" in Outline(page).text
    form = Forms(page).named("decide")
    answer = send(house.client, form, house.people["ex-1"], verdict="go", reason="Everyone is certified.", sure="yes")
    assert answer.status_code == 401
    again = Forms(answer.text).named("decide")
    assert (again.values["verdict"], again.values["reason"]) == ("go", "Everyone is certified.")
    assert again.values["wish"] == form.values["wish"]
    assert "decision_taken" not in types(desk, key)


def test_where_nobody_answers_the_same_wish_can_be_sent_again(desk: Desk, house: House) -> None:
    """What may have happened keeps its key: the form is sent again as it is, and it is done once."""
    key = begun(desk)
    house.sender.away.add("emea")
    answer = send(house.client, form := house.form(OWNER, "hold"), house.people[OWNER], reason="Wait.")
    assert answer.status_code == 503
    again = Forms(answer.text).named("hold")
    assert again.values["wish"] == form.values["wish"]
    house.sender.away.clear()
    assert send(house.client, again, house.people[OWNER]).status_code == 303
    assert types(desk, key).count("region_held") == 1


def test_a_page_with_forms_never_reloads_by_itself(desk: Desk, house: House) -> None:
    """What somebody types is not lost to a refresh; who may do nothing has a page that keeps up."""
    begun(desk)
    assert 'http-equiv="refresh"' not in house.read(OWNER)
    assert 'http-equiv="refresh"' in house.read("au-1")


def test_an_address_of_an_act_leads_to_its_form(desk: Desk, house: House) -> None:
    """Whoever reloads an answer, or follows a link to an act, reads the page with that form open."""
    begun(desk)
    led = house.client.get(f"{ROOM}/acts/hold", headers=house.people[OWNER], follow_redirects=False)
    assert led.headers["location"] == f"{ROOM}?open=hold#act-hold"
    assert '<details class="act-box" open>' in house.read(OWNER, f"{ROOM}?open=hold")
