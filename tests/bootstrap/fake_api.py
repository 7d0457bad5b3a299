"""Which server do the tests of the command line speak to?"""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.body)

    @property
    def claims(self) -> dict[str, Any]:
        """What the bearer token says."""
        payload = self.headers["authorization"].split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims


@dataclass(frozen=True)
class Answer:
    """What the server says."""

    status: int
    document: Any
    headers: dict[str, str] = field(default_factory=dict)


Route = Callable[[Asked], Answer]


@dataclass
class FakeApi:
    """A server on a port of its own that answers what a test gave it, and tells what it was asked."""

    url: str = ""
    routes: dict[tuple[str, str], Route] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answers(self, call: str, document: Any, status: int = 200) -> None:
        """Answer `call`, `GET /v1/readiness` for instance, with `document` from now on."""
        self.routes_to(call, lambda _asked: Answer(status, document))

    def routes_to(self, call: str, route: Route) -> None:
        """Let `route` answer `call` from now on."""
        method, path = call.split()
        self.routes[(method, path)] = route

    def last(self, method: str) -> Asked:
        """The latest request of a method."""
        return next(asked for asked in reversed(self.asked) if asked.method == method)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, fake: FakeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fake = fake


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def log_message(self, *_words: Any) -> None:
        """Print nothing."""

    def _answer(self) -> None:
        address = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=address.path,
            query={name: values[0] for name, values in parse_qs(address.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length", "0"))),
        )
        fake = self.server.fake
        fake.asked.append(asked)
        route = fake.routes.get((asked.method, asked.path))
        problem = {"type": "/problems/not-found", "title": "There is nothing at this address.", "status": 404}
        answer = route(asked) if route is not None else Answer(404, problem)
        body = json.dumps(answer.document).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def fake_api() -> Iterator[FakeApi]:
    """Run a fake server while the block lasts."""
    fake = FakeApi()
    server = _Server(fake)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
