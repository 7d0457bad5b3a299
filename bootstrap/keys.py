"""Where is the key with which this installation signs its tokens?"""

# One file in the data directory, readable by its owner only, made on first use. A damaged or exposed file is
# reported, never replaced: a new key would silently end every token that people hold.

import hashlib
import hmac
import json
import os
import secrets
import stat
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

KEY_FILE = "issuer-key.json"
"""The file's name in the data directory: a private JWK (RFC 8037), curve Ed25519."""

_OWNER_ONLY = 0o600


class KeyFileUnusable(Exception):  # noqa: N818 - named as what is wrong with the file.
    """The key file is damaged or others can read it; the message says what to do."""


def signing_key(directory: Path, file: str = KEY_FILE) -> OKPKey:
    """Return the installation's Ed25519 signing key of that name, made on first use.

    Of two processes that come first at once, one makes the key and both return it. Raises KeyFileUnusable.
    """
    path = directory / file
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path)
    return _load(path)


def derived_key(key: OKPKey, purpose: str) -> bytes:
    """Return the 32 bytes that `key` makes for `purpose`: each purpose has its own, and none tells of the key."""
    secret = str(key.as_dict(private=True)["d"]).encode("ascii")
    return hmac.new(secret, f"learn-then-launch {purpose}".encode(), hashlib.sha256).digest()


def _create(path: Path) -> None:
    """Write a new key beside `path`, then give it that name unless another process was first."""
    key = OKPKey.generate_key("Ed25519")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(key.as_dict(private=True), file)
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link, unlike a rename, never takes the place of a key that is there already.
            os.link(draft, path)
        except FileExistsError:
            return
        _sync_directory(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _load(path: Path) -> OKPKey:
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise KeyFileUnusable(f"{path} is not a file; move it away and restore the key from a backup.")
    if mode & 0o077:
        raise KeyFileUnusable(f"Others can read the signing key {path}; run: chmod 600 {path}")
    try:
        key = OKPKey.import_key(json.loads(path.read_text(encoding="utf-8")))
        usable = key.is_private and key.curve_name == "Ed25519"
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise _damaged(path) from fault
    if not usable:
        raise _damaged(path)
    return key


def _damaged(path: Path) -> KeyFileUnusable:
    return KeyFileUnusable(
        f"{path} does not hold an Ed25519 private key; restore it from a backup, or delete it to start with a new "
        "key (every token handed out so far then ends)."
    )
