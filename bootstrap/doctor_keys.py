"""Can this installation sign what it has to, with the keys that it signed with before?"""

# Nothing is made here: a key that is missing comes into being with the first start, and one that was lost must not be
# replaced without anybody having said so.

from bootstrap.doctor import Finding
from bootstrap.keys import KeyFileUnusable
from bootstrap.ledger_keeping import CHECKPOINT_FILE, KEY_FILE, ledger_key, read_statement
from bootstrap.permit_keys import PERMIT_KEY_FILE, FixedKeys, listed
from bootstrap.settings import Settings

_FIRST_START = "not made yet: the first start does"
_RESTORE = "Restore it from a backup; without it no earlier checkpoint can be proved to be ours."


def permit_keys_finding(settings: Settings) -> Finding:
    """Say whether permits can be signed, and with which key."""
    about = "permit keys"
    try:
        if settings.permit_keys is not None:
            given = FixedKeys(settings.permit_keys.get_secret_value())
            return Finding(about, True, f"{given.signing().thumbprint()} signs, {len(given.published())} published")
        kept = listed(settings.directory)
    except KeyFileUnusable as error:
        return Finding(about, False, str(error), "Until then no permit is signed, and none is believed.")
    except OSError as error:
        says = f"{settings.directory / PERMIT_KEY_FILE} cannot be read: {error.strerror}"
        return Finding(about, False, says, "Let the processes of this installation own it.")
    signing = next((each for each in kept if each.signs), None)
    if signing is None:
        return Finding(about, True, _FIRST_START)
    return Finding(about, True, f"{signing.key().thumbprint()} signs since {signing.made_at:%Y-%m-%d}")


def ledger_key_finding(settings: Settings) -> Finding:
    """Say whether checkpoints can be signed, and whether the last one outside the database bears this key."""
    about = "ledger key"
    path, outside = settings.directory / KEY_FILE, settings.checkpoints / CHECKPOINT_FILE
    try:
        written = outside.read_text(encoding="utf-8", errors="replace").splitlines() if outside.exists() else []
        if not path.exists():
            if written:
                return Finding(about, False, f"There is no {path}, yet it has signed {outside}.", _RESTORE)
            return Finding(about, True, _FIRST_START)
        key = ledger_key(settings)
    except KeyFileUnusable as error:
        return Finding(about, False, str(error), _RESTORE)
    except OSError as error:
        says = f"{error.filename} cannot be read: {error.strerror}"
        return Finding(about, False, says, "Let the processes of this installation own it.")
    if written and read_statement(written[-1], key) is None:
        return Finding(about, False, f"The last checkpoint of {outside} was not signed with {path}.", _RESTORE)
    signed = ", and has signed the last checkpoint" if written else ""
    return Finding(about, True, f"{key.thumbprint()} signs{signed}")
