"""What people do to a ticket's clocks by hand: what is asked, what will happen, and doing it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.widgets import AdminRadioSelect, AdminSplitDateTime, AdminTextareaWidget
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import registry
from django_sla.core.clock import Clock
from django_sla.core.event import Category
from django_sla.core.verdict import due, judge
from django_sla.moment import now
from django_sla.tables.clock import StateName, metric_name
from django_sla.ticket.target import check_target
from django_sla.words import local

WAIVE = "django_sla.waive_breach"
"""The permission to waive breaches."""


class ActionForm(forms.Form):
    """Something that a person does to a ticket, for a reason."""

    link: ClassVar[Any]
    """What it is called where it is offered."""
    title: ClassVar[Any]
    done: ClassVar[Any]
    """What is said once it is done; ``%(ticket)s`` stands for the ticket."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=1000,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("It is kept in the timeline and in the changelog of the ticket."),
    )

    def __init__(self, ticket: Any, data: Any = None):
        super().__init__(data)
        self.ticket = ticket

    @staticmethod
    def allowed(model_admin: ModelAdmin, request: HttpRequest, ticket: Any) -> bool:
        return model_admin.has_change_permission(request, ticket)

    def why_not(self) -> str:
        """Why this cannot be done to the ticket as it stands; empty where it can."""
        raise NotImplementedError

    def consequences(self) -> Iterator[str]:
        """What will happen, in sentences."""
        raise NotImplementedError

    def carry_out(self) -> None:
        """Do it.

        Raises:
            SLAError: it cannot be done to the ticket as it stands.
        """
        raise NotImplementedError


class HoldForm(ActionForm):
    link = gettext_lazy("Put on hold…")
    title = gettext_lazy("Put on hold")
    done = gettext_lazy("“%(ticket)s” is on hold.")

    def why_not(self) -> str:
        if _category(self.ticket).done:
            return _("A ticket that is resolved or closed cannot be put on hold.")
        return _("The ticket is on hold already.") if self.ticket.sla.hold else ""

    def consequences(self) -> Iterator[str]:
        pauses = {metric.name for metric in registry.metrics() if metric.pauses}
        clocks = list(_running(self.ticket))
        still = [clock for clock in clocks if clock.metric in pauses]
        yield _("From now on these clocks stand still, whatever the status of the ticket: %s.") % (
            _listed(still) or "—"
        )
        if going := [clock for clock in clocks if clock not in still]:
            yield _("These are never paused and run on: %s.") % _listed(going)
        yield _("Releasing, resolving or closing the ticket ends the hold.")

    def carry_out(self) -> None:
        self.ticket.sla.pause(self.cleaned_data["reason"])


class ReleaseForm(ActionForm):
    link = gettext_lazy("Release…")
    title = gettext_lazy("Release from hold")
    done = gettext_lazy("“%(ticket)s” is no longer on hold.")

    def why_not(self) -> str:
        return "" if self.ticket.sla.hold else _("The ticket is not on hold.")

    def consequences(self) -> Iterator[str]:
        if _category(self.ticket) is Category.PAUSED:
            yield _("The clocks stay paused, because the status of the ticket pauses them too.")
        else:
            yield _("The clocks that stood still go on from now. The time on hold does not count.")

    def carry_out(self) -> None:
        self.ticket.sla.resume(self.cleaned_data["reason"])


class MetricForm(ActionForm):
    """Something that is done to the clock of one metric."""

    none: ClassVar[Any]
    """Why there is no clock to choose."""

    metric = forms.ChoiceField(
        label=gettext_lazy("Clock"),
        widget=AdminRadioSelect(attrs={"class": "radiolist"}),
        error_messages={
            "invalid_choice": gettext_lazy("This clock is no longer one of those to choose from.")
        },
    )
    field_order = ["metric", "due", "reason"]

    def __init__(self, ticket: Any, data: Any = None):
        super().__init__(ticket, data)
        choices = [(clock.metric, self.describe(clock)) for clock in self.clocks()]
        field: Any = self.fields["metric"]
        field.choices = choices
        if len(choices) == 1:
            field.initial = choices[0][0]

    def clocks(self) -> Iterable[Clock]:
        """Those that this can be done to."""
        raise NotImplementedError

    def describe(self, clock: Clock) -> str:
        instant = due(clock, column=True)
        if instant is None:
            return metric_name(clock.metric)
        words = {"metric": metric_name(clock.metric), "due": local(instant)}
        return _("%(metric)s, due %(due)s") % words

    def why_not(self) -> str:
        return "" if any(self.clocks()) else str(self.none)


