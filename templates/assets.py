"""Which files of ours may a browser load, and under which lasting address?"""

# The address holds a digest of the content, so a browser may keep what it has for ever: what changes is asked for
# under another address.

import gzip
import hashlib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

FOLDER = Path(__file__).parent / "static"

_MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_DIGITS = 16


class Asset(NamedTuple):
    """A style sheet, script or picture, as it is sent."""

    file: str
    """Its name in addresses, with the digest of its content: `base.0123456789abcdef.css`."""
    media_type: str
    content: bytes
    packed: bytes
    """The same by gzip: packed once, as small as it goes."""


@cache
def assets() -> MappingProxyType[str, Asset]:
    """Return every asset, by its plain name."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _MEDIA_TYPES:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
            found[path.name] = Asset(
                file=f"{path.stem}.{digest}{path.suffix}",
                media_type=_MEDIA_TYPES[path.suffix],
                content=content,
                packed=gzip.compress(content, mtime=0),
            )
    return MappingProxyType(found)


def asset_address(name: str) -> str:
    """Return the address of the asset called `name`; raises KeyError where there is none."""
    return f"/static/{assets()[name].file}"


@cache
def _by_file() -> dict[str, Asset]:
    return {asset.file: asset for asset in assets().values()}


def asset_of_file(file: str) -> Asset | None:
    """Return the asset whose name in addresses is `file`, digest included; None where there is none such today."""
    return _by_file().get(file)
