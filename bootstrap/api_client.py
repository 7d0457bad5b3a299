"""How do our own programs speak to our own HTTP API?"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx2

PATIENCE = timedelta(seconds=60)
"""How long a request is sent again while the server restarts: longer than the supervisor needs to bring it back."""

ANSWER_PATIENCE = timedelta(seconds=60)
"""How long one answer may take: longer than the server itself waits for a workflow."""

CONNECT_PATIENCE = timedelta(seconds=5)
"""How long a connection may take: an address behind which nobody is swallows what is sent to it."""

SILENCE = timedelta(seconds=3)
"""How long a person is left without a word while a server does not answer: longer than most answers take."""

PAUSE_FIRST = timedelta(milliseconds=200)
PAUSE_MOST = timedelta(seconds=2)

BLOCK = 256 * 1024
"""Bytes of a file sent at a time."""

_AWAY = frozenset({502, 503, 504})
_NEVER_SENT = (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
"""What no further try mends: an address or a token that cannot be put into a request."""

_TYPE_OF_SUFFIX = {".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """The server said no; `problem` is its document after RFC 9457."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or f"status {status}")
        self.status = status
        self.problem = problem

    @property
    def kind(self) -> str:
        """The slug of the problem's type, `gates-not-met` for instance."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


class NoAnswer(Exception):  # noqa: N818 - named as what is the case.
    """The server did not answer in time: what was asked may or may not have happened."""


@dataclass(frozen=True, slots=True)
class _Upload:
    """A file that is read anew for each try."""

    file: Path
    media_type: str
    on_sent: Callable[[int], None]

    def blocks(self) -> Iterator[bytes]:
        sent = 0
        with self.file.open("rb") as source:
            while block := source.read(BLOCK):
                yield block
                sent += len(block)
                self.on_sent(sent)


def _bearing(token: str | Callable[[], str]) -> Callable[[httpx2.Request], httpx2.Request]:
    def bear(request: httpx2.Request) -> httpx2.Request:
        request.headers["Authorization"] = f"Bearer {token if isinstance(token, str) else token()}"
        return request

    return bear


class Api:
    """Speaks for one person. What is asked twice because no answer came is asked under the same key: one effect.

    A `token` that is a function is asked for at each request. `on_wait` hears once for each that has no answer after
    `silence` what is waited for, in a sentence.
    """

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        patience: timedelta = PATIENCE,
        on_wait: Callable[[str], None] | None = None,
        silence: timedelta = SILENCE,
    ) -> None:
        self._patience = patience
        self._on_wait = on_wait
        self._silence = silence
        self._client = httpx2.Client(
            base_url=url,
            headers={"Accept": "application/json"},
            auth=_bearing(token),
            timeout=httpx2.Timeout(ANSWER_PATIENCE.total_seconds(), connect=CONNECT_PATIENCE.total_seconds()),
            # A proxy of the environment has no business between two processes of one installation.
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def read(self, path: str, **query: Any) -> Any:
        """Return the document at `path`; what is None in `query` is left out. Raises Refused and NoAnswer."""
        return self._answer("GET", path, query)

    def read_all(self, path: str, **query: Any) -> list[Any]:
        """Return every item of the list at `path`, page after page. Raises Refused and NoAnswer."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            page = self.read(path, **query, cursor=cursor)
            items.extend(page["items"])
            cursor = page.get("next_cursor")
            if cursor is None:
                return items

    def save(self, path: str, file: Path) -> int:
        """Write what is at `path` to `file`, block by block, and return its size. Raises Refused and NoAnswer."""
        size = 0
        try:
            with self._client.stream("GET", path) as response, file.open("wb") as target:
                if not response.is_success:
                    response.read()
                    raise Refused(response.status_code, _problem_in(response))
                for block in response.iter_bytes():
                    size += target.write(block)
        except httpx2.TransportError as error:
            raise NoAnswer(f"No whole answer from {self._client.base_url}: {error}") from error
        return size

    def ask(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Any:
        """POST `body` and return the answer; `key` names the wish, a new one unless said. Raises as `read`."""
        return self._answer("POST", path, {}, headers={"Idempotency-Key": key or uuid4().hex}, body=body)

    def ask_each(self, path: str, body: dict[str, Any]) -> Any:
        """POST `body`, which is about several regions, until each of them has answered or patience ends."""
        key = uuid4().hex
        deadline = time.monotonic() + self._patience.total_seconds()
        while True:
            answer = self.ask(path, body, key=key)
            is_over = time.monotonic() + PAUSE_MOST.total_seconds() > deadline
            if is_over or not any(item["status"] in _AWAY for item in answer["items"]):
                return answer
            time.sleep(PAUSE_MOST.total_seconds())

    def rehearse(self, path: str, body: dict[str, Any]) -> Any:
        """POST `body` only to hear what would follow, and return that. Raises as `read`."""
        return self._answer("POST", path, {"rehearse": "true"}, body=body)

    def put(self, path: str, body: dict[str, Any], *, if_match: str | None = None) -> Any:
        """PUT `body`; what is there already is replaced only where it has the tag `if_match`, `*` for any.

        Raises Refused and NoAnswer.
        """
        return self._answer("PUT", path, {}, headers={"If-Match": if_match} if if_match else {}, body=body)

    def edit(self, method: str, path: str, body: dict[str, Any] | None, *, if_match: str) -> Any:
        """Change or remove what has the tag `if_match`, `*` for whatever there is. Raises Refused and NoAnswer."""
        return self._answer(method, path, {}, headers={"If-Match": if_match}, body=body)

    def upload(self, kind: str, file: Path, *, on_sent: Callable[[int], None] = lambda _bytes: None) -> Any:
        """Send a bulk file and return the import; `on_sent` hears how many bytes have gone. Raises as `read`."""
        media_type = _TYPE_OF_SUFFIX.get(file.suffix.lower(), "text/csv")
        sent = _Upload(file, media_type, on_sent)
        return self._answer("POST", f"/v1/imports/{kind}", {"name": file.name}, upload=sent)

    def _answer(
        self,
        method: str,
        path: str,
        query: dict[str, Any],
        *,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        upload: _Upload | None = None,
    ) -> Any:
        with self._breaking_the_silence(method, path):
            return self._answer_at_last(method, path, query, headers=headers, body=body, upload=upload)

    @contextmanager
    def _breaking_the_silence(self, method: str, path: str) -> Iterator[None]:
        """Say what is waited for if it takes long."""
        if self._on_wait is None:
            yield
            return
        why = f"Still waiting for {self._client.base_url} to answer {method} {path} …"
        timer = threading.Timer(self._silence.total_seconds(), self._on_wait, (why,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _answer_at_last(
        self,
        method: str,
        path: str,
        query: dict[str, Any],
        *,
        headers: dict[str, str] | None,
        body: dict[str, Any] | None,
        upload: _Upload | None,
    ) -> Any:
        """Return the answer, sent again until patience ends."""
        deadline = time.monotonic() + self._patience.total_seconds()
        pause = PAUSE_FIRST.total_seconds()
        while True:
            failure: httpx2.TransportError | Refused
            wait = pause
            try:
                response = self._client.request(
                    method,
                    path,
                    params={name: value for name, value in query.items() if value is not None},
                    headers={**(headers or {}), **_headers_of(upload)},
                    **({"content": upload.blocks()} if upload else {"json": body} if body is not None else {}),
                )
            except _NEVER_SENT as error:
                # What the error says may hold the token.
                raise NoAnswer(f"{self._client.base_url} cannot be asked that way. Nothing was sent.") from error
            except httpx2.TransportError as error:
                failure = error
            else:
                if response.is_success:
                    return response.json() if response.content else None
                refusal = Refused(response.status_code, _problem_in(response))
                if response.status_code not in _AWAY:
                    raise refusal
                failure = refusal
                wait = max(pause, _retry_after(response))
            if time.monotonic() + wait > deadline:
                if isinstance(failure, Refused):
                    raise failure
                raise NoAnswer(
                    f"No answer from {self._client.base_url}: {failure}. What was asked may or may not have happened."
                ) from failure
            time.sleep(wait)
            pause = min(pause * 2, PAUSE_MOST.total_seconds())


def _headers_of(upload: _Upload | None) -> dict[str, str]:
    if upload is None:
        return {}
    # With its length known, a file that is too large is refused before it is sent.
    return {"Content-Type": upload.media_type, "Content-Length": str(upload.file.stat().st_size)}


def _problem_in(response: httpx2.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        document = None
    if isinstance(document, dict):
        return document
    return {"title": "The server answered in a way that is not its own.", "status": response.status_code}


def _retry_after(response: httpx2.Response) -> float:
    told = response.headers.get("Retry-After", "")
    return float(told) if told.isascii() and told.isdigit() else 0.0
