"""With which key are the secrets of webhooks sealed?"""

# From the environment in production; otherwise one file in the data directory, readable by its owner only, made on
# first use. A damaged or exposed file is reported, never replaced: a new key would open nothing.

import os
import secrets
import stat
from pathlib import Path

from cryptography.fernet import Fernet

from bootstrap.keys import KeyFileUnusable
from bootstrap.settings import Settings
from store.sealing import Box

SEAL_FILE = "secrets-key"
"""The file's name in the data directory: a Fernet key."""


def box_of(settings: Settings) -> Box:
    """Return the box that seals and opens; raises KeyFileUnusable, and ValueError for a key that is none."""
    if settings.secrets_key is not None:
        keys = [key.strip() for key in settings.secrets_key.get_secret_value().split(",") if key.strip()]
        try:
            return Box(keys)
        except ValueError:
            raise ValueError("LTL_SECRETS_KEY takes keys of 32 bytes in URL-safe base64, commas between") from None
    return Box([_kept_key(settings.directory)])


def _kept_key(directory: Path) -> str:
    path = directory / SEAL_FILE
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(path)
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise KeyFileUnusable(f"Others can read the key {path}, or it is not a file; run: chmod 600 {path}")
    key = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        Fernet(key)
    except ValueError:
        raise KeyFileUnusable(
            f"{path} does not hold a key; restore it from a backup, or delete it and rotate each webhook's secret."
        ) from None
    return key


def _make(path: Path) -> None:
    """Write a new key beside `path`, then give it that name unless another process was first."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(Fernet.generate_key().decode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
