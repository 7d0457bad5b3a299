"""Is the signing key made once, kept safe and never replaced?"""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, OKPKey

from api.identity import key_id, public_key
from bootstrap.keys import KEY_FILE, KeyFileUnusable, signing_key


def test_the_key_is_made_on_first_use_and_kept(tmp_path: Path) -> None:
    """The first use makes a private Ed25519 key for its owner only; every later use finds the same."""
    folder = tmp_path / "new" / "data"
    key = signing_key(folder)
    assert (key.is_private, key.curve_name) == (True, "Ed25519")
    assert key_id(signing_key(folder)) == key_id(key)
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == [KEY_FILE]


def test_two_that_come_first_at_once_get_one_key(tmp_path: Path) -> None:
    """However many processes start at once, they agree on one key and leave nothing behind."""
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: key_id(signing_key(tmp_path)), range(32)))
    assert len(set(keys)) == 1
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"kty": "OKP"}',
        json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False)),
        json.dumps(OKPKey.generate_key("X25519").as_dict(private=True)),
        json.dumps(ECKey.generate_key("P-256").as_dict(private=True)),
        "\ufffd\x00",
    ],
    ids=["empty", "half", "a list", "null", "no key", "public", "of X25519", "of P-256", "bytes"],
)
def test_a_damaged_key_is_reported_and_left_alone(content: str, tmp_path: Path) -> None:
    """A file that holds no private Ed25519 key is an error that says what to do, and is not overwritten."""
    file = tmp_path / KEY_FILE
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(KeyFileUnusable, match="restore it from a backup"):
        signing_key(tmp_path)
    assert file.read_text(encoding="utf-8") == content


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """A key that somebody may have copied signs nothing until its owner has seen to it."""
    signing_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(KeyFileUnusable, match="chmod 600"):
        signing_key(tmp_path)


def test_a_folder_in_place_of_the_key_is_refused(tmp_path: Path) -> None:
    """Something that is no file is reported as that."""
    os.mkdir(tmp_path / KEY_FILE, 0o700)  # noqa: PTH102 - Path.mkdir has no simpler way to a mode without umask.
    with pytest.raises(KeyFileUnusable, match="is not a file"):
        signing_key(tmp_path)


def test_the_public_half_holds_no_secret(tmp_path: Path) -> None:
    """What verifies tokens cannot make them, and goes by the same id."""
    key = signing_key(tmp_path)
    public = public_key(key)
    assert not public.is_private
    assert "d" not in public.as_dict()
    assert key_id(public) == key_id(key)
