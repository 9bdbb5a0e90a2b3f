"""What the package refuses, above the core. An exception's docstring is its message."""

from collections.abc import Iterable
from datetime import datetime
from inspect import cleandoc
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils import timezone

from django_sla.words import translated

if TYPE_CHECKING:
    from django_sla.conf import Problem


class SLAError(Exception):
    """The SLA cannot do that."""

    # The message is the first paragraph of the docstring. ``{0}``, ``{1!r}`` and so on stand for
    # the arguments, which stay on the exception as they were given.

    def __str__(self) -> str:
        paragraph = " ".join(cleandoc(type(self).__doc__ or "").partition("\n\n")[0].split())
        if not paragraph:  # under ``python -OO``; the arguments alone say enough then
            return super().__str__()
        return translated(paragraph).format(*self.args)


class InvalidSettings(SLAError, ImproperlyConfigured):
    """The setting DJANGO_SLA is wrong:"""

    def __init__(self, problems: Iterable["Problem"]):
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n  ".join([super().__str__(), *map(str, self.problems)])


class InvalidPolicyFile(SLAError, ValueError):
    """The policy file is wrong, and nothing was changed:"""

    MOST = 50
    """How many problems are told; the first ones usually explain the others."""

    def __init__(self, problems: Iterable["Problem"]):
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        more = len(self.problems) - self.MOST
        told = [*map(str, self.problems[: self.MOST]), *([f"and {more} more"] if more > 0 else [])]
        return "\n  ".join([super().__str__(), *told])


class PoliciesDiffer(SLAError):
    """The policy {0!r} of code or the settings is not the same in a new process: something
    changes it after the start; work in one process."""


class CannotShare(SLAError):
    """Several processes cannot work at it: {0}"""


class AlreadyRegistered(SLAError):
    """The {0} {1!r} is there already and differs from this one; register it once, or give this
    one another name."""


class NotRegistered(SLAError, LookupError):
    """No {0} {1!r} is registered; there is {2}."""


class NaiveDatetime(SLAError, ValueError):
    """{0}: {1!r} has no time zone; pass an aware datetime."""

    @classmethod
    def refuse(cls, **instants: datetime | None) -> None:
        """
        Raises:
            NaiveDatetime: one of these arguments is one.
        """
        for name, instant in instants.items():
            if instant is not None and timezone.is_naive(instant):
                raise cls(name, instant)


class ContradictedTimestamp(SLAError, ValidationError):
    """{0}: {1} is not what the events of this ticket allow, which say {2}; nothing was saved.
    Give an instant that fits their order, or move the ticket first."""

    def __init__(self, column: str, given: datetime | None, result: datetime | None):
        self.column, self.given, self.result = column, given, result
        self.args = (column, given or "nothing", result or "nothing")
        ValidationError.__init__(self, {column: SLAError.__str__(self)})

    def __str__(self) -> str:
        return self.messages[0]


class ClockStopped(SLAError):
    """The {0} clock stopped at {1}; its target can no longer be changed."""


class NoClock(SLAError, ValueError):
    """metric: {0!r} has no clock on this ticket; there is {1}."""


class ReasonMissing(SLAError, ValueError):
    """reason: say why; the reason is kept with what was done."""


class AlreadyOnHold(SLAError):
    """The ticket is on hold already; resume it before it is put on hold again."""


class NotOnHold(SLAError):
    """The ticket is not on hold, so there is nothing to resume."""


class TicketDone(SLAError):
    """The ticket is {0}, so there is nothing to put on hold; reopen it first."""


class HolidaysNotInstalled(SLAError):
    """The package "holidays" is not installed; run: pip install "django-sla[holidays]"."""


class MetricsNotInstalled(SLAError):
    """The package "prometheus_client" is not installed; run: pip install "django-sla[metrics]"."""


class ForecastNotInstalled(SLAError):
    """The package "statsmodels" is not installed; run: pip install "django-sla[forecast]"."""


class NotEnoughHistory(SLAError, ValueError):
    """not enough history: promises came due in {0} of the last {2} weeks, and a forecast needs
    {1}."""


class APINotInstalled(SLAError, ImproperlyConfigured):
    """A package of the API is not installed; run: pip install "django-sla[api]"."""


class ICalendarNotInstalled(SLAError):
    """The package "icalendar" is not installed; run: pip install "django-sla[ical]"."""


class AppriseNotInstalled(SLAError):
    """The package "apprise" is not installed; run: pip install "django-sla[apprise]"."""


class CeleryNotInstalled(SLAError):
    """The package "celery" is not installed; run: pip install "django-sla[celery]"."""


class XLSXNotInstalled(SLAError):
    """The package "openpyxl" is not installed; run: pip install "django-sla[xlsx]"."""


class ImportExportNotInstalled(SLAError):
    """The package "django-import-export" is not installed; run: pip install
    "django-sla[import-export]"."""


class TasksNotInstalled(SLAError):
    """There is neither django.tasks, which comes with Django 6.0, nor the package "django-tasks";
    run: pip install django-tasks."""


class UnknownTickets(SLAError):
    """{0}.objects.bulk_create() cannot ignore or update conflicts, because the database does not
    say which tickets it created; look for the existing ones first."""


class PoliciesEdited(SLAError):
    """A policy or a calendar was edited since this was looked at, so it would do something else;
    look again."""


class RecalculationOver(SLAError):
    """This recalculation is {0}, so there is nothing to apply; start another one."""


class NeverOpened(SLAError):
    """Nothing says when this ticket was opened; fill in created_at of a ticket without events,
    or restore the first event of one that has some."""


class AppendOnly(SLAError):
    """An event is a fact: it is neither changed nor deleted; do what puts it right instead."""


class SealedAtOnce(SLAError):
    """Somebody else is sealing the same database at this moment; let one run do it."""


class Undeliverable(SLAError):
    """{0}"""
