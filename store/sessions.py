"""Who is logged in, and which logins are under way?"""

# Of every cookie only the SHA-256 is kept: who reads the database cannot come in with what it holds.

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from readiness.commands import Role
from store.access_schema import logins, sessions

SESSION_ID = "session-"
"""How the ids of sessions begin."""

LOGIN_LIFE = timedelta(minutes=10)
"""How long somebody may take at the issuer: a password, a second factor, a coffee."""

_BY_DIGEST = select(sessions).where(sessions.c.digest == bindparam("digest"))


class Session(NamedTuple):
    """A person's login as this installation keeps it."""

    digest: str
    person: str
    grants: tuple[tuple[Role, str], ...]
    logged_in_at: datetime
    seen_at: datetime
    expires_at: datetime

    @property
    def id(self) -> str:
        """By what logs know it, and nobody can come in with."""
        return f"{SESSION_ID}{self.digest[:16]}"


class Login(NamedTuple):
    """A login under way: what must come back from the issuer, and where the browser goes then."""

    state: str
    nonce: str
    verifier: str
    return_to: str


def begin_login(tx: Connection, *, return_to: str, now: datetime) -> tuple[str, Login]:
    """Return the cookie that binds a new login to its browser, and the login; those never finished are forgotten."""
    tx.execute(delete(logins).where(logins.c.begun_at <= now - LOGIN_LIFE))
    cookie = secrets.token_urlsafe(32)
    login = Login(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), return_to)
    tx.execute(insert(logins).values(digest=_digest(cookie), **login._asdict(), begun_at=now))
    return cookie, login


def take_login(tx: Connection, cookie: str, *, now: datetime) -> Login | None:
    """Return the login of that browser, once; None where there is none, or it took too long."""
    row = tx.execute(delete(logins).where(logins.c.digest == _digest(cookie)).returning(logins)).first()
    if row is None or row.begun_at <= now - LOGIN_LIFE:
        return None
    return Login(row.state, row.nonce, row.verifier, row.return_to)


def begin_session(
    tx: Connection,
    *,
    person: str,
    grants: Sequence[tuple[Role, str]],
    logged_in_at: datetime,
    now: datetime,
    life: timedelta,
    instead_of: str | None,
) -> str:
    """Begin a session and return its cookie; the one `instead_of` which it begins ends, and so do those too old."""
    tx.execute(delete(sessions).where(sessions.c.expires_at <= now))
    if instead_of is not None:
        end_session(tx, instead_of)
    cookie = secrets.token_urlsafe(32)
    row = {
        "digest": _digest(cookie),
        "person": person,
        "grants": [[role.value, region] for role, region in grants],
        "logged_in_at": logged_in_at,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + life,
    }
    tx.execute(insert(sessions).values(**row))
    return cookie


def session_of(tx: Connection, cookie: str, *, now: datetime, idle: timedelta) -> Session | None:
    """Return the session of `cookie`; None where there is none, it has ended, or nobody used it for long."""
    row = tx.execute(_BY_DIGEST, {"digest": _digest(cookie)}).first()
    if row is None or row.expires_at <= now or row.seen_at + idle <= now:
        return None
    grants: Iterable[tuple[str, str]] = row.grants
    return Session(
        digest=row.digest,
        person=row.person,
        grants=tuple((Role(role), region) for role, region in grants),
        logged_in_at=row.logged_in_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
    )


def touch_session(tx: Connection, session: Session, *, now: datetime) -> None:
    """Note that a session was used at `now`."""
    tx.execute(update(sessions).where(sessions.c.digest == session.digest).values(seen_at=now))


def end_session(tx: Connection, cookie: str) -> None:
    """End the session of `cookie`, if there is one."""
    tx.execute(delete(sessions).where(sessions.c.digest == _digest(cookie)))


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
