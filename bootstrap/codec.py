"""How is what passes through Temporal kept from whoever can read it there?"""

# AES-256-GCM around every payload, and around the words of failures. The newest key seals; every key that is known
# opens; what was written before there was a key is read as it is. Ids of workflows, their search attributes and the
# names of types stay readable: they are opaque ids, products and regions (docs/decisions/0012).

import base64
import binascii
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
KEY_BYTES = 32
NONCE_BYTES = 12
"""Drawn at random for each payload: a key must be changed before it has sealed 2 to the power of 32 of them."""

_KEY_ID = re.compile(r"[a-z0-9-]{1,32}")


class PayloadKeysUnusable(ValueError):  # noqa: N818 - named as what is wrong with the setting.
    """LTL_PAYLOAD_KEYS cannot be used; the message says why, and repeats no key."""


class PayloadSealed(RuntimeError):  # noqa: N818 - named as what is wrong with the payload.
    """A payload cannot be opened with the keys that this process has; the message names the key that it needs."""


@dataclass(frozen=True, slots=True, repr=False)
class PayloadKey:
    """A key by the id that payloads name it by."""

    id: str
    secret: bytes


def new_payload_key(key_id: str) -> str:
    """Return a new key as LTL_PAYLOAD_KEYS has it; raises PayloadKeysUnusable for an id that is none."""
    return f"{_checked_id(key_id)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode('ascii')}"


def payload_keys(said: str) -> tuple[PayloadKey, ...]:
    """Return the keys of a setting such as `2027-02:BASE64,2026-11:BASE64`, the newest first."""
    keys = []
    for number, each in enumerate(filter(None, (part.strip() for part in said.split(","))), 1):
        key_id, _, encoded = each.partition(":")
        try:
            secret = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != KEY_BYTES:
            raise PayloadKeysUnusable(
                f"key {number} of LTL_PAYLOAD_KEYS is not an id, a colon and {KEY_BYTES} bytes in base64; "
                "`ltl payload-key` makes one"
            )
        keys.append(PayloadKey(_checked_id(key_id), secret))
    if len({key.id for key in keys}) != len(keys):
        raise PayloadKeysUnusable("two keys of LTL_PAYLOAD_KEYS have the same id")
    return tuple(keys)


def converter(said: str | None) -> DataConverter:
    """Return what reads and writes payloads: sealed with the first of the keys that are `said`, or plain without."""
    keys = payload_keys(said or "")
    if not keys:
        return pydantic_data_converter
    return replace(
        pydantic_data_converter,
        payload_codec=SealingCodec(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


class SealingCodec(PayloadCodec):
    """Seals payloads with the first key, and opens those of any; what is not sealed passes as it is."""

    def __init__(self, keys: Sequence[PayloadKey]) -> None:
        self._newest = keys[0].id
        self._ciphers = {key.id: AESGCM(key.secret) for key in keys}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return each payload sealed."""
        return [self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return each payload opened; raises PayloadSealed."""
        return [self._opened(payload) for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        nonce = secrets.token_bytes(NONCE_BYTES)
        key_id = self._newest.encode("ascii")
        sealed = self._ciphers[self._newest].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(metadata={"encoding": ENCODING, KEY_ID: key_id}, data=nonce + sealed)

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get(KEY_ID, b"")
        name = key_id.decode("ascii", "replace")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise PayloadSealed(f"a payload was sealed with the key {name}, which LTL_PAYLOAD_KEYS does not have")
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, key_id))
        except (InvalidTag, ValueError) as error:
            raise PayloadSealed(f"a payload says that it was sealed with the key {name}, and was not") from error


def _checked_id(key_id: str) -> str:
    if not _KEY_ID.fullmatch(key_id):
        raise PayloadKeysUnusable("the id of a payload key has 1 to 32 of a to z, 0 to 9 and -, such as 2026-11")
    return key_id
