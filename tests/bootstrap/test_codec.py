"""Is what passes through Temporal sealed, and still read after the keys have changed?"""

import base64
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from bootstrap.codec import (
    ENCODING,
    KEY_ID,
    PayloadKeysUnusable,
    PayloadSealed,
    SealingCodec,
    converter,
    payload_keys,
)
from bootstrap.settings import Settings

# Always the same ones: what is tried must be called the same in every process that collects these tests.
OLD, NEW = "old:" + "b2xk" * 10 + "b2w=", "new:" + "bmV3" * 10 + "bmU="
CANARY = b"canary-7f3a"


def codec(*keys: str) -> SealingCodec:
    """Return the codec with these keys, the newest first."""
    return SealingCodec(payload_keys(",".join(keys)))


@given(data=st.binary(max_size=500), encoding=st.sampled_from([b"json/plain", b"binary/plain", b""]))
async def test_what_is_sealed_is_opened_as_it_was(data: bytes, encoding: bytes) -> None:
    """Any payload comes back byte by byte, with what it said of itself."""
    payload = Payload(metadata={"encoding": encoding}, data=data)
    (sealed,) = await codec(NEW).encode([payload])
    assert await codec(NEW).decode([sealed]) == [payload]


async def test_a_sealed_payload_tells_its_key_and_nothing_else() -> None:
    """Neither the words nor their kind can be read, and the same words never look the same."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=CANARY)
    first, second = await codec(NEW, OLD).encode([payload, payload])
    assert dict(first.metadata) == {"encoding": ENCODING, KEY_ID: b"new"}
    assert CANARY not in first.SerializeToString()
    assert first.data != second.data


async def test_a_new_key_seals_and_an_old_one_still_opens() -> None:
    """Rotation needs no pause: put the new key first, and take the old one away when nothing needs it."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=CANARY)
    (before,) = await codec(OLD).encode([payload])
    (after,) = await codec(NEW, OLD).encode([payload])
    assert await codec(NEW, OLD).decode([before, after]) == [payload, payload]
    with pytest.raises(PayloadSealed, match="the key old, which LTL_PAYLOAD_KEYS does not have"):
        await codec(NEW).decode([before])


async def test_what_was_written_before_there_was_a_key_is_read() -> None:
    """Histories of an installation that only now seals are read as they are."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=CANARY)
    assert await codec(NEW).decode([payload]) == [payload]


async def test_no_byte_of_a_sealed_payload_can_be_changed() -> None:
    """Whoever can write to Temporal's database cannot write a payload that is taken for one of ours."""
    (sealed,) = await codec(NEW, OLD).encode([Payload(metadata={"encoding": b"json/plain"}, data=CANARY)])
    for place in range(len(sealed.data)):
        bent = bytearray(sealed.data)
        bent[place] ^= 1
        with pytest.raises(PayloadSealed, match="and was not"):
            await codec(NEW, OLD).decode([Payload(metadata=dict(sealed.metadata), data=bytes(bent))])
    with pytest.raises(PayloadSealed, match="and was not"):
        await codec(NEW, OLD).decode([Payload(metadata={**sealed.metadata, KEY_ID: b"old"}, data=sealed.data)])


async def test_the_words_of_a_failure_are_sealed_too() -> None:
    """What went wrong, and where, may quote what people wrote; only the failure's type stays readable."""
    sealing = converter(NEW)
    failure = Failure()
    await sealing.encode_failure(ApplicationError(CANARY.decode(), CANARY.decode(), type="store-away"), failure)
    written = failure.SerializeToString()
    assert CANARY not in written
    assert b"store-away" in written
    read = await converter(f"{OLD},{NEW}").decode_failure(failure)
    assert isinstance(read, ApplicationError)
    assert (read.message, read.type) == (CANARY.decode(), "store-away")


@pytest.mark.parametrize(
    "said",
    [
        "nonsense",
        "id:",
        "id:short",
        f"ID:{base64.b64encode(b'k' * 32).decode()}",
        f"id:{base64.b64encode(b'k' * 31).decode()}",
        f":{base64.b64encode(b'k' * 32).decode()}",
        f"{NEW},{NEW}",
    ],
)
def test_a_key_that_is_none_ends_the_start(said: str) -> None:
    """A mistake is refused in words that repeat no key; nothing ever goes on unsealed by mistake."""
    with pytest.raises(PayloadKeysUnusable) as refused:
        converter(said)
    assert not [part for part in said.split(":") if len(part) > 5 and part in str(refused.value)]


def test_without_keys_nothing_is_sealed() -> None:
    """On one machine nobody else reads along, and no key can be lost."""
    assert converter(None).payload_codec is None
    assert Settings(payload_keys=None).converter is converter(None)


def test_a_key_is_never_printed() -> None:
    """Neither the settings nor a key show the secret."""
    secret = NEW.partition(":")[2]
    shown = f"{Settings.model_validate({'payload_keys': NEW})!r}{payload_keys(NEW)!r}"
    assert secret not in shown
    assert base64.b64decode(secret).hex() not in shown
    assert dataclasses.is_dataclass(payload_keys(NEW)[0])
