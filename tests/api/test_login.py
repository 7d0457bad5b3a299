"""Do people log in at the trusted issuer, and does nothing that is forged pass for it?"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from joserfc.jwk import OKPKey, RSAKey
from starlette.testclient import TestClient

from api.app import create_app
from api.dependencies import Dependencies
from api.identity import ISSUER, EmbeddedIssuer, RoleGrant, TrustedIssuers
from api.login import LOGIN_COOKIE, LOGIN_PATHS, login_router
from api.oidc import OidcIssuer, OidcSettings, roles_of
from api.standing import SESSION_COOKIE
from bootstrap.web import routers
from readiness.commands import Role
from readiness.roles import require_change
from store.access import record_change
from store.engine import Store, open_store
from tests.api.door import SettableClock, dependencies
from tests.api.small_issuer import (
    CLIENT_ID,
    CLIENT_SECRET,
    SmallIssuer,
    by_another_key,
    by_shared_secret,
    running,
    short_key,
    unsigned,
)

HOME = "https://testserver"
OTHER_SCHEME = "http://testserver"
AUDIENCE = "ltl-api"
POLICIES = "/v1/policies"
DECISIONS = "/v1/launches/atlas-2/regions/emea/decisions"
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def issuer() -> Iterator[SmallIssuer]:
    """A small issuer on this machine."""
    with running(SmallIssuer()) as served:
        yield served


@pytest.fixture
def store(migrated_sqlite: Path, tmp_path: Path, clock: SettableClock) -> Iterator[Store]:
    """A store of this test's own."""
    file = tmp_path / "store.sqlite"
    shutil.copyfile(migrated_sqlite, file)
    opened = open_store(f"sqlite:///{file}", clock)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def clock() -> SettableClock:
    """The clock of the house: it shows the real time until it is advanced."""
    return SettableClock(datetime.now(UTC))


@pytest.fixture
def browser(issuer: SmallIssuer, store: Store, clock: SettableClock) -> Iterator[TestClient]:
    """A browser in front of the whole API, which trusts the small issuer beside its own."""
    settings = OidcSettings(
        issuer=issuer.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        redirect_uri=f"{HOME}/login/callback",
        audience=AUDIENCE,
    )
    issuer.now = lambda: clock().timestamp()
    oidc = OidcIssuer(settings, clock=clock)
    embedded = EmbeddedIssuer(OKPKey.generate_key("Ed25519"), clock=clock)
    verifier = TrustedIssuers({ISSUER: embedded.verifier(), oidc.name: oidc})
    deps = replace(dependencies(store, embedded, clock), verifier=verifier, oidc=oidc)
    with TestClient(_whole(deps), base_url=HOME, follow_redirects=False) as opened:
        yield opened


_MADE: list[FastAPI] = []


def _whole(deps: Dependencies) -> FastAPI:
    """Return the API and the login on `deps`, made once for all tests of a process."""
    if not _MADE:
        _MADE.append(create_app(deps, routers=routers(), pages=(login_router(),), open_paths=LOGIN_PATHS))
    (app,) = _MADE
    app.state.dependencies = deps
    return app


def sent_back(browser: TestClient, url: str = "/login") -> str:
    """Begin a login, let the issuer have it, and return the address with which it sends the browser back."""
    begun = browser.get(url)
    assert begun.status_code == 303, begun.text
    # It speaks plain HTTP, so it need not read whom to trust beyond this machine, which takes longest of all.
    with httpx2.Client(verify=False, trust_env=False) as plain:
        answer = plain.get(begun.headers["location"], follow_redirects=False)
    assert answer.status_code == 302
    return str(answer.headers["location"])


def logged_in(browser: TestClient, url: str = "/login") -> Any:
    """Return the answer that ends a whole login."""
    return browser.get(sent_back(browser, url))


def token_of(issuer: SmallIssuer, **said: Any) -> dict[str, str]:
    """Return the headers of a program with an access token of the issuer."""
    claims = {**issuer.claims("n"), "aud": AUDIENCE, **said}
    token = issuer.signed({name: value for name, value in claims.items() if value is not None}, typ="at+jwt")
    return {"Authorization": f"Bearer {token}"}


