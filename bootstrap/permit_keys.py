"""Where are the keys with which this installation signs permits, and how does a new one take an old one's place?"""

# One file in the data directory, readable by its owner only, made on first use; never the key of the tokens. It is
# read again whenever it changed, so that a rotation needs no restart. A key that was replaced is kept without its
# private half and stays published until the last permit that it signed has expired. In production, where several
# machines must agree, the keys come from the environment instead.

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from api.identity import key_id, public_key
from api.permit_jws import CLOCK_SKEW_SECONDS, PermitKeys
from bootstrap.keys import KeyFileUnusable
from bootstrap.settings import Settings

PERMIT_KEY_FILE = "permit-keys.json"
"""The file's name in the data directory."""

_OWNER_ONLY = 0o600
_GRACE = timedelta(seconds=CLOCK_SKEW_SECONDS)

Signature = tuple[int, int, int]


class KeptKey(BaseModel):
    """One key of the file, with what became of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jwk: Annotated[dict[str, Any], Field(repr=False)]
    made_at: AwareDatetime
    retires_at: AwareDatetime | None = None
    """Until when it stays published since another took its place; None while it signs."""
    withdrawn_at: AwareDatetime | None = None
    """When it was found to be in other hands; nothing that it signed counts any more."""

    @property
    def signs(self) -> bool:
        """Say whether it is the key that signs now."""
        return self.retires_at is None and self.withdrawn_at is None

    def key(self) -> OKPKey:
        """Return the key; raises ValueError where it is none of Ed25519."""
        key = OKPKey.import_key(self.jwk)
        if key.curve_name != "Ed25519" or (self.signs and not key.is_private):
            raise ValueError("not an Ed25519 key, or without its private half")
        return key

    def is_published_at(self, at: datetime) -> bool:
        """Say whether permits that it signed may be believed at `at`."""
        return self.withdrawn_at is None and (self.retires_at is None or at < self.retires_at)

    def state_at(self, at: datetime) -> str:
        """Return in a word what becomes of it at `at`."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        if self.retires_at is None:
            return "signs"
        return "published" if self.is_published_at(at) else "retired"


