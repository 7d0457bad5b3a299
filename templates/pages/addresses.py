"""At which address is the page of a product, of a region, and of what is said?"""

from functools import lru_cache
from urllib.parse import quote

from readiness.policy import Stage

_KEPT = 4_096
"""Slugs whose form in addresses is kept: a board names the same products and regions hundreds of times."""

_in_address = lru_cache(_KEPT)(lambda slug: quote(slug, safe=""))


def launch_address(product: str) -> str:
    """Return the address of a product's page."""
    return f"/launches/{_in_address(product)}"


def region_address(product: str, region: str) -> str:
    """Return the address of a region's page."""
    return f"/launches/{_in_address(product)}/{_in_address(region)}"


def content_address(product: str) -> str:
    """Return the address of all that is said of a product."""
    return f"{launch_address(product)}/content"


def text_address(product: str, stage: Stage, key: str) -> str:
    """Return the address of the page of one text; keys are slugs, as the address of a product is quoted."""
    return f"{content_address(product)}/{stage.value}/{key}"


def rewrite_address(product: str, stage: Stage, key: str, region: str) -> str:
    """Return where a region writes a text in its own words: those of the whole product would be signed anew
    everywhere, and could end a go elsewhere."""
    return f"{text_address(product, stage, key)}?region={region}#write"
