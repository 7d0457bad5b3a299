"""Do our style sheets stand alone, keep their addresses honest and stay readable in both schemes?"""

import re
from itertools import product

import pytest

from templates.assets import FOLDER, asset_address, asset_of_file, assets
from templates.rendering import FOLDER as TEMPLATES

SHEETS = sorted(path for path in FOLDER.iterdir() if path.suffix == ".css")
LEGIBLE = 4.5
"""The contrast of text that WCAG 2.2 AA asks for (1.4.3)."""
VISIBLE = 3.0
"""The contrast of what must be seen to use a page (1.4.11)."""


def test_an_address_changes_with_the_content() -> None:
    """The name of a file in addresses holds the digest of what it holds."""
    for name, asset in assets().items():
        assert asset_address(name) == f"/static/{asset.file}"
        assert re.fullmatch(r"[a-z]+\.[0-9a-f]{16}\.(css|js|svg)", asset.file)
        assert asset_of_file(asset.file) == asset
        assert asset_of_file(name) is None


def test_only_our_own_files_are_served() -> None:
    """No path leads out of the folder."""
    for file in ("../pages.py", "..%2fpages.py", "base.css", "", "/etc/passwd"):
        assert asset_of_file(file) is None


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_a_sheet_loads_nothing(sheet: object) -> None:
    """A style sheet brings in no other file, from here or from elsewhere."""
    text = FOLDER.joinpath(str(sheet)).read_text(encoding="utf-8")
    assert "url(" not in text
    assert "@import" not in text


def test_templates_have_no_style_of_their_own() -> None:
    """Style is in style sheets alone, so that the browser can be told to refuse any other."""
    for path in TEMPLATES.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "<style" not in text
        assert " style=" not in text


def test_every_class_of_a_colour_is_in_the_sheets() -> None:
    """A cell, a tag and a headline of each colour have a rule."""
    text = "".join(path.read_text(encoding="utf-8") for path in SHEETS)
    for selector, colour in product((".tag.", ".c.", ".hero."), ("red", "amber", "green", "grey")):
        assert f"{selector}{colour}" in text


def colours(scheme: str) -> dict[str, str]:
    """Return the colours of a scheme by name, the dark ones over the light ones."""
    text = (FOLDER / "base.css").read_text(encoding="utf-8")
    light, _, rest = text.partition("@media (prefers-color-scheme: dark)")
    dark = rest[: rest.index("}\n}")]
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else found | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_both_schemes(scheme: str) -> None:
    """Every colour of text reaches the contrast of WCAG 2.2 AA on every ground that it is put on."""
    named = colours(scheme)
    grounds = ("canvas", "surface", "sunken")
    pairs = [
        *product(("ink", "ink-soft", "link", "red", "amber", "green", "grey"), grounds),
        *((colour, f"{colour}-wash") for colour in ("red", "amber", "green", "grey")),
        ("on-button", "button"),
        ("on-persona", "persona"),
    ]
    poor = {f"{text} on {ground}" for text, ground in pairs if contrast(named[text], named[ground]) < LEGIBLE}
    assert not poor


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_and_focus_are_visible_in_both_schemes(scheme: str) -> None:
    """What marks a field, a cell's colour and the place of the keyboard stands out from its ground."""
    named = colours(scheme)
    pairs = product(("line-strong", "focus", "red", "amber", "green"), ("canvas", "surface", "sunken"))
    poor = {f"{edge} on {ground}" for edge, ground in pairs if contrast(named[edge], named[ground]) < VISIBLE}
    assert not poor
