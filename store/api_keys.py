"""Which programs may come in, with which key, until when?"""

# Of a key only the SHA-256 is kept. That is enough for 32 random bytes: what makes slow hashes necessary is that
# people choose their passwords.

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from readiness.canonical import digest
from readiness.commands import Role
from store.access_schema import api_keys
from store.commands import KeyReused

PREFIX = "ltl_"
"""How every key begins, so that those who search code for secrets find it."""

SERVICE = "service:"
"""How the id of a program begins; no person has such a one."""

USE_NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use is known: a write for each request would cost more than the request."""

_ID_LENGTH = len(PREFIX) + 8
_BY_DIGEST = select(api_keys).where(api_keys.c.digest == bindparam("digest"))
_BY_WISH = select(api_keys).where(
    api_keys.c.created_by == bindparam("by"), api_keys.c.idempotency_key == bindparam("wish")
)


class ApiKey(NamedTuple):
    """A key as it may be shown: never the key itself."""

    id: str
    """Its first characters, by which people and logs know it."""
    name: str
    grants: tuple[tuple[Role, str], ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def person(self) -> str:
        """The id under which the program acts: keys of one name follow one another, and are one program."""
        return f"{SERVICE}{self.name}"

    def opens_at(self, now: datetime) -> bool:
        """Say whether it opens the door at `now`."""
        return self.revoked_at is None and now < self.expires_at


class Made(NamedTuple):
    """A key that was made, and the secret: None where this repeats the request that made it."""

    key: ApiKey
    secret: str | None


def make_key(
    tx: Connection,
    *,
    name: str,
    grants: Sequence[tuple[Role, str]],
    expires_at: datetime,
    by: str,
    idempotency_key: str,
    now: datetime,
    check: Callable[..., None],
) -> Made:
    """Make a key and return it with its secret, which is told this once; `check` is asked of one that is no repeat.

    Raises what `check` raises, and KeyReused where `by` used the Idempotency-Key for another key.
    """
    said = {"name": name, "grants": [[r.value, g] for r, g in grants], "expires_at": expires_at.isoformat()}
    earlier = tx.execute(_BY_WISH, {"by": by, "wish": idempotency_key}).first()
    if earlier is not None:
        if earlier.body_digest != digest(said):
            raise KeyReused(f"{by} used this Idempotency-Key for another key")
        return Made(_key(earlier), None)
    check((role for role, _ in grants), expires_at=expires_at, now=now)
    secret = PREFIX + secrets.token_urlsafe(32)
    row = {
        "id": secret[:_ID_LENGTH],
        "name": name,
        "digest": _digest(secret),
        "grants": said["grants"],
        "created_by": by,
        "created_at": now,
        "expires_at": expires_at,
        "idempotency_key": idempotency_key,
        "body_digest": digest(said),
    }
    return Made(_key(tx.execute(insert(api_keys).values(**row).returning(api_keys)).one()), secret)


def key_of(tx: Connection, secret: str) -> ApiKey | None:
    """Return the key that `secret` is, whether or not it still opens anything; None where it is none of ours."""
    row = tx.execute(_BY_DIGEST, {"digest": _digest(secret)}).first()
    return _key(row) if row is not None else None


def note_use(tx: Connection, key: ApiKey, *, now: datetime) -> None:
    """Note that a key was used at `now`."""
    tx.execute(update(api_keys).where(api_keys.c.id == key.id).values(last_used_at=now))


def every_key(tx: Connection) -> tuple[ApiKey, ...]:
    """Return every key there ever was, by name, the latest first."""
    rows = tx.execute(select(api_keys).order_by(api_keys.c.name, api_keys.c.created_at.desc(), api_keys.c.id))
    return tuple(_key(row) for row in rows)


def revoke_key(tx: Connection, key_id: str, *, by: str, now: datetime) -> ApiKey | None:
    """Have a key open nothing any more, at once, and return it; None where there is none of that id."""
    open_one = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    tx.execute(open_one.values(revoked_at=now, revoked_by=by))
    row = tx.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
    return _key(row) if row is not None else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Row[Any]) -> ApiKey:
    grants: Iterable[tuple[str, str]] = row.grants
    return ApiKey(
        id=row.id,
        name=row.name,
        grants=tuple((Role(role), region) for role, region in grants),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_by=row.revoked_by,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
