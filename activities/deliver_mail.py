"""How does a notice get to a person by mail, or into a room by chat?"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import aiosmtplib

from readiness.delivering import Fate, Tried
from templates.mailing import Rendered

PATIENCE = timedelta(seconds=30)
"""How long a mail server may take for each step."""

_LOST = "The connection was lost after the mail was handed over: it may or may not have been sent."


@dataclass(frozen=True, slots=True)
class MailServer:
    """Which mail server takes our mail, and who it is from."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = None
    start_tls: bool = True

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


class Mailer:
    """Sends mail through one server; whatever it cannot say for sure it says is uncertain."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def send(self, rendered: Rendered, *, id_: str, to: str, name: str | None) -> Tried:
        """Hand one mail over and return what came of it."""
        try:
            message = composed(rendered, id_=id_, to=to, name=name, sender=self._server.sender)
        except ValueError:
            return Tried(fate=Fate.UNADDRESSED, detail="The person's address is not one that mail can be sent to.")
        server = self._server
        handing_over = False
        try:
            async with aiosmtplib.SMTP(
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                start_tls=server.start_tls,
                timeout=PATIENCE.total_seconds(),
            ) as client:
                await client.mail(Address(addr_spec=server.sender).addr_spec)
                await client.rcpt(to)
                handing_over = True
                await client.data(message.as_bytes(policy=SMTP))
                return Tried(fate=Fate.ACCEPTED, detail="The mail server took it.")
        except aiosmtplib.SMTPResponseException as refused:
            # An answer is an answer, whichever step it is to: nothing was taken.
            return Tried(fate=Fate.FAILED, status=refused.code, detail=f"The mail server answered {refused.code}.")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            if handing_over:
                return Tried(fate=Fate.UNCERTAIN, detail=_LOST)
            return Tried(fate=Fate.FAILED, detail=f"The mail server could not be used ({type(error).__name__}).")


def composed(rendered: Rendered, *, id_: str, to: str, name: str | None, sender: str) -> EmailMessage:
    """Return the message, no value of which can end a header; raises ValueError for an address that is none."""
    message = EmailMessage(policy=SMTP)
    from_ = _address("Learn Then Launch", sender)
    message["From"] = from_
    message["To"] = _address(_on_one_line(name or ""), to)
    message["Subject"] = _on_one_line(rendered.subject)
    # The same for every try and every replay: a reader's mail program shows one.
    message["Message-ID"] = f"<{id_}@{from_.domain}>"
    message["List-Unsubscribe"] = f"<mailto:{from_.addr_spec}?subject=unsubscribe>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    return message


def _address(name: str, spec: str) -> Address:
    """Return an address with a part before and a part behind its @; raises ValueError."""
    try:
        found = Address(name, addr_spec=spec)
    except (HeaderParseError, IndexError) as fault:
        # The parser of the standard library falls over its own index where there is nothing to parse.
        raise ValueError("this is no address") from fault
    if not (found.username and found.domain):
        raise ValueError("an address has a part before and a part behind its @")
    return found


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


class Rooms:
    """Says things in rooms that an admin has set, each by a URL that `apprise` knows."""

    def __init__(self, urls: tuple[str, ...]) -> None:
        self._urls = urls

    def __repr__(self) -> str:
        return f"Rooms({len(self._urls)})"

    def __len__(self) -> int:
        return len(self._urls)

    async def say(self, place: int, rendered: Rendered) -> Tried:
        """Say it in the room of this place, counted from 1."""
        if not 1 <= place <= len(self._urls):
            return Tried(fate=Fate.UNADDRESSED, detail="The room is not among those that are set any more.")
        room = await asyncio.to_thread(_room, self._urls[place - 1])
        if room is None:
            return Tried(fate=Fate.UNADDRESSED, detail="The room's URL is not one that apprise knows.")
        if await room.async_notify(title=rendered.subject, body=rendered.text, body_format="text"):
            return Tried(fate=Fate.ACCEPTED, detail="The room took it.")
        return Tried(fate=Fate.FAILED, detail="The room did not take it.")


def _room(url: str) -> Any:
    """Return the room that apprise makes of a URL, None where it knows none."""
    # Imported late and in a thread: it knows a hundred kinds of rooms, and takes seconds to import.
    import apprise

    room = apprise.Apprise()
    return room if room.add(url) else None
