"""Who are the people of the demonstration, and what have they learned?"""

from typing import NamedTuple

from readiness.commands import Role
from readiness.roles import EVERYWHERE


class Governor(NamedTuple):
    """Someone who speaks for a function."""

    person_id: str
    name: str
    function: str
    region: str
    title: str
    role: Role
    acts_in: str = EVERYWHERE


class Seller(NamedTuple):
    """Someone who must be ready; what they did, as (days ago, score), one completion a course."""

    person_id: str
    name: str
    completed: tuple[tuple[int, int], ...] = ()
    attempted: tuple[tuple[int, int], ...] = ()


GOVERNORS = (
    Governor("pm-7", "Ines Carvalho", "product", "emea", "Product manager", Role.PRODUCT_MANAGER),
    Governor("ma-1", "Tom Okafor", "marketing", "emea", "Product marketing lead", Role.MARKETING),
    Governor("en-1", "Priya Raman", "enablement", "emea", "Sales enablement lead", Role.ENABLEMENT),
    Governor("ex-1", "Helena Brandt", "executive", "emea", "Chief revenue officer", Role.EXECUTIVE),
    Governor("sa-1", "Luc Moreau", "sales-management", "emea", "Sales lead EMEA", Role.SALES_LEAD, "emea"),
    Governor("sa-2", "Mei Tan", "sales-management", "apac", "Sales lead APAC", Role.SALES_LEAD, "apac"),
    Governor("sa-3", "Dana Whitfield", "sales-management", "amer", "Sales lead Americas", Role.SALES_LEAD, "amer"),
)

_BOTH = ((24, 92), (17, 85))
_BOTH_LATELY = ((12, 88), (5, 78))
_LAST_YEAR = ((356, 84), (354, 81))

AUDIENCES: dict[str, tuple[Seller, ...]] = {
    # Learned and certified this month; one is away, and one failed once before passing.
    "emea": (
        Seller("em-01", "Amélie Laurent", _BOTH, ((11, 91),)),
        Seller("em-02", "Jonas Weber", _BOTH, ((11, 84),)),
        Seller("em-03", "Chiara Russo", _BOTH, ((10, 72), (6, 88))),
        Seller("em-04", "Piotr Nowak", _BOTH, ((10, 95),)),
        Seller("em-05", "Sofia Lindqvist", _BOTH, ((9, 82),)),
        Seller("em-06", "Daniel O'Brien", _BOTH, ((9, 80),)),
        Seller("em-07", "Yusuf Demir", _BOTH_LATELY, ((3, 90),)),
        Seller("em-08", "Katarina Horvat", _BOTH_LATELY, ((2, 86),)),
        Seller("em-09", "Bram de Vries", _BOTH_LATELY, ((2, 61),)),
        Seller("em-10", "Elena Popescu"),
    ),
    # Certified nearly a year ago: four of these lapse before launch day and are not renewed.
    "apac": (
        Seller("ap-01", "Aarav Sharma", _LAST_YEAR, ((350, 88),)),
        Seller("ap-02", "Li Wei", _LAST_YEAR, ((350, 93),)),
        Seller("ap-03", "Nurul Hassan", _LAST_YEAR, ((346, 81),)),
        Seller("ap-04", "Kenji Sato", _LAST_YEAR, ((341, 85),)),
        Seller("ap-05", "Grace Nguyen", _BOTH, ((13, 89),)),
        Seller("ap-06", "Oliver Clarke", _BOTH, ((8, 94),)),
        Seller("ap-07", "Rina Wijaya", _BOTH, ((6, 83),)),
        Seller("ap-08", "Min-jun Park", _BOTH_LATELY, ((1, 87),)),
        Seller("ap-09", "Anong Srisai", _BOTH_LATELY, ((1, 74),)),
        Seller("ap-10", "Hana Kobayashi", ((9, 90),)),
    ),
    # Learning well, while the message is still argued about.
    "amer": (
        Seller("am-01", "Maria Gonzalez", _BOTH_LATELY, ((1, 92),)),
        Seller("am-02", "Jamal Carter", _BOTH_LATELY, ((2, 84),)),
        Seller("am-03", "Emily Tremblay", _BOTH_LATELY),
        Seller("am-04", "Rafael Costa", _BOTH_LATELY),
        Seller("am-05", "Noah Kim", ((7, 77),)),
        Seller("am-06", "Valentina Rojas", ((4, 81),)),
        Seller("am-07", "Marcus Johnson", ((3, 69),)),
        Seller("am-08", "Abigail Stone"),
        Seller("am-09", "Diego Herrera"),
        Seller("am-10", "Chloe Bennett"),
    ),
}