class _Book(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[KeptKey, ...]


class FileKeys:
    """The keys of a data directory, read again whenever their file changed."""

    def __init__(self, directory: Path, *, clock: Callable[[], datetime]) -> None:
        self._path = directory / PERMIT_KEY_FILE
        self._clock = clock
        self._seen: tuple[Signature, tuple[tuple[KeptKey, OKPKey], ...]] | None = None
        _make(self._path, now=clock())

    def signing(self) -> OKPKey:
        """Return the private key that signs now; raises KeyFileUnusable."""
        return next(key for kept, key in self._keys() if kept.signs)

    def published(self) -> tuple[OKPKey, ...]:
        """Return the public keys by which permits may be believed now, the signing one first."""
        now = self._clock()
        kept = sorted(self._keys(), key=lambda each: not each[0].signs)
        return tuple(public_key(key) for each, key in kept if each.is_published_at(now))

    def _keys(self) -> tuple[tuple[KeptKey, OKPKey], ...]:
        try:
            told = self._path.stat()
        except FileNotFoundError:
            raise KeyFileUnusable(f"{self._path} is gone; restore it from a backup.") from None
        signature = (told.st_ino, told.st_mtime_ns, told.st_size)
        seen = self._seen
        if seen is None or seen[0] != signature:
            seen = self._seen = (signature, tuple((kept, kept.key()) for kept in _read(self._path)))
        return seen[1]


class FixedKeys:
    """The keys that the environment gave, the first of which signs."""

    def __init__(self, document: str) -> None:
        try:
            keys = [OKPKey.import_key(each) for each in json.loads(document)["keys"]]
            usable = bool(keys) and keys[0].is_private and all(key.curve_name == "Ed25519" for key in keys)
        except (JoseError, ValueError, TypeError, KeyError):
            usable = False
        if not usable:
            raise KeyFileUnusable(
                'LTL_PERMIT_KEYS is no JSON Web Key Set of Ed25519 keys ({"keys": […]}) whose first one is private.'
            )
        self._signing = keys[0]
        self._published = tuple(public_key(key) for key in keys)

    def signing(self) -> OKPKey:
        """Return the private key that signs."""
        return self._signing

    def published(self) -> tuple[OKPKey, ...]:
        """Return every key that was given, without private halves."""
        return self._published


def permit_keys(settings: Settings) -> PermitKeys:
    """Return the keys that the settings say; raises KeyFileUnusable."""
    if settings.permit_keys is not None:
        return FixedKeys(settings.permit_keys.get_secret_value())
    return FileKeys(settings.directory, clock=lambda: datetime.now(UTC))


def listed(directory: Path) -> tuple[KeptKey, ...]:
    """Return every key that there ever was, the newest first; raises KeyFileUnusable."""
    path = directory / PERMIT_KEY_FILE
    if not path.exists():
        return ()
    return tuple(reversed(_read(path)))


def rotate(directory: Path, *, lifetime: timedelta, now: datetime) -> str:
    """Make a new key that signs from now on, and return its id; the one before stays published until the last permit
    that it signed has expired. Raises KeyFileUnusable."""
    path = directory / PERMIT_KEY_FILE
    _make(path, now=now)
    with _alone(path):
        fresh = _fresh(now)
        _write(path, (*(_replaced(kept, lifetime=lifetime, now=now) for kept in _read(path)), fresh))
        return key_id(fresh.key())


def withdraw(directory: Path, kid: str, *, now: datetime) -> bool:
    """Stop believing everything that this key signed, at once; where it still signs, a new one takes its place.

    Returns False where there is no such key, or it was withdrawn before. Raises KeyFileUnusable.
    """
    path = directory / PERMIT_KEY_FILE
    if not path.exists():
        return False
    with _alone(path):
        kept = _read(path)
        found = next((each for each in kept if key_id(each.key()) == kid and each.withdrawn_at is None), None)
        if found is None:
            return False
        gone = found.model_copy(update={"withdrawn_at": now, "jwk": _public(found)})
        others = tuple(gone if each is found else each for each in kept)
        _write(path, (*others, _fresh(now)) if found.signs else others)
        return True


def _replaced(kept: KeptKey, *, lifetime: timedelta, now: datetime) -> KeptKey:
    if not kept.signs:
        return kept
    return kept.model_copy(update={"retires_at": now + lifetime + _GRACE, "jwk": _public(kept)})


def _public(kept: KeptKey) -> dict[str, Any]:
    return dict(public_key(kept.key()).as_dict(private=False))


def _fresh(now: datetime) -> KeptKey:
    return KeptKey(jwk=dict(OKPKey.generate_key("Ed25519").as_dict(private=True)), made_at=now)


def _make(path: Path, *, now: datetime) -> None:
    """Make the file with a first key, unless another process was first."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path, (_fresh(now),))
    try:
        # A link, unlike a rename, never takes the place of a file that is there already.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


def _write(path: Path, kept: tuple[KeptKey, ...]) -> None:
    """Put the file in the place of the old one, whole."""
    draft = _draft(path, kept)
    try:
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


def _draft(path: Path, kept: tuple[KeptKey, ...]) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_Book(keys=kept).model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    return draft


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time change the file: two rotations at once would lose a key."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> tuple[KeptKey, ...]:
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise KeyFileUnusable(f"{path} is not a file; move it away and restore the keys from a backup.")
    if mode & 0o077:
        raise KeyFileUnusable(f"Others can read the permit keys {path}; run: chmod 600 {path}")
    try:
        kept = _Book.model_validate_json(path.read_text(encoding="utf-8")).keys
        usable = [each.key() for each in kept] and sum(each.signs for each in kept) == 1
    except (ValidationError, JoseError, ValueError, TypeError, KeyError):
        usable = False
    if not usable:
        # Without the error that found it: that would quote what the file holds.
        raise KeyFileUnusable(
            f"{path} does not hold the keys of permits with one that signs; restore it from a backup, or delete it "
            "to start with a new key (permits handed out so far are then believed by nobody)."
        )
    return kept
