"""Which answers are packed on their way out, and how?"""

# Only what is read (GET) is packed. What an act answers may hold a secret that is told once, beside what was typed;
# packed, its length would tell how much of the one is in the other (BREACH). For the same reason nothing is packed
# that the page of another site has a browser ask for in somebody's name. And a stream of events is never held back.

import re
import zlib
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.conditional import PACKED_TAG_ENDS

SMALLEST = 1_024
"""Bytes of an answer that are worth it: a smaller one goes in one packet either way."""

LEVEL = 6
"""Of nine: of a board of 270 kB it makes 12 kB in 3 ms; nine takes four times as long for a twentieth less."""

IN_PLACE = 8_192
"""Bytes that are packed in the event loop, 3.5 kB of JSON in 0.15 ms; more is packed in a thread, which does
not hold up anybody."""

_PACKABLE = re.compile(
    r"(text/(html|css|csv|javascript|plain)|image/svg\+xml|application/([\w.-]+\+)?(json|x-ndjson|jsonl))\s*(;|$)"
)
_GZIP = re.compile(r"(?:^|,)\s*(gzip|\*)\s*(?:;\s*q=([01](?:\.\d{1,3})?))?\s*(?=,|$)", re.IGNORECASE)
_WINDOW = 31
"""What makes zlib write the frame of gzip."""


def takes_packed(headers: Headers) -> bool:
    """Say whether whoever sent `headers` reads gzip."""
    accepted = ",".join(headers.getlist("accept-encoding"))
    weights = {match[1].lower(): float(match[2] or 1) for match in _GZIP.finditer(accepted)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def may_be_packed(scope: Scope) -> bool:
    """Say whether the answer to a request may be packed, if it is of a kind that packing is for."""
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return False
    return Headers(scope=scope).get("sec-fetch-site", "none") in {"same-origin", "none"}


class PackingMiddleware:
    """Packs answers for who reads gzip, and has their tags say so."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a `send` that packs where that may be."""
        if not may_be_packed(scope):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        packing = _Packing(send, reads_gzip=takes_packed(headers), known=headers.get("if-none-match", ""))
        await self.app(scope, receive, packing.send)


class _Packing:
    """One answer on its way out."""

    def __init__(self, send: Send, *, reads_gzip: bool, known: str) -> None:
        self._send = send
        self._reads_gzip = reads_gzip
        self._known = known
        self._start: Message | None = None
        self._packer: Any = None

    async def send(self, message: Message) -> None:
        """Pass on a message of the answer, packed where it is worth it."""
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._first(self._start, message)
        elif message["type"] == "http.response.body" and self._packer is not None:
            await self._send({**message, "body": await self._packed(message)})
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers = MutableHeaders(raw=list(message.get("headers", ())))
        message = {**message, "headers": headers.raw}
        if message["status"] == 304:
            tag = headers.get("etag", "")
            if self._reads_gzip and packed_tag(tag) in self._known:
                headers["etag"] = packed_tag(tag)
            headers.add_vary_header("Accept-Encoding")
        elif _is_packable(headers):
            headers.add_vary_header("Accept-Encoding")
            if self._reads_gzip:
                # How much there is shows with the body; until then nothing leaves.
                self._start = message
                return
        await self._send(message)

    async def _first(self, start: Message, message: Message) -> None:
        self._start = None
        is_whole = not message.get("more_body", False)
        if is_whole and len(message.get("body", b"")) < SMALLEST:
            await self._send(start)
            await self._send(message)
            return
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _WINDOW)
        body = await self._packed(message)
        headers = MutableHeaders(raw=start["headers"])
        headers["content-encoding"] = "gzip"
        del headers["content-length"]
        if is_whole:
            headers["content-length"] = str(len(body))
        if "etag" in headers:
            headers["etag"] = packed_tag(headers["etag"])
        await self._send(start)
        await self._send({**message, "body": body})

    async def _packed(self, message: Message) -> bytes:
        body: bytes = message.get("body", b"")
        is_last = not message.get("more_body", False)
        if len(body) <= IN_PLACE:
            return _pack(self._packer, body, is_last)
        return await run_in_threadpool(_pack, self._packer, body, is_last)


def _pack(packer: Any, body: bytes, is_last: bool) -> bytes:
    packed: bytes = packer.compress(body)
    return packed + packer.flush() if is_last else packed


def packed_tag(tag: str) -> str:
    """Return the tag of an answer packed: another than that of the same answer as it is, as its bytes are others."""
    return f'{tag[:-1]}{PACKED_TAG_ENDS}"' if tag.endswith('"') else tag


def _is_packable(headers: Headers) -> bool:
    return (
        "content-encoding" not in headers
        and "no-transform" not in headers.get("cache-control", "")
        and _PACKABLE.match(headers.get("content-type", "").lower()) is not None
    )
