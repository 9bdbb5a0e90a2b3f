"""Files of tickets, as django-import-export reads them, and years of holidays."""

from typing import Any

import pytest
import tablib
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_sla.flow.holidays import read_years
from django_sla.integrations.import_export import TicketSLAResource
from django_sla.models import Calendar
from tests.abuse.inputs import TEXTS, changed, dented, draws
from tests.abuse.kept import Kept
from tests.abuse.measure import quickly, undisturbed
from tests.hosts.desk.models import Ticket

pytestmark = pytest.mark.django_db


class TicketResource(TicketSLAResource):
    class Meta:
        model = Ticket


def test_a_file_is_imported_as_a_whole_or_not_at_all(thousand: int) -> None:
    for number in range(3):
        Ticket.objects.create(title=f"Ticket {number}")
    whole = TicketResource().export().export("csv").encode()
    kept = Kept()
    resource = TicketResource()
    for chance in draws("import", thousand):
        text = dented(whole, chance).decode("utf-8", "surrogateescape").replace("\udcff", "")
        try:
            rows = tablib.Dataset().load(text, format="csv")
        except Exception:  # what cannot be taken apart never gets as far as the resource
            continue
        if rows.headers is None:  # of an empty file it asks for them all the same
            continue
        result = resource.import_data(rows, dry_run=True, use_transactions=True)
        assert result is not None
        kept.check()


def refused(calendar: str, **options: Any) -> bool:
    try:
        call_command("sla_holidays", calendar, **options)
    except CommandError:
        return True
    return False


@pytest.mark.parametrize("option", ["country", "subdivision", "years", "calendar"])
def test_holidays_of_nowhere(option: str) -> None:
    Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    given = {"country": "CA", "subdivision": "ON", "years": "2026", "calendar": "Office"}
    kept = Kept()
    assert not refused(**given, dry_run=True)
    # Nothing said is what the whole country has, and this year and the next.
    for text in filter(str.strip, TEXTS):
        assert refused(**given | {option: text})
    kept.check()


def test_years(thousand: int) -> None:
    def read(text: str) -> Any:
        try:
            return read_years(text)
        except ValidationError as error:
            return error.message_dict["years"]

    with undisturbed():
        for chance in draws("years", thousand):
            text = changed(chance.choice(["2026", "2026-2028", "1900-2200", *TEXTS]), chance)
            assert quickly(lambda text=text: read(text))  # type: ignore[misc]
    assert timezone.now().year in read("2020-2040")