def test_a_login_begins_a_session_with_the_roles_of_the_claims(browser: TestClient) -> None:
    """Out to the issuer with PKCE, state and nonce, back with a code, and in with an opaque cookie."""
    done = logged_in(browser, "/login?return_to=/launches/atlas-2/emea")
    assert (done.status_code, done.headers["location"]) == (303, "/launches/atlas-2/emea")
    (kept,) = [line for line in done.headers.get_list("set-cookie") if line.startswith(f"{SESSION_COOKIE}=")]
    assert all(part in kept for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Domain" not in kept
    assert browser.get("/v1/launches/atlas-2/regions/emea/readiness").status_code == 404
    assert browser.get("/v1/launches/atlas-2/regions/apac/readiness").status_code == 403


def test_what_is_sent_to_the_issuer_binds_the_answer(browser: TestClient) -> None:
    """The challenge is not the verifier, and state and nonce are long and new each time."""
    first, second = (parse_qs(urlsplit(browser.get("/login").headers["location"]).query) for _ in range(2))
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 43
        assert first[name] != second[name]
    assert first["code_challenge_method"] == ["S256"]
    assert first["max_age"] == ["43200"]


FORGED: dict[str, Callable[[SmallIssuer], None]] = {
    "alg none": lambda issuer: setattr(issuer, "sign", unsigned),
    "HS by the client's secret": lambda issuer: setattr(issuer, "sign", by_shared_secret(CLIENT_SECRET)),
    "HS by the public key": lambda issuer: setattr(issuer, "sign", by_shared_secret("the public key")),
    "a swapped key": lambda issuer: setattr(issuer, "sign", by_another_key(kid="key-1")),
    "an unknown key": lambda issuer: setattr(issuer, "sign", by_another_key(kid="key-2")),
    "a short key": lambda issuer: setattr(issuer, "key", short_key()),
    "no exp": lambda issuer: issuer.said.update(exp=None),
    "no iat": lambda issuer: issuer.said.update(iat=None),
    "expired": lambda issuer: issuer.said.update(exp=int(issuer.now()) - 60),
    "another issuer": lambda issuer: issuer.said.update(iss="https://elsewhere.example"),
    "another audience": lambda issuer: issuer.said.update(aud="another-client"),
    "made for another client": lambda issuer: issuer.said.update(aud=[CLIENT_ID, "x"], azp="x"),
    "iat far ahead": lambda issuer: issuer.said.update(
        iat=int(issuer.now()) + 86_400, exp=int(issuer.now()) + 90_000
    ),
    "logged in tomorrow": lambda issuer: issuer.said.update(auth_time=int(issuer.now()) + 86_400),
    "another nonce": lambda issuer: issuer.said.update(nonce="x" * 43),
    "no nonce": lambda issuer: issuer.said.update(nonce=None),
    "nobody": lambda issuer: issuer.said.update(sub=""),
    "a program's id": lambda issuer: issuer.said.update(sub="service:learning-system"),
    "an answer of another issuer": lambda issuer: setattr(issuer, "iss", "https://elsewhere.example"),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_login_begins_no_session(browser: TestClient, issuer: SmallIssuer, forgery: str) -> None:
    """Each way of forging what the issuer says is refused, and the browser stays outside."""
    FORGED[forgery](issuer)
    done = logged_in(browser)
    assert (done.status_code, done.json()["type"]) == (400, "/problems/login-failed"), done.text
    assert SESSION_COOKIE not in browser.cookies
    assert browser.get(POLICIES).status_code == 401


def test_an_answer_counts_once_in_the_browser_that_asked_and_in_time(
    browser: TestClient, clock: SettableClock
) -> None:
    """Neither twice, nor with another state, nor without the cookie, nor ten minutes later."""
    back = sent_back(browser)
    browser.cookies.delete(LOGIN_COOKIE)
    assert browser.get(back).status_code == 400
    back = sent_back(browser)
    assert browser.get(back.replace("state=", "state=x")).status_code == 400
    assert browser.get(back).status_code == 400
    back = sent_back(browser)
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 400
    back = sent_back(browser)
    clock.advance(timedelta(minutes=10))
    assert browser.get(back).status_code == 400


@pytest.mark.parametrize(
    "where", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "x", "/a b", "/a\\b"]
)
def test_nobody_is_sent_elsewhere_after_a_login(browser: TestClient, where: str) -> None:
    """An open redirect would lend our name to others."""
    answer = browser.get("/login", params={"return_to": where})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/login-failed")


def test_a_session_ends_unused_at_its_end_and_when_one_logs_out(browser: TestClient, clock: SettableClock) -> None:
    """An hour without use, twelve hours in all, or at once."""
    assert logged_in(browser).status_code == 303
    clock.advance(timedelta(minutes=59))
    assert browser.get(POLICIES).status_code == 200
    clock.advance(timedelta(minutes=59))
    assert browser.get(POLICIES).status_code == 200
    clock.advance(timedelta(minutes=60))
    assert browser.get(POLICIES).status_code == 401


@pytest.mark.parametrize(
    ("headers", "is_used"),
    [
        ({"X-By-Itself": "yes"}, False),
        ({"Accept": "text/event-stream"}, False),
        ({"Sec-Fetch-Mode": "navigate", "Referer": f"{HOME}{POLICIES}"}, False),
        ({"Sec-Fetch-Mode": "navigate", "Referer": f"{OTHER_SCHEME}{POLICIES}"}, False),
        ({"Sec-Fetch-Mode": "navigate", "Referer": f"{HOME}{POLICIES}", "Sec-Fetch-User": "?1"}, True),
        ({"Sec-Fetch-Mode": "navigate", "Referer": f"{HOME}{POLICIES}?another=query"}, True),
        ({"Sec-Fetch-Mode": "navigate", "Referer": f"{HOME}/other"}, True),
        ({"Sec-Fetch-Mode": "cors", "Referer": f"{HOME}{POLICIES}"}, True),
    ],
    ids=[
        "asked by a script",
        "a stream of events",
        "renewed by itself",
        "renewed by itself behind a proxy",
        "clicked anew",
        "another view of it",
        "a link",
        "asked in a page",
    ],
)
def test_a_page_that_lies_open_keeps_no_session_from_ending(
    browser: TestClient, clock: SettableClock, headers: dict[str, str], is_used: bool
) -> None:
    """What a page asks by itself is answered and is no use of the session; what somebody does is."""
    assert logged_in(browser).status_code == 303
    clock.advance(timedelta(minutes=59))
    assert browser.get(POLICIES, headers=headers).status_code == 200
    clock.advance(timedelta(minutes=2))
    assert browser.get(POLICIES).status_code == (200 if is_used else 401)


def test_a_session_ends_after_twelve_hours_however_busy(
    browser: TestClient, issuer: SmallIssuer, clock: SettableClock
) -> None:
    """A cookie that was stolen does not live on by being used."""
    assert logged_in(browser).status_code == 303
    cookie = {"Cookie": f"{SESSION_COOKIE}={browser.cookies[SESSION_COOKIE]}"}
    for _ in range(12):
        assert browser.get(POLICIES, headers=cookie).status_code == 200
        clock.advance(timedelta(minutes=59))
    clock.advance(timedelta(minutes=12))
    assert browser.get(POLICIES, headers=cookie).status_code == 401


def test_who_logs_out_is_out_and_a_new_login_ends_the_session_before(browser: TestClient) -> None:
    """What the cookie was is worth nothing any more; no login is built on a cookie that somebody planted."""
    assert logged_in(browser).status_code == 303
    first = browser.cookies[SESSION_COOKIE]
    assert logged_in(browser).status_code == 303
    second = browser.cookies[SESSION_COOKIE]
    assert first != second
    browser.cookies.clear()
    assert browser.get(POLICIES, headers={"Cookie": f"{SESSION_COOKIE}={first}"}).status_code == 401
    header = {"Cookie": f"{SESSION_COOKIE}={second}"}
    assert browser.get(POLICIES, headers=header).status_code == 200
    assert browser.post("/logout", headers=header).status_code == 403
    assert browser.post("/logout", headers={**header, **SAME}).status_code == 303
    assert browser.get(POLICIES, headers=header).status_code == 401


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HOME}, False),
        ({"Origin": "https://elsewhere.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://["}, False),
        ({"Origin": HOME}, True),
        (SAME, True),
    ],
)
def test_no_other_site_acts_with_our_cookie(browser: TestClient, headers: dict[str, str], is_taken: bool) -> None:
    """A post with the cookie counts only from our own pages, by what the browser says of where it comes from."""
    assert logged_in(browser).status_code == 303
    answer = browser.post(DECISIONS, json={}, headers=headers)
    assert (answer.json()["type"] == "/problems/cross-site") is not is_taken
    assert (answer.status_code == 403) is not is_taken


