"""How does a test read the forms of a page, fill one in and send it?"""

from html.parser import HTMLParser

from httpx2 import Response
from starlette.testclient import TestClient


class Filled:
    """A form as a page has it: where it goes, and what it says before anybody fills it in."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.values: dict[str, str] = {}
        self.text = ""

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.action.rpartition("/")[2]


class Forms(HTMLParser):
    """Every form of a page, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[Filled] = []
        self._open: Filled | None = None
        self._area: str | None = None
        self._select: str | None = None
        self.feed(text)
        self.close()

    def named(self, name: str, about: str | None = None) -> Filled:
        """Return the form of that act, about that thing where there are several."""
        (found,) = self.called(name, about)
        return found

    def called(self, name: str, about: str | None = None) -> list[Filled]:
        """Return every form of that act."""
        return [f for f in self.all if f.name == name and about in (None, f.values.get("about"))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a field, or what is chosen in one."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Filled(given.get("action", ""))
            self.all.append(self._open)
        elif self._open is None:
            return
        elif tag == "input" and (given.get("type") != "radio" or "checked" in given):
            self._open.values[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area = given["name"]
            self._open.values[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select is not None and "selected" in given:
            self._open.values[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Note that a form or a field ends."""
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        """Note what stands in a form, and in a field of several lines."""
        if self._open is not None:
            self._open.text += data
            if self._area is not None:
                self._open.values[self._area] += data


def send(client: TestClient, form: Filled, headers: dict[str, str], **typed: str) -> Response:
    """Send `form` with what was typed, a double underscore for each dot in the name of a field."""
    said = {**form.values, **{name.replace("__", "."): text for name, text in typed.items()}}
    return client.post(form.action, data=said, headers=headers, follow_redirects=False)
