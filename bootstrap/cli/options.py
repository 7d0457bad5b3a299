"""Which options do several commands share?"""

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
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the act.")]
Product = Annotated[str, typer.Argument(metavar="PRODUCT", help="For example atlas-2.")]
Region = Annotated[str, typer.Argument(metavar="REGION", help="For example emea.")]

Acting = Annotated[
    str,
    typer.Option("--role", metavar="ROLE", help="Act in this role: product_manager, executive, sales_lead."),
]
MANAGER = "product_manager"


def one_of(value: str, allowed: Iterable[str], *, hint: str) -> str:
    """Return `value` as the API spells it, hyphens or not; raises BadParameter where it is none of `allowed`."""
    named = value.replace("-", "_")
    choices = tuple(allowed)
    if named not in choices:
        raise typer.BadParameter(f"{value} is not one of {', '.join(choices)}", param_hint=hint)
    return named


HERE = Path(DEFAULT_DIRECTORY)
