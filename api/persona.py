"""Who is somebody that one may be on this machine to try the product out?"""

from dataclasses import dataclass

from api.identity import RoleGrant


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody whom one may be on this machine."""

    person: str
    name: str
    roles: tuple[RoleGrant, ...]
    comes_for: str
    """What they come to this product for, a whole sentence."""
