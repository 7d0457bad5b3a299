"""Which mail server do the tests of notices send through, and what does it keep?"""

import asyncio
from asyncio import Server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

_PATIENCE_SECONDS = 10


@dataclass
class Mailbox(Sink):
    """A mail server on loopback that keeps what it takes, and answers DATA as it is told."""

    host: str = "127.0.0.1"
    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """What is answered to the next mails; 250 where nothing is said. `lost` takes the mail and hangs up."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name.
        """Keep the mail unless it is refused."""
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250") or answer == "lost":
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.taken.append(message)
            self.recipients.append(envelope.rcpt_tos)
        if answer == "lost":
            server.transport.abort()
            return "250 OK"
        return answer


@contextmanager
def mailbox(*answers: str) -> Iterator[Mailbox]:
    """Run a mail server that gives these answers."""
    box = Mailbox(answers=list(answers))
    controller = _OnAnyPort(box, hostname=box.host, port=0)
    controller.start()
    try:
        assert isinstance(controller.server, Server)
        box.port = controller.server.sockets[0].getsockname()[1]
        yield box
    finally:
        controller.stop()


class _OnAnyPort(Controller):
    """Does not knock at its own port to see that it is there: it is not known before it is. Hangs up when it ends."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self._talks: list[Any] = []

    def factory(self) -> Any:
        """Return the other end of a new conversation."""
        talk = super().factory()  # type: ignore[no-untyped-call]  # aiosmtpd says no types here.
        self._talks.append(talk)
        return talk

    def stop(self, no_assert: bool = False) -> None:
        """Hang up on whoever is still there, a worker that was killed for instance, and end."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(_PATIENCE_SECONDS)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        for talk in self._talks:
            if talk.transport is not None:
                talk.transport.abort()
        # What was aborted is closed in the next turn of the loop.
        await asyncio.to_thread(lambda: None)

    def _trigger_server(self) -> None:
        import socket

        assert isinstance(self.server, Server)
        with socket.create_connection(self.server.sockets[0].getsockname(), 5) as knocking:
            knocking.recv(1024)
