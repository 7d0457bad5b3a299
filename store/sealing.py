"""How are the secrets that we must be able to read again kept from whoever reads the database?"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealBroken(Exception):  # noqa: N818 - named as what is wrong.
    """A sealed secret cannot be opened with the keys at hand; the message never holds it."""


class Box:
    """Seals with the first of its keys and opens with any of them, so that keys can be changed (Fernet)."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = MultiFernet([Fernet(key) for key in keys])

    def __repr__(self) -> str:
        return "Box(…)"

    def seal(self, secret: str) -> str:
        """Return `secret` sealed."""
        return self._keys.encrypt(secret.encode("utf-8")).decode("ascii")

    def open(self, sealed: str) -> str:
        """Return the secret; raises SealBroken."""
        try:
            return self._keys.decrypt(sealed.encode("ascii")).decode("utf-8")
        except InvalidToken:
            raise SealBroken(
                "A webhook's secret was sealed with another key: restore the key file, or rotate the secret."
            ) from None
