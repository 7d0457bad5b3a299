"""How does one seal of the audit record hang on the one before, and what does a checkpoint state?"""

# A seal is: position, source, key, digest of the entry, and the digest of the chain up to here. Everything is
# SHA-256 over RFC 8785 JSON, so that `docs/verify_ledger.py` can do it again with the standard library alone.

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from readiness.canonical import canonical_json
from readiness.values import Frozen, Moment

GENESIS = "0" * 64
"""What the first seal hangs on."""

NOTHING = "0" * 64
"""The digest under which a row is sealed that was gone before its turn came."""

_NOT_ASTRAL = "\ud7ff"
_sorted = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_quoted = json.JSONEncoder(ensure_ascii=False).encode


class FaultKind(StrEnum):
    """What is wrong with an entry, a seal or a checkpoint."""

    TAMPERED = "tampered"
    """The entry, or its seal, is not what was sealed."""
    REMOVED = "removed"
    """An entry, or a seal between others, is gone."""
    REORDERED = "reordered"
    """Seals have changed places."""
    INSERTED = "inserted"
    """A row is there that was neither sealed nor waits to be."""
    UNSEALED = "unsealed"
    """A row waits to be sealed for longer than it may."""
    CUT = "cut"
    """A checkpoint states more than is there: the end is gone."""
    REWRITTEN = "rewritten"
    """The chain is whole but not the one that a checkpoint states: it was written anew."""
    CHECKPOINT_FORGED = "checkpoint-forged"
    """A checkpoint is not signed by the ledger's key, or its row says something else than what was signed."""
    CHECKPOINT_MISSING = "checkpoint-missing"
    """A checkpoint lies in the database or outside it, but not in both."""


class Fault(Frozen):
    """One thing that is wrong, and where: at a position, or somewhere from `position` to `until`."""

    kind: FaultKind
    position: int | None = None
    until: int | None = None
    source: str = ""
    key: str = ""
    says: str

    @property
    def sentence(self) -> str:
        """The fault in a line for people."""
        where = "" if self.position is None else f" at {self.position}"
        reach = "" if self.until is None else f" to {self.until}"
        what = f" {self.source} {self.key}".rstrip()
        return f"{self.kind.value}{where}{reach}{what}: {self.says}"


class Statement(Frozen):
    """What a checkpoint says, and is signed for: how far the chain reaches, and with which entries."""

    position: int = Field(ge=0)
    chain: str
    counts: dict[str, int]
    at: Moment


def entry_bytes(entry: Mapping[str, Any]) -> bytes:
    """Return the canonical JSON of an entry (RFC 8785); fractions are written as Python writes them.

    Raises TypeError and ValueError for what is no JSON.
    """
    text = _sorted(entry)
    # The C encoder sorts names by code points, the standard by UTF-16: they differ beyond the surrogates only.
    if text.isascii() or max(text) <= _NOT_ASTRAL:
        return text.encode("utf-8")
    return canonical_json(entry)


def entry_digest(entry: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an entry's canonical JSON, in hex; raises as `entry_bytes`."""
    return hashlib.sha256(entry_bytes(entry)).hexdigest()


def link(previous: str, position: int, source: str, key: str, digest: str) -> str:
    """Return the digest of the chain up to and with a seal that hangs on `previous`."""
    hung = f'{previous}[{position},"{source}",{_quoted(key)},"{digest}"]'
    return hashlib.sha256(hung.encode("utf-8", "surrogatepass")).hexdigest()


def name_digest(salt: str, name: str) -> str:
    """Return what an entry says of a printed name: who has both can prove it, others learn nothing."""
    return hashlib.sha256(f"{salt}:{name}".encode()).hexdigest()
