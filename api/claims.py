"""Which claims does every token make, and when do they hold?"""

# What a JWT says besides who its person is and what they may do (RFC 7519, RFC 9068), whoever signed it.

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

CLOCK_SKEW_SECONDS = 60
"""How far ahead of our clock an issuer's may run; more is a token from the future."""

_LATEST_NUMERIC_DATE = 253_402_300_799
"""The last second of the year 9999."""

_NumericDate = Annotated[int, Field(ge=0, le=_LATEST_NUMERIC_DATE)]


class TokenRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours.
    """Says that a token proves nothing: `kind` is the problem's slug, `detail` a sentence for the person."""

    def __init__(self, kind: Literal["token-invalid", "token-expired"], detail: str) -> None:
        super().__init__(detail)
        self.kind: Literal["token-invalid", "token-expired"] = kind
        self.detail = detail


class Claims(BaseModel):
    """What every token says of itself; each issuer's tokens say more."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    iss: str
    aud: str | tuple[str, ...]
    iat: _NumericDate
    exp: _NumericDate
    nbf: _NumericDate | None = None
    auth_time: _NumericDate | None = None
    act: Any = None
    """Who uses the token of somebody else, where its issuer lets them (RFC 8693)."""

    @classmethod
    def read(cls, payload: bytes) -> Self:
        """Return the claims that stand in a token whose signature fits; raises TokenRefused."""
        try:
            return cls.model_validate_json(payload, strict=True)
        except ValidationError as fault:
            claim = ".".join(str(step) for step in fault.errors()[0]["loc"][:1]) or "payload"
            raise invalid(f"The token's claim {claim!r} is missing or is not what it must be.") from fault

    @property
    def audiences(self) -> tuple[str, ...]:
        """For whom the token is meant."""
        return (self.aud,) if isinstance(self.aud, str) else self.aud

    @property
    def logged_in_at(self) -> datetime:
        """When its person proved who they are: where nothing else is said, when it was made."""
        return datetime.fromtimestamp(self.auth_time if self.auth_time is not None else self.iat, UTC)

    def check(self, *, issuer: str, audience: str, now: datetime) -> None:
        """Raise TokenRefused unless they are of `issuer`, for `audience`, and hold at `now`."""
        moment = now.timestamp()
        if self.iss != issuer:
            raise invalid("The token comes from an issuer that is not trusted here.")
        if audience not in self.audiences:
            raise invalid("The token is meant for somebody else.")
        if self.exp <= moment:
            raise TokenRefused("token-expired", "The token has expired; ask for a new one.")
        if max(self.iat, self.nbf or 0, self.auth_time or 0) > moment + CLOCK_SKEW_SECONDS:
            raise invalid("The token is dated in the future.")
        if self.act is not None:
            # Signing off, voting and deciding are personal: no record could tell the two apart.
            raise invalid("The token lets one act in the name of another. Come with a token of your own.")


def invalid(detail: str) -> TokenRefused:
    """Return the refusal of a token that is none, or none for us."""
    return TokenRefused("token-invalid", detail)
