"""Is the key that seals secrets made once, kept from others, and never replaced?"""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bootstrap.keys import KeyFileUnusable
from bootstrap.sealing import SEAL_FILE, box_of
from bootstrap.settings import Settings
from store.sealing import SealBroken


def settings(directory: Path, key: str | None = None) -> Settings:
    """Return the settings of an installation, with a key of the environment where one is given."""
    return Settings(directory=directory, secrets_key=None if key is None else SecretStr(key))


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    """What one process seals another opens, and nobody else can read the key."""
    sealed = box_of(settings(tmp_path)).seal("whsec_secret")
    assert "secret" not in sealed
    assert box_of(settings(tmp_path)).open(sealed) == "whsec_secret"
    assert (tmp_path / SEAL_FILE).stat().st_mode & 0o777 == 0o600


def test_a_key_file_that_others_can_read_is_reported(tmp_path: Path) -> None:
    """The message says what to do; nothing is changed."""
    box_of(settings(tmp_path))
    (tmp_path / SEAL_FILE).chmod(0o644)
    with pytest.raises(KeyFileUnusable, match="chmod 600"):
        box_of(settings(tmp_path))


def test_a_damaged_key_file_is_reported_and_never_replaced(tmp_path: Path) -> None:
    """A new key would open nothing that was sealed with the old one."""
    box_of(settings(tmp_path))
    (tmp_path / SEAL_FILE).write_text("damaged")
    with pytest.raises(KeyFileUnusable, match="restore it"):
        box_of(settings(tmp_path))
    assert (tmp_path / SEAL_FILE).read_text() == "damaged"


def test_keys_of_the_environment_change_without_losing_what_was_sealed(tmp_path: Path) -> None:
    """The newest seals, and each of them opens; without the old one it is broken, and says what to do."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = box_of(settings(tmp_path, old)).seal("whsec_secret")
    assert box_of(settings(tmp_path, f"{new}, {old}")).open(sealed) == "whsec_secret"
    with pytest.raises(SealBroken, match="rotate"):
        box_of(settings(tmp_path, new)).open(sealed)
    assert not (tmp_path / SEAL_FILE).exists()


@pytest.mark.parametrize("key", ["short", ",", "!" * 44])
def test_a_key_that_is_none_is_refused_without_being_shown(tmp_path: Path, key: str) -> None:
    """The message names the setting and not its value."""
    with pytest.raises(ValueError, match="LTL_SECRETS_KEY") as refused:
        box_of(settings(tmp_path, key))
    assert key not in str(refused.value) or key == ","


def test_a_box_is_printed_without_its_keys(tmp_path: Path) -> None:
    """Whatever is logged with it in it holds no key."""
    key = Fernet.generate_key().decode()
    assert key not in repr(box_of(settings(tmp_path, key)))
