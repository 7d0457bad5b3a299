"""Whom may somebody be who tries the product out on their own machine?"""

# They are the people of the demonstration, with the roles in which it speaks for them, and one who only reads.

from api.identity import EVERYWHERE, RoleGrant
from api.persona import Persona
from bootstrap.demo_people import GOVERNORS
from readiness.commands import Role

_GOVERNORS = {governor.person_id: governor for governor in GOVERNORS}


def personas() -> tuple[Persona, ...]:
    """Return everybody whom one may be, in the order in which a launch needs them."""
    return (
        _persona("pm-7", "Starts launches, sees what blocks them and moves dates."),
        _persona("ma-1", "Writes the message and signs it; answers what customers object."),
        _persona("sa-1", "Makes sure that the message will sell in EMEA."),
        _persona("sa-2", "Makes sure that the message will sell in APAC."),
        _persona("sa-3", "Has sent the message of the Americas back."),
        _persona("en-1", "Brings in who has learned what, and closes what is missing."),
        Persona(
            "ap-10",
            "Hana Kobayashi",
            (RoleGrant(Role.SELLER, "apac"),),
            "Sells in APAC: learns it, proves it, and sees what is due.",
        ),
        _persona("ex-1", "Checks go/no-go in a minute, and decides."),
        Persona("au-1", "Ruth Adler", (RoleGrant(Role.AUDITOR, EVERYWHERE),), "Proves what happened; never acts."),
        Persona("ad-1", "Sam Keller", (RoleGrant(Role.ADMIN, EVERYWHERE),), "Runs the installation, and no launch."),
    )


def _persona(person: str, comes_for: str) -> Persona:
    governor = _GOVERNORS[person]
    return Persona(person, governor.name, (RoleGrant(governor.role, governor.acts_in),), comes_for)
