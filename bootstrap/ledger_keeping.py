"""How is the audit record sealed, signed, kept outside the database and verified?"""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from bootstrap.keys import signing_key
from bootstrap.settings import Settings
from readiness.canonical import canonical_json
from readiness.sealing import Statement
from store.alarms import AlarmKind, sound_within
from store.checkpoints import keep_checkpoint, keep_report, last_intact, next_statement, signed_checkpoints
from store.engine import Store
from store.seal_checks import Report, verify
from store.seals import seal_all

KEY_FILE = "ledger-key.json"
"""The private key of the ledger, in the data directory."""

CHECKPOINT_FILE = "ledger-checkpoints.jws"
"""One checkpoint a line, each a compact JWS; only ever appended to."""

ALGORITHM = "Ed25519"
STATEMENT_TYPE = "ltl-checkpoint+jws"

_log = logging.getLogger("learn_then_launch.ledger")


class Keeper:
    """Whoever seals and verifies the record of one installation."""

    def __init__(self, store: Store, key: OKPKey, directory: Path) -> None:
        self._store = store
        self._key = key
        self._file = directory / CHECKPOINT_FILE

    def turn(self, *, at_once: bool = False) -> int:
        """Seal what waits and write a checkpoint where one is due, or `at_once`; return how many rows were taken.

        Raises StoreAway, and OSError where the place outside the database cannot be written.
        """
        taken = seal_all(self._store)
        with self._store.reading() as tx:
            statement = next_statement(tx, now=self._store.now(tx), at_once=at_once)
        if statement is None:
            return taken
        signed = self.sign(statement)
        with self._store.writing() as tx:
            if not keep_checkpoint(tx, statement, signed):
                return taken
            # It lies outside before it counts inside: what the database states, somebody else can hold it to.
            self._append([signed])
        _log.info("ledger checkpoint %s", signed)
        return taken

    def verify(self, *, whole: bool) -> Report:
        """Verify the whole record, or what came after the last checkpoint that was; note it, and sound an alarm."""
        outside = self.outside()
        with self._store.reading() as tx:
            now = self._store.now(tx)
            since = None if whole else last_intact(tx)
            report = verify(tx, self.read, outside, now=now, since=since)
        with self._store.writing() as tx:
            keep_report(tx, report, now=now)
            if report.faults:
                more = f" ({report.faults_found} faults in all)" if report.faults_found > 1 else ""
                detail = f"{report.faults[0].sentence}{more}"
                sound_within(tx, AlarmKind.LEDGER_BROKEN, None, detail[:500], now=now)
        for fault in report.faults:
            _log.error("the audit record is at fault: %s", fault.sentence)
        return report

    def verify_at_start(self) -> Report:
        """Verify what came after the last checkpoint that was verified before, or the whole where none was."""
        return self.verify(whole=False)

    def sign(self, statement: Statement) -> str:
        """Return the statement as a compact JWS."""
        header = {"alg": ALGORITHM, "kid": self._key.thumbprint(), "typ": STATEMENT_TYPE}
        payload = canonical_json(statement.model_dump(mode="json"))
        return jws.serialize_compact(header, payload, self._key, algorithms=[ALGORITHM])

    def read(self, signed: str) -> Statement | None:
        """Return what a checkpoint states; None unless this ledger's key signed it."""
        return read_statement(signed, self._key)

    def outside(self) -> Sequence[str] | None:
        """Return the checkpoints that are kept outside the database; none where there is no file of them."""
        if not self._file.exists():
            return ()
        return [line for line in self._file.read_text(encoding="utf-8", errors="replace").splitlines() if line]

    def copy_out(self) -> int:
        """Write every checkpoint of the database that is missing outside; return how many were.

        For a new place, or after a loss: whoever does this says that the database is right.
        """
        there = set(self.outside() or ())
        with self._store.reading() as tx:
            missing = [signed for signed in signed_checkpoints(tx) if signed not in there]
        self._append(missing)
        return len(missing)

    def public_keys(self) -> dict[str, Any]:
        """Return the public half of the ledger's key as a JWKS (RFC 7517)."""
        return jwks_of(self._key)

    def _append(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())


def keeper_of(settings: Settings, store: Store) -> Keeper:
    """Return the keeper of this installation's record; raises KeyFileUnusable."""
    return Keeper(store, ledger_key(settings), settings.checkpoints)


def ledger_key(settings: Settings) -> OKPKey:
    """Return the key that signs checkpoints, made on first use; raises KeyFileUnusable."""
    return signing_key(settings.directory, KEY_FILE)


def jwks_of(key: OKPKey) -> dict[str, Any]:
    """Return the public half of a key as a JWKS."""
    return {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint(), "alg": ALGORITHM, "use": "sig"}]}


def read_statement(signed: str, key: OKPKey) -> Statement | None:
    """Return what a checkpoint states; None unless `key` signed it, as a checkpoint."""
    try:
        found = jws.deserialize_compact(signed.encode("ascii"), key, algorithms=[ALGORITHM])
        if found.headers().get("typ") != STATEMENT_TYPE:
            return None
        return Statement.model_validate(json.loads(found.payload))
    except (JoseError, ValidationError, ValueError, TypeError, UnicodeError):
        return None
