"""Whom may somebody be who tries the product out on their own machine?"""

# They are the people of the demonstration, with the roles in which it speaks for them, and one who only reads.

from api.identity import EVERYWHERE, RoleGrant
from api.persona import Persona
from bootstrap.demo_people import GOVERNORS
from readiness.commands import Role

_NAMES = {governor.person_id: governor.name for governor in GOVERNORS}


def personas() -> tuple[Persona, ...]:
    """Return everybody whom one may be, in the order in which a launch needs them."""
    return (
        _persona("pm-7", Role.PRODUCT_MANAGER, comes_for="Starts launches, sees what blocks them and moves dates."),
        _persona("ma-1", Role.MARKETING, comes_for="Writes the message and signs it; answers what customers object."),
        _persona("sa-1", Role.SALES_LEAD, region="emea", comes_for="Makes sure that the message will sell in EMEA."),
        _persona("sa-2", Role.SALES_LEAD, region="apac", comes_for="Makes sure that the message will sell in APAC."),
        _persona("sa-3", Role.SALES_LEAD, region="amer", comes_for="Has sent the message of the Americas back."),
        _persona("en-1", Role.ENABLEMENT, comes_for="Brings in who has learned what, and closes what is missing."),
        Persona(
            "ap-10",
            "Hana Kobayashi",
            (RoleGrant(Role.SELLER, "apac"),),
            "Sells in APAC: learns it, proves it, and sees what is due.",
        ),
        _persona("ex-1", Role.EXECUTIVE, comes_for="Checks go/no-go in a minute, and decides."),
        Persona("au-1", "Ruth Adler", (RoleGrant(Role.AUDITOR, EVERYWHERE),), "Proves what happened; never acts."),
        Persona("ad-1", "Sam Keller", (RoleGrant(Role.ADMIN, EVERYWHERE),), "Runs the installation, and no launch."),
    )


def _persona(person: str, role: Role, *, comes_for: str, region: str = EVERYWHERE) -> Persona:
    return Persona(person, _NAMES[person], (RoleGrant(role, region),), comes_for)
