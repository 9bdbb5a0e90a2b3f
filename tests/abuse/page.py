"""A page as a browser takes it apart."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Page(HTMLParser):
    """What its forms would send, and all of its elements."""

    html: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """The name and attributes of each."""
    fields: dict[str, list[str]] = field(default_factory=dict)
    """By name what would be sent as it stands."""
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._select = ""
        self._area = ""
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        name, value = found.get("name", ""), found.get("value", "")
        if tag == "input" and name and found.get("type") not in ("submit", "file", "button"):
            if found.get("type") in ("checkbox", "radio") and "checked" not in found:
                self.fields.setdefault(name, [])
            else:
                self.fields.setdefault(name, []).append(value or "on" * ("checked" in found))
        elif tag == "select":
            self._select = name
            self.fields.setdefault(name, [])
        elif tag == "option" and self._select and "selected" in found:
            self.fields[self._select].append(value)
        elif tag == "textarea":
            self._area = name
            self.fields.setdefault(name, [""])

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._area:
            self.fields[self._area][0] += data

    def sent(self) -> dict[str, list[str]]:
        """What its form sends, but for what the admin needs for itself."""
        return {
            name: values
            for name, values in self.fields.items()
            if name not in ("csrfmiddlewaretoken", "next", "_selected_action", "")
            and "__prefix__" not in name
        }
