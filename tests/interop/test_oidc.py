"""Does a person log in, in a real browser, at an issuer that others have written?"""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from joserfc.jwk import OKPKey
from playwright.sync_api import Page, expect, sync_playwright

from api.app import create_app
from api.identity import EmbeddedIssuer
from api.login import LOGIN_PATHS, login_router
from api.oidc import OidcIssuer, OidcSettings
from api.pages import OPEN_PAGE_PATHS, pages_router
from api.standing import SESSION_COOKIE
from bootstrap.web import routers
from store.engine import migrate, open_store
from tests.api.door import SettableClock, dependencies

_LOG_OUT = """() => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = "/logout";
    document.body.append(form);
    form.submit();
}"""
"""What a button for it does."""


@contextmanager
def node_issuer(directory: Path, redirect: str) -> Iterator[str]:
    """Serve npm's oidc-provider and yield its address."""
    command = ["node", "oidc.mjs", redirect]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, text=True) as issuer:
        try:
            assert issuer.stdout is not None
            yield next(line.strip() for line in issuer.stdout if line.startswith("http://"))
        finally:
            issuer.terminate()


@contextmanager
def served(app: FastAPI, listening: socket.socket) -> Iterator[None]:
    """Serve the application on a socket that listens already."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield chromium.new_page()
        finally:
            chromium.close()


def test_a_person_logs_in_at_oidc_provider_and_out_again(node_directory: Path, tmp_path: Path, page: Page) -> None:
    """Login, consent and back again in Chromium: the board opens, a cookie is there that no script reads, and a post
    from another site does nothing."""
    listening = socket.create_server(("127.0.0.1", 0))
    home = f"http://127.0.0.1:{listening.getsockname()[1]}"
    redirect = f"{home}/login/callback"
    file = tmp_path / "store.sqlite"
    migrate(f"sqlite:///{file}")
    store = open_store(f"sqlite:///{file}")
    with node_issuer(node_directory, redirect) as url:
        settings = OidcSettings(url, "ltl-web", "a-secret-of-the-tests", redirect, "ltl-api")

        def now() -> datetime:
            return datetime.now(UTC)

        oidc = OidcIssuer(settings, clock=now)
        embedded = EmbeddedIssuer(OKPKey.generate_key("Ed25519"), clock=now)
        deps = replace(dependencies(store, embedded, SettableClock()), verifier=oidc, oidc=oidc, clock=now)
        pages = (pages_router(), login_router())
        app = create_app(deps, routers=routers(), pages=pages, open_paths=OPEN_PAGE_PATHS | LOGIN_PATHS)
        with served(app, listening):
            assert httpx2.get(f"{home}/", trust_env=False).status_code == 401
            page.goto(f"{home}/login?return_to=/")
            page.fill("input[name=login]", "ex-1")
            page.fill("input[name=password]", "anything")
            page.click("button[type=submit]")
            page.click("button[type=submit]")
            page.wait_for_url(f"{home}/")
            expect(page.locator("body")).to_contain_text("ex-1")
            (cookie,) = [each for each in page.context.cookies() if each["name"] == SESSION_COOKIE]
            assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")
            assert page.evaluate("document.cookie") == ""
            told = page.goto(f"{home}/v1/readiness")
            assert told is not None
            assert told.status == 200
            header = {"Cookie": f"{SESSION_COOKIE}={cookie['value']}"}
            assert httpx2.get(f"{home}/v1/readiness", headers=header, trust_env=False).status_code == 200
            cross = {**header, "Sec-Fetch-Site": "cross-site"}
            assert httpx2.post(f"{home}/logout", headers=cross, trust_env=False).status_code == 403
            page.goto(f"{home}/")
            page.evaluate(_LOG_OUT)
            page.wait_for_url(f"{home}/")
            expect(page.locator("body")).not_to_contain_text("ex-1")
            assert httpx2.get(f"{home}/v1/readiness", headers=header, trust_env=False).status_code == 401
    store.close()
    listening.close()
