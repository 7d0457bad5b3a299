"""How does an event get to a webhook, signed, and what did its receiver say?"""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
from standardwebhooks import Webhook

from activities.deliver_targets import Target, TargetRefused, Targets
from readiness.delivering import ASKS_FOR_PAUSE, Fate, Tried, fate_of_status
from readiness.telling import CONTENT_TYPE

CONNECT_PATIENCE = timedelta(seconds=5)
PATIENCE = timedelta(seconds=15)
"""How long a receiver may take to connect, and all in all: it is to take the event now and to work on it later."""

MOST_READ = 64 * 1024
"""Bytes of an answer that are read, and thrown away: no answer is kept or shown to anybody."""

_ADDRESSES_TRIED = 3
_USER_AGENT = "learn-then-launch"


class WebhookSender:
    """Sends events to where they may be sent; trusts the certificates that `tls` does, by default the usual ones."""

    def __init__(
        self, targets: Targets, *, tls: ssl.SSLContext | None = None, patience: timedelta = PATIENCE
    ) -> None:
        self._targets = targets
        self._patience = patience.total_seconds()
        self._tls = tls

    async def send(self, url: str, body: str, *, id_: str, secrets: Sequence[str], now: datetime) -> Tried:
        """Send one event and return what came of it; never raises for anything that a receiver does."""
        try:
            async with asyncio.timeout(self._patience):
                return await self._sent(await self._targets.target(url), body, signed(id_, body, secrets, now), now)
        except TargetRefused as refused:
            return Tried(fate=Fate.REFUSED, detail=str(refused))
        except TimeoutError:
            return Tried(fate=Fate.FAILED, detail="It did not answer in time.")
        except httpx2.ConnectTimeout:
            return Tried(fate=Fate.FAILED, detail="No connection was made in time.")
        except httpx2.ConnectError as error:
            return Tried(fate=Fate.FAILED, detail=_why_unconnected(error))
        except httpx2.HTTPError as error:
            return Tried(fate=Fate.FAILED, detail=f"The exchange broke off ({type(error).__name__}).")
        except ValueError:
            return Tried(fate=Fate.FAILED, detail="Nobody can be connected to under its name.")
        except OSError:
            return Tried(fate=Fate.FAILED, detail="Its name is not known to the resolver.")

    async def _sent(self, target: Target, body: str, headers: dict[str, str], now: datetime) -> Tried:
        if self._tls is None:
            # Made once: reading every certificate of the world takes longer than sending.
            self._tls = await asyncio.to_thread(httpx2.create_ssl_context)
        timeout = httpx2.Timeout(self._patience, connect=CONNECT_PATIENCE.total_seconds())
        addresses = target.addresses[:_ADDRESSES_TRIED]
        async with httpx2.AsyncClient(
            verify=self._tls, timeout=timeout, trust_env=False, follow_redirects=False
        ) as client:
            for place, address in enumerate(addresses, start=1):
                try:
                    return await self._exchanged(client, target.url, address, body, headers, now)
                except (httpx2.ConnectError, httpx2.ConnectTimeout):
                    if place == len(addresses):
                        raise
        raise OSError("no address was left to try")

    @staticmethod
    async def _exchanged(
        client: httpx2.AsyncClient, url: httpx2.URL, address: str, body: str, headers: dict[str, str], now: datetime
    ) -> Tried:
        """Connect to `address` itself; the name goes into the Host header and is what a certificate must prove."""
        async with client.stream(
            "POST",
            url.copy_with(host=address),
            content=body.encode("utf-8"),
            headers={**headers, "Host": url.netloc.decode("ascii")},
            extensions={"sni_hostname": url.host},
        ) as answer:
            read = 0
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > MOST_READ:
                    break
            return Tried(
                fate=fate_of_status(answer.status_code),
                status=answer.status_code,
                detail=_says(answer.status_code),
                retry_after=_retry_after(answer, now=now),
            )


def signed(id_: str, body: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Return the headers that prove an event, after Standard Webhooks: one signature for each active secret."""
    at = now.astimezone(UTC)
    return {
        "Content-Type": CONTENT_TYPE,
        "User-Agent": _USER_AGENT,
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(id_, at, body) for secret in secrets),
    }


def _says(status: int) -> str:
    if 300 <= status < 400:
        return f"It answered {status}. No redirect is followed: give the webhook its new address."
    return f"It answered {status}."


def _why_unconnected(error: httpx2.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "Its certificate does not prove its name."
        cause = cause.__cause__ or cause.__context__
    return "No connection was made."


def _retry_after(answer: httpx2.Response, *, now: datetime) -> timedelta | None:
    said = answer.headers.get("retry-after", "").strip()
    if answer.status_code not in ASKS_FOR_PAUSE or not said:
        return None
    if said.isascii() and said.isdigit() and len(said) <= 9:
        return timedelta(seconds=int(said))
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    aware = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return max(timedelta(0), aware - now)
