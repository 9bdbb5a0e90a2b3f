"""A form as a browser without scripts has it: what it would send, what stands beside a field."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.test import Client

FORMS = "policy_form", "calendar_form", "changelist-form"
VOID = {"input", "img", "link", "meta", "br", "hr", "rect", "path"}


class Form(HTMLParser):
    """The form of an admin page, filled in as it stands."""

    def __init__(self, site: Client, url: str, response: Any = None):
        super().__init__()
        self.site, self.url = site, url
        self.response = response if response is not None else site.get(url)
        assert self.response.status_code == 200, self.response
        self.html = self.response.content.decode()
        self.data: dict[str, str] = {}
        self.options: dict[str, list[str]] = {}
        """The labels of each select."""
        self.labels: dict[str, str] = {}
        """Names of inputs by their ``aria-label``; of several the first."""
        self._open: list[str] = []
        self._select = ""
        self._label = False
        self.feed(self.html)
        assert self._open or self.data, "the page has no such form"

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found = {name: value if value is not None else "" for name, value in attrs}
        if tag == "form" and (found.get("id") in FORMS or "novalidate" in found):
            self._open.append("form")
        elif not self._open:
            return
        name = found.get("name", "")
        if "aria-label" in found and name:
            self.labels.setdefault(found["aria-label"], name)
        if tag == "input" and name and found.get("type") not in ("submit", "button"):
            is_box = found.get("type") == "checkbox"
            if not is_box or "checked" in found:
                self.data[name] = found.get("value", "on" if is_box else "")
        elif tag == "select":
            self._select = name
            self.options[name] = []
        elif tag == "option" and self._select:
            self._label = True
            self.options[self._select].append("")
            if "selected" in found or self._select not in self.data:
                self.data[self._select] = found["value"]

    def handle_data(self, text: str) -> None:
        if self._label:
            self.options[self._select][-1] += text

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open:
            self._open.pop()
        elif tag == "select":
            self._select = ""
        elif tag == "option":
            self._label = False

    def send(self, button: str = "_save", **changes: str) -> Any:
        """Press a button after these changes; a name may be an ``aria-label``."""
        return self.site.post(self.url, {**self.data, **self.named(changes), button: "1"})

    def named(self, changes: dict[str, str]) -> dict[str, str]:
        return {self.labels.get(name, name): value for name, value in changes.items()}

    def refused(self, **changes: str) -> "Form":
        """The same page again, because something is wrong with these changes."""
        response = self.send(**changes)
        assert response.status_code == 200, response.headers.get("Location")
        return Form(self.site, self.url, response)

    def saved(self, **changes: str) -> list[str]:
        """What the next page says."""
        response = self.send(**changes)
        if response.status_code == 200:
            raise AssertionError(Form(self.site, self.url, response).errors())
        next_page = self.site.get(response.headers["Location"])
        return [str(message) for message in next_page.context["messages"]]

    def errors(self) -> dict[str, list[str]]:
        """What stands beside fields and, by ``table-row-column``, beside cells."""
        found = re.findall(
            r'<ul class="errorlist" id="id_([^"]+)_error">(.*?)</ul>', self.html, re.DOTALL
        )
        return {
            name: [unescape(said) for said in re.findall(r"<li>(.*?)</li>", items, re.DOTALL)]
            for name, items in found
        }
