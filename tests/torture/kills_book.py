"""What do clients remember of what they asked while everything around them was being killed?"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import uuid4

import httpx2

from readiness.commands import Role
from tests.stories.house import House

ANSWER_SECONDS = 20.0
"""How long a client waits for one answer: longer than the server itself waits for a workflow."""

KNOWN_WITHIN = timedelta(minutes=4)
"""How long a wish may stay unknown, on a machine that many share: beyond that nobody came back."""

AGAIN_FIRST, AGAIN_MOST = 0.05, 0.5
"""Seconds between two tries of one wish, first and at most."""

_NOT_NOW = frozenset({429, 502, 503, 504})


class Said(StrEnum):
    """What a client knows of a wish."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Try:
    """One time that a wish was sent; the moments are of `time.monotonic`."""

    sent: float
    answered: float
    said: Said
    how: str
    """The kind of the refusal, or what stood in the way of an answer."""


@dataclass(slots=True)
class Wish:
    """Something that was asked once, under one key, as often as it took to know what became of it."""

    act: str
    person: str
    where: str
    """The product, or product/region."""

    key: str
    body: Mapping[str, Any]
    tries: list[Try] = field(default_factory=list)
    answer: Any = None
    known_at: datetime | None = None

    @property
    def said(self) -> Said:
        """What is known of it in the end."""
        return self.tries[-1].said if self.tries else Said.UNKNOWN

    @property
    def refusal(self) -> str:
        """The kind of its refusal; empty where it was not refused."""
        return self.tries[-1].how if self.said is Said.REFUSED else ""


class Book:
    """Every wish of every client, in the order in which they were made; may be written by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes: list[Wish] = []

    def open(self, wish: Wish) -> Wish:
        """Write a wish down before it is sent."""
        with self._lock:
            self._wishes.append(wish)
        return wish

    @property
    def wishes(self) -> list[Wish]:
        """Everything written so far."""
        with self._lock:
            return list(self._wishes)

    def of(self, *acts: str) -> list[Wish]:
        """Return the wishes of these acts."""
        return [wish for wish in self.wishes if wish.act in acts]


class StayedUnknown(AssertionError):  # noqa: N818 - named as what is the case.
    """A wish had no outcome for as long as anybody would wait."""


class Client:
    """One person who asks, writes down what is answered, and asks again under the same key until that is known."""

    def __init__(self, house: House, book: Book, person: str, *roles: Role) -> None:
        self.person = person
        self._book = book
        self._http = httpx2.Client(
            base_url=house.url,
            headers={"Authorization": f"Bearer {house.token(person, *roles)}", "Accept": "application/json"},
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=5.0),
            trust_env=False,
        )
        self._pause = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post(self, act: str, where: str, path: str, body: Mapping[str, Any]) -> Wish:
        """Ask with a key of its own; return once the outcome is known. Raises StayedUnknown."""
        wish = self._book.open(Wish(act, self.person, where, uuid4().hex, body))
        return self._until_known(wish, "POST", path, {"Idempotency-Key": wish.key}, json=body)

    def put(self, act: str, where: str, path: str, body: Mapping[str, Any]) -> Wish:
        """Write a text; the very same text sent again makes no new revision. Raises StayedUnknown."""
        wish = self._book.open(Wish(act, self.person, where, "", body))
        return self._until_known(wish, "PUT", path, {"If-Match": "*"}, json=body)

    def send_file(self, act: str, where: str, kind: str, rows: Iterable[Mapping[str, str]], content: bytes) -> Wish:
        """Send a bulk file; the same file sent again is the same import. Return once it has ended."""
        wish = self._book.open(Wish(act, self.person, where, "", {"kind": kind, "rows": tuple(rows)}))
        headers = {"Content-Type": "text/csv"}
        self._until_known(wish, "POST", f"/v1/imports/{kind}", headers, content=content)
        if wish.said is Said.ACCEPTED:
            ended = {"completed", "failed", "refused"}
            wish.answer = self.read(f"/v1/imports/{wish.answer['id']}", lambda seen: seen["state"] in ended)
            wish.known_at = datetime.now(UTC)
        return wish

    def read(self, path: str, accept: Callable[[Any], bool] = lambda _seen: True) -> Any:
        """Return the document at `path` once there is one that is acceptable; raises StayedUnknown."""
        deadline = time.monotonic() + KNOWN_WITHIN.total_seconds()
        pause = AGAIN_FIRST
        seen: Any = None
        while time.monotonic() < deadline:
            try:
                response = self._http.get(path)
            except httpx2.TransportError as error:
                seen = error
            else:
                seen = response.json() if response.is_success else f"{response.status_code} {response.text}"
                if response.is_success and accept(seen):
                    return seen
            self._pause.wait(pause)
            pause = min(pause * 2, AGAIN_MOST)
        raise StayedUnknown(f"GET {path}: {seen}")

    def _until_known(self, wish: Wish, method: str, path: str, headers: Mapping[str, str], **body: Any) -> Wish:
        deadline = time.monotonic() + KNOWN_WITHIN.total_seconds()
        pause = AGAIN_FIRST
        while True:
            wish.tries.append(self._try(wish, method, path, headers, **body))
            if wish.said is not Said.UNKNOWN:
                wish.known_at = datetime.now(UTC)
                return wish
            if time.monotonic() > deadline:
                raise StayedUnknown(f"{wish.act} of {wish.person} in {wish.where}: {wish.tries[-1].how}")
            self._pause.wait(pause)
            pause = min(pause * 2, AGAIN_MOST)

    def _try(self, wish: Wish, method: str, path: str, headers: Mapping[str, str], **body: Any) -> Try:
        sent = time.monotonic()
        try:
            response = self._http.request(method, path, headers=dict(headers), **body)
        except httpx2.TransportError as error:
            return Try(sent, time.monotonic(), Said.UNKNOWN, type(error).__name__)
        answered = time.monotonic()
        if response.is_success:
            wish.answer = response.json()
            return Try(sent, answered, Said.ACCEPTED, "")
        kind = str(response.json().get("type", "")).rpartition("/")[2]
        if response.status_code in _NOT_NOW:
            return Try(sent, answered, Said.UNKNOWN, kind)
        # What broke inside is nothing that a client could know: it shows as a refusal that nobody allows.
        return Try(sent, answered, Said.REFUSED, kind)
