"""The desk's pages. Staff see every ticket, others their own; a ticket that is not for you is
not found, so that nobody learns which numbers exist."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_fsm import TransitionNotAllowed

from django_sla.models import SLAQuerySet
from django_sla.views import DashboardView

from .forms import AssignForm, CommentForm, FilterForm, Tab, TicketForm, ZoneForm
from .models import DONE, WAITING, Status, Ticket

PER_PAGE = 25


def visible(user: Any) -> SLAQuerySet:
    return Ticket.objects.all() if user.is_staff else Ticket.objects.filter(requester=user)


class DeskDashboard(DashboardView):
    """How far the desk keeps its promises, for its staff."""

    def get_tickets(self, model: Any, user: Any) -> SLAQuerySet:
        tickets: SLAQuerySet = model.objects.all()
        return tickets if user.is_staff else tickets.none()


def get_ticket(request: HttpRequest, number: str) -> Ticket:
    tickets = visible(request.user).select_related("requester", "assignee", "department")
    return get_object_or_404(tickets, number=number)


@login_required
def ticket_list(request: HttpRequest) -> HttpResponse:
    tickets = visible(request.user)
    form = FilterForm(request.GET)
    form.is_valid()
    found = form.narrow(tickets).select_related("requester", "assignee").by_urgency()
    page = Paginator(found.with_verdicts(), PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    counted = (Tab.OPEN, Tab.BREACHED, Tab.AT_RISK, Tab.PAUSED)
    context = {
        "form": form,
        "page": page,
        "query": query.urlencode(),
        "counts": [(tab, tab.of(tickets).count()) for tab in counted],
    }
    return render(request, "desk/ticket_list.html", context)


@login_required
def ticket_detail(request: HttpRequest, number: str) -> HttpResponse:
    return _detail(request, get_ticket(request, number))


def _detail(request: HttpRequest, ticket: Ticket, **forms: Any) -> HttpResponse:
    comments = ticket.comments.select_related("author")
    context = {
        "ticket": ticket,
        "comment_form": CommentForm(user=request.user),
    }
    if request.user.is_staff:
        context |= {"assign_form": AssignForm(instance=ticket), "moves": _moves(ticket)}
    else:
        comments = comments.filter(internal=False)
    context |= {"comments": comments, **forms}
    return render(request, "desk/ticket_detail.html", context)


def _moves(ticket: Ticket) -> dict[str, list[tuple[str, str]]]:
    """The buttons of the workflow as (status, label): the next step, reasons to wait, the rest."""
    moves = ticket.moves()
    steps = [status for status in Status.values if status in moves and status not in WAITING]
    named = [(status, moves[status].custom["label"]) for status in steps]
    ahead = [] if ticket.status in DONE else named[:1]
    return {
        "next": ahead,
        "waits": [(status, status.label) for status in WAITING if status in moves],
        "rest": named[len(ahead) :],
    }


@login_required
def ticket_new(request: HttpRequest) -> HttpResponse:
    form = TicketForm(request.POST or None, user=request.user)
    if form.is_valid():
        ticket = form.save()
        messages.success(request, f"{ticket.number} is open. You will hear from us.")
        return redirect(ticket)
    return render(request, "desk/ticket_form.html", {"form": form})


@login_required
@require_POST
def comment(request: HttpRequest, number: str) -> HttpResponse:
    ticket = get_ticket(request, number)
    form = CommentForm(request.POST, user=request.user)
    form.instance.ticket, form.instance.author = ticket, request.user
    if not form.is_valid():
        return _detail(request, ticket, comment_form=form)
    form.save()
    if request.user == ticket.requester and ticket.status == Status.AWAITING_USER:
        # What was asked of them has come: the ball is with the desk again.
        ticket.resume()
        ticket.save()
    return redirect(f"{ticket.get_absolute_url()}#comment-{form.instance.pk}")


@login_required
@require_POST
def move(request: HttpRequest, number: str) -> HttpResponse:
    ticket = _for_staff(request, number)
    try:
        ticket.move_to(request.POST.get("status", ""))
    except TransitionNotAllowed:
        messages.error(request, f"Not from here: the ticket is {ticket.get_status_display()} now.")
    else:
        ticket.save()
        messages.success(request, f"Status: {ticket.get_status_display()}")
    return redirect(ticket)


@login_required
@require_POST
def assign(request: HttpRequest, number: str) -> HttpResponse:
    ticket = _for_staff(request, number)
    form = AssignForm(request.POST, instance=ticket)
    if not form.is_valid():
        # Afresh: the form has put on this ticket what is not saved.
        return _detail(request, get_ticket(request, number), assign_form=form)
    form.save()
    messages.success(request, "Saved.")
    return redirect(ticket)


@login_required
def zone(request: HttpRequest) -> HttpResponse:
    here = {"zone": timezone.get_current_timezone_name()}
    form = ZoneForm(request.POST or None, initial=here)
    if form.is_valid():
        request.session["zone"] = form.cleaned_data["zone"]
        messages.success(request, f"Times are in {request.session['zone']} now.")
        return redirect("desk:list")
    return render(request, "desk/zone.html", {"form": form})


def _for_staff(request: HttpRequest, number: str) -> Ticket:
    ticket = get_ticket(request, number)
    if not request.user.is_staff:
        raise PermissionDenied
    return ticket