def test_a_decision_in_a_session_needs_a_fresh_login(
    browser: TestClient, issuer: SmallIssuer, clock: SettableClock
) -> None:
    """After fifteen minutes it is refused with what to do (RFC 9470), reading is not, and a new login helps."""
    assert logged_in(browser).status_code == 303
    assert browser.post(DECISIONS, json={}, headers=SAME).status_code == 400
    clock.advance(timedelta(minutes=16))
    answer = browser.post(DECISIONS, json={}, headers=SAME)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/login-too-old")
    assert answer.json()["max_age"] == 900
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'max_age="900"' in challenge
    assert browser.get(POLICIES).status_code == 200
    assert logged_in(browser, "/login?fresh=true").status_code == 303
    assert browser.post(DECISIONS, json={}, headers=SAME).status_code == 400


def test_a_login_at_the_issuer_that_is_old_is_an_old_login_here(browser: TestClient, issuer: SmallIssuer) -> None:
    """What counts is when the password was given, not when the code was fetched."""
    issuer.said.update(auth_time=int(issuer.now()) - 3_600)
    assert logged_in(browser).status_code == 303
    answer = browser.post(DECISIONS, json={}, headers=SAME)
    assert answer.json()["type"] == "/problems/login-too-old"


def test_a_role_withdrawn_counts_in_a_session_too(browser: TestClient, store: Store) -> None:
    """The session keeps what the claims gave, and asks what stands at every request."""
    assert logged_in(browser).status_code == 303
    url = "/v1/launches/atlas-2/regions/emea/readiness"
    assert browser.get(url).status_code == 404
    with store.writing() as tx:
        record_change(
            tx,
            person="ex-1",
            role=Role.EXECUTIVE,
            region="*",
            change="withdrawn",
            effective_at=None,
            by="admin-1",
            reason="left",
            idempotency_key="k",
            now=store.now(tx),
            check=require_change,
        )
    assert browser.get(url).status_code == 403


