"""Which receiver do the tests of deliveries send to, and what does it keep?"""

import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request, byte for byte."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server on loopback that keeps what it gets and answers as it is told, 204 where nothing is said."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """The next answers, the first one first; the last of them stays."""

    def next_answer(self) -> tuple[int, dict[str, str]]:
        """Return what is answered now."""
        if not self.answers:
            return 204, {}
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiving(
    *answers: tuple[int, dict[str, str]] | int, tls: ssl.SSLContext | None = None, drips: bool = False
) -> Iterator[Receiver]:
    """Run a receiver that gives these answers, over TLS where it has a certificate; one that drips never ends."""
    receiver = Receiver(answers=[each if isinstance(each, tuple) else (each, {}) for each in answers])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(self.path, headers, body))
            status, more = receiver.next_answer()
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if drips:
                self._drip()
                return
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _drip(self) -> None:
            """Answer byte by byte, for as long as anybody listens."""
            self.end_headers()
            with suppress(OSError):
                while not over.wait(0.02):
                    self.wfile.write(b".")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    over = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield receiver
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Resolver:
    """Answers a name with one list of addresses after another; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = [tuple(each) for each in answers]
        self.asked = 0

    async def __call__(self, host: str, port: int) -> tuple[str, ...]:
        """Return the addresses that it has now."""
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
