"""Is an export of the audit record what was sealed and signed, as far as anybody can tell without the server?"""

# One file, standard library alone. With the package `cryptography` it checks the signatures of checkpoints too; it
# says so where it could not. Run: python verify_ledger.py EXPORT.ndjson [--keys KEYS.json] [--checkpoints FILE]

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
FORMAT = "ltl-ledger-1"
STATEMENT_TYPE = "ltl-checkpoint+jws"
MOST_TOLD = 50


def canonical(value: Any) -> bytes:
    """Return the canonical JSON of a value (RFC 8785); fractions as Python writes them."""
    return _rendered(value).encode("utf-8")


def _rendered(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_rendered(name)}:{_rendered(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_rendered(item) for item in value) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` in hex."""
    return hashlib.sha256(content).hexdigest()


def verify(lines: Iterator[str], outside: list[str], signed: Callable[[str], bool] | None) -> tuple[list[str], str]:
    """Return what is wrong, line by line, and a sentence about what was verified."""
    faults: list[str] = []
    first = _read(next(lines, ""))
    if not isinstance(first, dict) or first.get("format") != FORMAT:
        return ["line 1: this is no export of the audit record"], "Nothing was verified."
    complete = first.get("complete") is True
    chain, position, count, ended, withheld = GENESIS, 0, 0, False, 0
    chains: dict[int, str] = {}
    stated: list[tuple[str, str]] = [(f"outside line {at}", line) for at, line in enumerate(outside, start=1)]
    for number, text in enumerate(lines, start=2):
        line = _read(text)
        where = f"line {number}"
        if not isinstance(line, dict) or ended:
            faults.append(f"{where}: it is not a line of an export, or comes behind its end")
        elif "checkpoint" in line:
            stated.append((where, str(line["checkpoint"])))
        elif "end" in line:
            ended = True
            if line["end"] != count:
                faults.append(f"{where}: the export had {line['end']} entries, here are {count}")
        else:
            count += 1
            withheld += "withheld" in line
            where = f"{where}, entry {line.get('position')}"
            faults.extend(f"{where}: {fault}" for fault in _entry_faults(line))
            if complete and line.get("position") != position + 1:
                faults.append(f"{where}: {position + 1} was to come here; entries are missing or have changed places")
            if complete and _link(chain, line) != line.get("chain"):
                faults.append(f"{where}: it does not hang on the entry before")
            position, chain = line.get("position", 0), str(line.get("chain"))
            chains[position] = chain
    if not ended:
        faults.append("the last line is missing: the export was cut off")
    if complete and first.get("until") != position:
        faults.append(f"the export was to reach {first.get('until')}, it reaches {position}")
    checked = _checkpoints(stated, chains, faults, signed, complete=complete, until=position)
    what = "The record" if complete else "A part of the record (entries by themselves, not that none is missing)"
    unsigned = "" if signed else " Signatures were NOT verified: give --keys and install `cryptography`."
    kept = f" {withheld} withheld." if withheld else ""
    return faults, f"{what}: {count} entries, {checked} checkpoints.{kept}{unsigned}"


def _entry_faults(line: dict[str, Any]) -> Iterator[str]:
    entry = line.get("entry")
    if isinstance(entry, dict):
        try:
            if sha256(canonical(entry)) != line.get("digest"):
                yield "it is not what was sealed"
        except (ValueError, TypeError):
            yield "it cannot be read"
        name = line.get("name")
        if isinstance(name, dict) and isinstance(entry.get("name_digest"), str):
            proof = sha256(f"{name.get('salt') or ''}:{name.get('name')}".encode("utf-8", "surrogatepass"))
            if proof != entry["name_digest"]:
                yield "the name is not the one that was printed"
    elif "withheld" not in line:
        yield "its row is gone or cannot be read"


def _link(previous: str, line: dict[str, Any]) -> str:
    hung = canonical([line.get(name) for name in ("position", "source", "key", "digest")])
    return sha256(previous.encode("utf-8", "surrogatepass") + hung)


def _checkpoints(
    stated: list[tuple[str, str]],
    chains: dict[int, str],
    faults: list[str],
    signed: Callable[[str], bool] | None,
    *,
    complete: bool,
    until: int,
) -> int:
    checked = 0
    for where, token in stated:
        statement = _statement(token)
        if statement is None or (signed is not None and not signed(token)):
            faults.append(f"{where}: the checkpoint is not signed by the ledger's key")
            continue
        position = statement.get("position")
        if position in chains:
            checked += 1
            if chains[position] != statement.get("chain"):
                faults.append(f"{where}: the record up to {position} is not the one that the checkpoint states")
        elif complete:
            faults.append(f"{where}: the checkpoint states {position} entries, here are {until}: the end was cut off")
    return checked


def _statement(token: str) -> dict[str, Any] | None:
    try:
        header, payload, _ = token.split(".")
        if json.loads(_decoded(header)).get("typ") != STATEMENT_TYPE:
            return None
        statement = json.loads(_decoded(payload))
    except (ValueError, AttributeError):
        return None
    return statement if isinstance(statement, dict) else None


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def signature_check(keys: Path) -> Callable[[str], bool] | None:
    """Return what says whether one of the keys of a JWKS signed a token; None without the package that can."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return None
    known = [
        Ed25519PublicKey.from_public_bytes(_decoded(key["x"]))
        for key in json.loads(keys.read_text(encoding="utf-8"))["keys"]
        if key.get("crv") == "Ed25519"
    ]

    def signed(token: str) -> bool:
        content, _, signature = token.rpartition(".")
        for key in known:
            try:
                key.verify(_decoded(signature), content.encode("ascii", "replace"))
            except (InvalidSignature, ValueError):
                continue
            return True
        return False

    return signed


def main(words: list[str]) -> int:
    """Verify what the command line names and say what was found; 0 intact, 1 not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("export", type=Path, help="an export of the audit record, as NDJSON")
    parser.add_argument("--keys", type=Path, help="the public keys of the ledger, a JWKS from /v1/ledger/keys")
    parser.add_argument("--checkpoints", type=Path, help="checkpoints kept elsewhere, one a line")
    asked = parser.parse_args(words)
    outside = asked.checkpoints.read_text(encoding="utf-8").split() if asked.checkpoints else []
    with asked.export.open(encoding="utf-8", errors="surrogateescape") as lines:
        faults, summary = verify(iter(lines), outside, signature_check(asked.keys) if asked.keys else None)
    for fault in faults[:MOST_TOLD]:
        print(fault)
    if len(faults) > MOST_TOLD:
        print(f"… and {len(faults) - MOST_TOLD} more.")
    print(summary, "NOT INTACT." if faults else "Intact.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