def test_an_access_token_of_the_issuer_is_taken_if_it_is_for_us(browser: TestClient, issuer: SmallIssuer) -> None:
    """Its audience is ours; an ID token, which is for the client, passes for none."""
    assert browser.get(POLICIES, headers=token_of(issuer)).status_code == 200
    for changes in (
        {"aud": CLIENT_ID},
        {"aud": "learn-then-launch"},
        {"iss": ISSUER},
        {"iss": "https://elsewhere.example"},
        {"exp": None},
        {"exp": int(issuer.now())},
        {"iat": int(issuer.now()) + 3_600},
        {"act": {"sub": "ex-2"}},
    ):
        assert browser.get(POLICIES, headers=token_of(issuer, **changes)).status_code == 401, changes


def test_an_old_login_in_a_token_is_too_old_for_a_decision(browser: TestClient, issuer: SmallIssuer) -> None:
    """A bearer token is judged by when its person logged in, or else by when it was made."""
    fresh, old = int(issuer.now()), int(issuer.now()) - 1_000
    for changes, is_taken in (
        ({"auth_time": fresh}, True),
        ({"auth_time": old}, False),
        ({"auth_time": None}, True),
        ({"auth_time": None, "iat": old}, False),
    ):
        answer = browser.post(DECISIONS, json={}, headers=token_of(issuer, **changes))
        assert (answer.json()["type"] != "/problems/login-too-old") is is_taken, changes


