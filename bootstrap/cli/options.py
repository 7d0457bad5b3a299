"""Which options do several commands share?"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bootstrap.installation import DEFAULT_DIRECTORY

OPERATOR = "operator"
"""Who acts on a local installation where nobody is named."""

Directory = Annotated[
    Path,
    typer.Option("--data", envvar="LTL_DATA", metavar="DIR", help="Which local installation.", show_default=True),
]
Person = Annotated[
    str,
    typer.Option("--person", envvar="LTL_PERSON", metavar="ID", help="Act as this person, on a local installation."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON, for programs.")]
Rehearse = Annotated[bool, typer.Option("--rehearse", help="Show what would follow, and change nothing.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the act.")]


def named(value: str | None) -> str | None:
    """Return the name of a product or region as it is; raises BadParameter where no address could hold it."""
    if value is not None and not re.fullmatch(r"[A-Za-z0-9 -]{1,64}", value):
        raise typer.BadParameter(f"{value!r} is no name such as atlas-2 or emea: letters a-z, digits and hyphens.")
    return value


def all_named(values: list[str] | None) -> list[str]:
    """Return the names of regions as they are; raises BadParameter where no address could hold one of them."""
    return [each for value in values or () if (each := named(value)) is not None]


def chosen(regions: list[str] | None, *, everywhere: bool) -> tuple[str, ...] | None:
    """Return the regions that were named, None where all are meant; raises BadParameter for both or neither."""
    if everywhere and regions:
        raise typer.BadParameter("name regions or give --all-regions, not both", param_hint="REGION")
    if not everywhere and not regions:
        raise typer.BadParameter("name a region, or several, or give --all-regions", param_hint="REGION")
    return None if everywhere else tuple(dict.fromkeys(regions or ()))


Product = Annotated[str, typer.Argument(metavar="PRODUCT", help="For example atlas-2.", callback=named)]
Region = Annotated[str, typer.Argument(metavar="REGION", help="For example emea.", callback=named)]

Regions = Annotated[
    list[str] | None,
    typer.Argument(metavar="REGION", help="One or several, for example emea apac.", callback=all_named),
]
AllRegions = Annotated[bool, typer.Option("--all-regions", help="In every running region of the launch.")]

Acting = Annotated[
    str,
    typer.Option("--role", metavar="ROLE", help="Act in this role: product_manager, executive, sales_lead."),
]
MANAGER = "product_manager"


def one_of(value: str, allowed: Iterable[str], *, hint: str) -> str:
    """Return `value` as the API spells it, hyphens or not; raises BadParameter where it is none of `allowed`."""
    spelt = value.replace("-", "_")
    choices = tuple(allowed)
    if spelt not in choices:
        raise typer.BadParameter(f"{value} is not one of {', '.join(choices)}", param_hint=hint)
    return spelt


HERE = Path(DEFAULT_DIRECTORY)
