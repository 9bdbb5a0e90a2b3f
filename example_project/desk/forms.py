from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Q, TextChoices

from django_sla.models import SLAQuerySet

from .models import DONE, Comment, Department, Ticket


def people(**which: Any) -> Any:
    return (
        get_user_model().objects.filter(is_active=True, **which).order_by("first_name", "username")
    )


class PersonField(forms.ModelChoiceField):
    def label_from_instance(self, person: User) -> str:
        return person.get_full_name() or person.username


class Tab(TextChoices):
    """Which tickets the list shows, by how they stand."""

    OPEN = "open"
    BREACHED = "breached"
    AT_RISK = "at_risk", "At risk"
    PAUSED = "paused"
    DONE = "done"
    ALL = "all"

    def of(self, tickets: SLAQuerySet) -> SLAQuerySet:
        match self:
            case Tab.OPEN:
                return tickets.exclude(status__in=DONE)
            case Tab.DONE:
                return tickets.filter(status__in=DONE)
            case Tab.BREACHED:
                return tickets.breached()
            case Tab.AT_RISK:
                return tickets.at_risk()
            case Tab.PAUSED:
                return tickets.paused()
        return tickets


class FilterForm(forms.Form):
    """What the list is narrowed to. Nonsense in the address narrows nothing."""

    state = forms.ChoiceField(choices=Tab, required=False)
    priority = forms.ChoiceField(
        choices=[("", "Any priority"), *Ticket.Priority.choices], required=False
    )
    q = forms.CharField(
        label="Search",
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "Number, title or requester"}
        ),
    )

    @property
    def tab(self) -> Tab:
        return Tab(self.cleaned_data.get("state") or Tab.OPEN)

    @property
    def narrowed(self) -> bool:
        return any(self.cleaned_data.values())

    def narrow(self, tickets: SLAQuerySet) -> SLAQuerySet:
        found = self.tab.of(tickets)
        if priority := self.cleaned_data.get("priority"):
            found = found.filter(priority=priority)
        if q := self.cleaned_data.get("q"):
            found = found.filter(
                Q(number__icontains=q)
                | Q(title__icontains=q)
                | Q(requester__username__icontains=q)
                | Q(requester__first_name__icontains=q)
                | Q(requester__last_name__icontains=q)
            )
        return found


class TicketForm(forms.ModelForm):
    class Meta:
        model = Ticket
        fields = ["title", "description", "priority", "category", "department", "requester"]
        field_classes = {"requester": PersonField}
        widgets = {"description": forms.Textarea(attrs={"rows": 6})}
        help_texts = {
            "title": "What is wrong, in a few words.",
            "description": "Since when, where, and what you tried already.",
            "priority": "Decides how fast we answer and resolve it.",
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["requester"].queryset = people()
        self.fields["requester"].initial = user.pk
        self.fields["requester"].required = True
        self.fields["department"].empty_label = "Not decided yet"
        if not user.is_staff:
            # For agents to say; without them a ticket is its author's own.
            for name in ("department", "requester"):
                del self.fields[name]
            self.instance.requester = user


class AssignForm(forms.ModelForm):
    class Meta:
        model = Ticket
        fields = ["priority", "assignee", "department"]
        field_classes = {"assignee": PersonField}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = people(is_staff=True)
        self.fields["assignee"].empty_label = "Nobody"
        self.fields["department"].queryset = Department.objects.all()
        self.fields["department"].empty_label = "None"


def zones() -> list[tuple[str, str]]:
    """Those that are called by a place, and UTC."""
    names = sorted(name for name in available_timezones() if "/" in name or name == "UTC")
    return [(name, name.replace("_", " ")) for name in names if not name.startswith("Etc/")]


class ZoneForm(forms.Form):
    zone = forms.ChoiceField(
        label="Time zone",
        choices=zones,
        help_text="All times are shown in it, and read in it where you type them.",
    )


class CommentForm(forms.ModelForm):
    class Meta:
        model = Comment
        fields = ["body", "internal"]
        labels = {"body": "Your message", "internal": "Internal note"}
        widgets = {"body": forms.Textarea(attrs={"rows": 4})}
        help_texts = {"internal": "For agents; it does not count as a response."}

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not user.is_staff:
            del self.fields["internal"]