def test_keys_are_fetched_again_for_one_that_is_new_at_most_once_a_minute(
    browser: TestClient, issuer: SmallIssuer, clock: SettableClock
) -> None:
    """A rotated key counts after a minute at most, and nobody has us hammer the issuer with made up key ids."""
    assert browser.get(POLICIES, headers=token_of(issuer)).status_code == 200
    issuer.key = RSAKey.generate_key(2048, {"kid": "key-9"})
    issuer.published = None
    for _ in range(5):
        claims = {**issuer.claims("n"), "aud": AUDIENCE}
        rotated = {"Authorization": f"Bearer {issuer.signed(claims, kid='key-9')}"}
        assert browser.get(POLICIES, headers=rotated).status_code == 401
    assert issuer.asked.count("/jwks") == 1
    clock.advance(timedelta(seconds=60))
    assert browser.get(POLICIES, headers=rotated).status_code == 200
    assert issuer.asked.count("/jwks") == 2


def test_an_issuer_that_is_away_lets_nobody_in_and_says_so(store: Store, clock: SettableClock) -> None:
    """Nothing is guessed while it does not answer."""
    settings = OidcSettings("http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET, f"{HOME}/login/callback", AUDIENCE)
    oidc = OidcIssuer(settings, clock=clock)
    embedded = EmbeddedIssuer(OKPKey.generate_key("Ed25519"), clock=clock)
    deps = replace(dependencies(store, embedded, clock), verifier=TrustedIssuers({oidc.name: oidc}), oidc=oidc)
    with TestClient(_whole(deps), base_url=HOME, follow_redirects=False) as client:
        away = client.get("/login")
        assert (away.status_code, away.json()["type"]) == (503, "/problems/issuer-away")
        other = SmallIssuer(url="http://127.0.0.1:9")
        answer = client.get(POLICIES, headers=token_of(other))
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/issuer-away")


def test_without_an_issuer_nobody_logs_in(store: Store, clock: SettableClock) -> None:
    """An installation that trusts none has no login."""
    embedded = EmbeddedIssuer(OKPKey.generate_key("Ed25519"), clock=clock)
    deps = dependencies(store, embedded, clock)
    with TestClient(create_app(deps, pages=(login_router(),), open_paths=LOGIN_PATHS)) as client:
        assert client.get("/login").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://issuer.example"},
        {"redirect_uri": "http://ltl.example/login/callback"},
        {"audience": CLIENT_ID},
    ],
)
def test_settings_that_cannot_be_safe_are_refused(changes: dict[str, str]) -> None:
    """Without encryption, or with an ID token that would pass for an access token, it does not start."""
    right: dict[str, Any] = {
        "issuer": "https://issuer.example",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": f"{HOME}/login/callback",
        "audience": AUDIENCE,
    }
    with pytest.raises(ValueError, match=r"https|audience"):
        OidcSettings(**{**right, **changes})


def test_claims_give_the_roles_that_the_settings_say_and_no_others() -> None:
    """By a path, as they are or by a table; what nobody knows gives nothing."""
    settings = OidcSettings("https://issuer.example", CLIENT_ID, None, HOME, AUDIENCE, roles_claim="realm.roles")
    claims = {
        "realm": {"roles": ["executive:emea,apac", "auditor", "seller:*", "emperor", "admin:NO GO", 7, "admin:"]}
    }
    assert roles_of(claims, settings) == (
        RoleGrant(Role.EXECUTIVE, "emea"),
        RoleGrant(Role.EXECUTIVE, "apac"),
        RoleGrant(Role.AUDITOR, "*"),
        RoleGrant(Role.SELLER, "*"),
    )
    mapped = replace(settings, roles={"emperor": "admin:emea"})
    assert roles_of(claims, mapped) == (RoleGrant(Role.ADMIN, "emea"),)
    assert roles_of({}, settings) == ()
