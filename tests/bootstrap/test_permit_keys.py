"""Do the keys of permits change hands without a permit that nobody believes, or one that should not be believed?"""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from api.identity import key_id
from bootstrap.keys import KEY_FILE, KeyFileUnusable, signing_key
from bootstrap.permit_keys import PERMIT_KEY_FILE, FileKeys, FixedKeys, listed, permit_keys, rotate, withdraw
from bootstrap.settings import Settings

LIFETIME = timedelta(minutes=15)


class Now:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = datetime(2027, 3, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the moment that was set."""
        return self.at


@pytest.fixture
def now() -> Now:
    """A clock."""
    return Now()


def ids(keys: FileKeys) -> list[str]:
    """Return the keys that are published."""
    return [key_id(key) for key in keys.published()]


def test_the_first_key_is_made_on_first_use_for_its_owner_only(tmp_path: Path, now: Now) -> None:
    """It is not the key of the tokens, and a second process finds the same."""
    keys = FileKeys(tmp_path / "new", clock=now)
    file = tmp_path / "new" / PERMIT_KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ids(FileKeys(tmp_path / "new", clock=now)) == ids(keys) == [key_id(keys.signing())]
    assert not any(key.is_private for key in keys.published())
    assert key_id(signing_key(tmp_path / "new")) not in ids(keys)
    assert {each.name for each in (tmp_path / "new").iterdir()} == {PERMIT_KEY_FILE, KEY_FILE}


def test_two_that_come_first_at_once_agree(tmp_path: Path, now: Now) -> None:
    """However many web processes start at once."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: key_id(FileKeys(tmp_path, clock=now).signing()), range(32)))
    assert len(set(found)) == 1
    assert [each.name for each in tmp_path.iterdir()] == [PERMIT_KEY_FILE]


def test_a_rotation_counts_at_once_and_keeps_the_old_key_published_until_its_last_permit_expired(
    tmp_path: Path, now: Now
) -> None:
    """In every process that runs, without a restart; the private half of the old key is gone from the file."""
    running = FileKeys(tmp_path, clock=now)
    (old,) = ids(running)
    new = rotate(tmp_path, lifetime=LIFETIME, now=now.at)
    assert key_id(running.signing()) == new
    assert ids(running) == [new, old]
    document = json.loads((tmp_path / PERMIT_KEY_FILE).read_text(encoding="utf-8"))
    assert ["d" in each["jwk"] for each in document["keys"]] == [False, True]
    now.at += LIFETIME + timedelta(seconds=59)
    assert ids(running) == [new, old]
    now.at += timedelta(seconds=1)
    assert ids(running) == [new]
    assert [each.state_at(now.at) for each in listed(tmp_path)] == ["signs", "retired"]


def test_a_withdrawn_key_is_believed_by_nobody_from_now_on(tmp_path: Path, now: Now) -> None:
    """The one that signs is replaced in the same step; an old one just goes."""
    running = FileKeys(tmp_path, clock=now)
    (first,) = ids(running)
    assert withdraw(tmp_path, first, now=now.at)
    (second,) = ids(running)
    assert second == key_id(running.signing()) != first
    third = rotate(tmp_path, lifetime=LIFETIME, now=now.at)
    assert withdraw(tmp_path, second, now=now.at)
    assert ids(running) == [third]
    assert not withdraw(tmp_path, second, now=now.at)
    assert not withdraw(tmp_path, "nobody's", now=now.at)
    assert [each.state_at(now.at) for each in listed(tmp_path)] == ["signs", "withdrawn", "withdrawn"]


def test_rotations_at_once_lose_no_key(tmp_path: Path, now: Now) -> None:
    """Each makes one, and one signs in the end."""
    running = FileKeys(tmp_path, clock=now)
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: rotate(tmp_path, lifetime=LIFETIME, now=now.at), range(16)))
    assert len(made) == 16
    assert made < set(ids(running))
    assert sum(each.signs for each in listed(tmp_path)) == 1


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"keys": []}', '{"keys": [{"jwk": {}, "made_at": "2027-03-02T00:00:00Z"}]}', "\x00"],
    ids=["empty", "half", "a list", "no key", "a bad key", "bytes"],
)
def test_a_damaged_file_is_reported_and_left_alone(content: str, tmp_path: Path, now: Now) -> None:
    """Nothing of it is repeated, and no new key takes its place by itself."""
    file = tmp_path / PERMIT_KEY_FILE
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    for use in (
        lambda: FileKeys(tmp_path, clock=now).signing(),
        lambda: rotate(tmp_path, lifetime=LIFETIME, now=now.at),
        lambda: listed(tmp_path),
    ):
        with pytest.raises(KeyFileUnusable, match="restore it from a backup"):
            use()
    assert file.read_text(encoding="utf-8") == content


def test_a_file_that_others_can_read_signs_nothing(tmp_path: Path, now: Now) -> None:
    """Until its owner has seen to it."""
    keys = FileKeys(tmp_path, clock=now)
    (tmp_path / PERMIT_KEY_FILE).chmod(0o640)
    with pytest.raises(KeyFileUnusable, match="chmod 600"):
        FileKeys(tmp_path, clock=now).signing()
    (tmp_path / PERMIT_KEY_FILE).unlink()
    with pytest.raises(KeyFileUnusable, match="is gone"):
        keys.signing()


def test_keys_of_the_environment_come_before_the_file(tmp_path: Path) -> None:
    """Several machines agree, the first key signs, and no file is made."""
    first, second = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
    document = json.dumps({"keys": [first.as_dict(private=True), second.as_dict(private=False)]})
    keys = permit_keys(Settings(directory=tmp_path, permit_keys=document))  # type: ignore[arg-type]  # pydantic reads it.
    assert isinstance(keys, FixedKeys)
    assert key_id(keys.signing()) == key_id(first)
    assert [key_id(key) for key in keys.published()] == [key_id(first), key_id(second)]
    assert not any(key.is_private for key in keys.published())
    assert list(tmp_path.iterdir()) == []
    assert str(first.as_dict(private=True)["d"]) not in repr(Settings(directory=tmp_path, permit_keys=document))  # type: ignore[arg-type]  # As above.