class SetTargetForm(MetricForm):
    link = gettext_lazy("Set target…")
    title = gettext_lazy("Set a target")
    done = gettext_lazy("The target of “%(ticket)s” is set.")
    none = gettext_lazy("All clocks of the ticket have stopped, so no target can be set.")

    due = forms.SplitDateTimeField(label=gettext_lazy("Target"), widget=AdminSplitDateTime)

    def clocks(self) -> Iterable[Clock]:
        return _running(self.ticket)

    def consequences(self) -> Iterator[str]:
        yield _("The clock is then due at this instant, whatever its policy says.")
        yield _("Pauses that begin later move the target, and it stays until it is cleared.")

    def clean_due(self) -> datetime:
        instant: datetime = self.cleaned_data["due"]
        check_target(instant, self.ticket.created_at)
        return instant

    def carry_out(self) -> None:
        said = self.cleaned_data
        self.ticket.sla.set_target(said["metric"], said["due"], said["reason"])


class ClearTargetForm(MetricForm):
    link = gettext_lazy("Clear target…")
    title = gettext_lazy("Clear a target")
    done = gettext_lazy("The target of “%(ticket)s” is what its policy says.")
    none = gettext_lazy("No target that could be cleared was set by hand.")

    def clocks(self) -> Iterable[Clock]:
        return (clock for clock in _running(self.ticket) if clock.target is not None)

    def describe(self, clock: Clock) -> str:
        instant = due(replace(clock, target=None), column=True)
        return _("%(clock)s, then %(due)s") % {
            "clock": super().describe(clock),
            "due": _("without a target") if instant is None else local(instant),
        }

    def consequences(self) -> Iterator[str]:
        yield _("The target that was set by hand goes, and the policy decides again.")

    def carry_out(self) -> None:
        said = self.cleaned_data
        self.ticket.sla.clear_target(said["metric"], said["reason"])


class WaiveForm(MetricForm):
    link = gettext_lazy("Waive the breach…")
    title = gettext_lazy("Waive a breach")
    done = gettext_lazy("The breach of “%(ticket)s” is waived.")
    none = gettext_lazy("The ticket has no breach that is not waived already.")

    @staticmethod
    def allowed(model_admin: ModelAdmin, request: HttpRequest, ticket: Any) -> bool:
        user: Any = request.user
        return user.has_perm(WAIVE) and model_admin.has_view_permission(request, ticket)

    def clocks(self) -> Iterable[Clock]:
        instant = now()
        return (
            clock
            for clock in _latest(self.ticket)
            if not clock.waived and judge(clock, instant).late
        )

    def describe(self, clock: Clock) -> str:
        state = StateName(judge(clock, now()).state)
        return f"{super().describe(clock)} · {state.label}"

    def consequences(self) -> Iterator[str]:
        yield _("The breach stays on record. Reports show compliance with it and without it.")
        yield _("A waiver cannot be taken back.")

    def carry_out(self) -> None:
        self.ticket.sla.waive(self.cleaned_data["metric"], self.cleaned_data["reason"])


ACTIONS: dict[str, type[ActionForm]] = {
    "hold": HoldForm,
    "release": ReleaseForm,
    "set-target": SetTargetForm,
    "clear-target": ClearTargetForm,
    "waive": WaiveForm,
}
"""By their names in addresses."""


def _latest(ticket: Any) -> Iterator[Clock]:
    """The clocks of a ticket, of each metric the latest cycle."""
    clocks = {clock.metric: clock for clock in ticket.sla.clocks}
    return iter(clocks.values())


def _running(ticket: Any) -> Iterator[Clock]:
    return (clock for clock in _latest(ticket) if clock.stopped_at is None)


def _listed(clocks: Iterable[Clock]) -> str:
    return ", ".join(metric_name(clock.metric) for clock in clocks)


def _category(ticket: Any) -> Category:
    sla = type(ticket).sla
    category: Category = sla.category(getattr(ticket, sla.attname(sla.status), None))
    return category
