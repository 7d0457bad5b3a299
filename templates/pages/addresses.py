"""At which address is the page of a product, and of a region?"""

from urllib.parse import quote


def launch_address(product: str) -> str:
    """Return the address of a product's page."""
    return f"/launches/{quote(product, safe='')}"


def region_address(product: str, region: str) -> str:
    """Return the address of a region's page."""
    return f"/launches/{quote(product, safe='')}/{quote(region, safe='')}"
