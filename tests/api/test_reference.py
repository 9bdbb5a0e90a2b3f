"""The reference page of the API says what the code does; and what happens without the packages."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_sla import api
from django_sla.api import documents, limits, requests
from django_sla.api.errors import CONFLICTS
from django_sla.api.filters import ListQuery
from django_sla.api.reports import (
    IS_NULL,
    ComplianceQuery,
    DimensionQuery,
    NumberField,
    NumberQuery,
    ReportFilter,
    ReportView,
)
from django_sla.exceptions import APINotInstalled

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rest-api.md"
BODIES = {
    "sla/waive/": requests.Waive,
    "sla/set-target/": requests.SetTarget,
    "sla/clear-target/": requests.ClearTarget,
    "sla/pause/": requests.Pause,
    "sla/resume/": requests.Resume,
}


def rows(heading: str, head: str) -> Iterator[list[str]]:
    """The cells of a table below a heading, by the first cell of its first line."""
    text = PAGE.read_text("utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = section.partition(f"| {head} |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def named(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def names(heading: str, head: str) -> set[str]:
    return {name for row in rows(heading, head) for name in named(row[0])}


def test_addresses() -> None:
    told = {
        (method.strip("`"), address.strip("`"), name.strip("`"))
        for method, address, name, *_ in rows("Addresses", "method")
    }
    actions = list(api.SLAViewSetMixin.get_extra_actions())
    assert told == {
        (method.upper(), f"{action.url_path}/", action.url_name)
        for action in actions
        for method in action.mapping
    }


def test_bodies() -> None:
    told = {row[0].strip("`"): (named(row[1]), named(row[2])) for row in rows("Bodies", "address")}
    assert told == {
        address: tuple(
            {name for name, field in body().fields.items() if field.required is required}
            for required in (True, False)
        )
        for address, body in BODIES.items()
    }


def test_codes() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in rows("Errors", "code")}
    assert told == {code: field for code, field, _ in CONFLICTS.values()}


def test_fields_and_parameters() -> None:
    assert names("The SLA", "field") == set(documents.TicketSLADocument().fields)
    assert names("Parameters of lists", "parameter") == {
        *ListQuery().fields,
        "ordering",
        "page",
        "page_size",
    }


def test_reports() -> None:
    assert names("Reports", "view") == {
        view.__name__ for view in vars(api).values() if _is_report(view)
    }
    told = names("Reports", "parameter") - {"priority", "status", IS_NULL}
    queries = (ComplianceQuery, DimensionQuery, NumberQuery)
    assert told == {name for query in queries for name in query().fields}
    assert told == ReportFilter.taken
    (numbers,) = [row[3] for row in rows("Reports", "parameter") if row[0] == "`number`"]
    for number in NumberField.known():
        _metric, _underscore, figure = number.rpartition("_")
        assert named(numbers) & {number, f"…_{figure}"}, number


def _is_report(view: object) -> bool:
    return isinstance(view, type) and issubclass(view, ReportView)


def test_attributes() -> None:
    for name, default, _ in rows("Attributes", "name"):
        owner, _, attribute = name.strip("`").partition(".")
        assert getattr(getattr(api, owner), attribute) == int(default)


def test_scopes() -> None:
    view = api.SLAViewSetMixin(action="sla_pause")
    found = {api.ComplianceReportView.sla_throttle_scope}
    for method in ("GET", "POST"):
        view.request = type("Request", (), {"method": method})
        found.add(view.sla_throttle_scope)
    view.action = "list"
    assert view.sla_throttle_scope is None
    assert names("Throttle scopes", "scope") == found
    assert limits.SLAThrottle.scope_attr == "sla_throttle_scope"


@pytest.mark.parametrize("package", ["rest_framework", "drf_spectacular"])
def test_without_a_package_the_remedy_is_named(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "django_sla.api")
    with pytest.raises(APINotInstalled, match=r'pip install "django-sla\[api\]"') as raised:
        importlib.import_module("django_sla.api")
    assert isinstance(raised.value, ImproperlyConfigured)
