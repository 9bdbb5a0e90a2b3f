"""Views that change a ticket in every way there is, some of them broken.

``/<style>/<change>/<request id>/<ticket>/``; ``?fail=`` says where the view breaks.
"""

import asyncio
import random
import time
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tests.hosts.desk.models import Comment, Ticket

PAUSE = 0.004
"""Seconds, at most, in which others get their turn."""


class BrokenView(Exception):
    """What a broken view raises."""


def dawdle() -> None:
    time.sleep(random.random() * PAUSE)


def save(ticket: Ticket, rid: str, **values: str) -> None:
    for name, value in values.items():
        setattr(ticket, name, value)
    ticket._change_reason = rid
    dawdle()
    ticket.save()


def priority(request: HttpRequest, rid: str, pk: int) -> None:
    save(Ticket.objects.get(pk=pk), rid, priority="urgent")


def status(request: HttpRequest, rid: str, pk: int) -> None:
    save(Ticket.objects.get(pk=pk), rid, status="pending")
    save(Ticket.objects.get(pk=pk), rid, status="resolved")


def target(request: HttpRequest, rid: str, pk: int) -> None:
    due = timezone.now() + timedelta(hours=3)
    Ticket.objects.get(pk=pk).sla.set_target("resolution", due, reason=rid)


def waive(request: HttpRequest, rid: str, pk: int) -> None:
    Ticket.objects.get(pk=pk).sla.waive("response", reason=rid)


def comment(request: HttpRequest, rid: str, pk: int) -> None:
    """A first response, so that the ticket's row changes, too."""
    dawdle()
    Comment.objects.create(ticket_id=pk, author=request.user, body=rid, created_at=timezone.now())


def bulk(request: HttpRequest, rid: str, pk: int) -> None:
    Ticket.objects.filter(pk=pk).update(priority="low")


CHANGES = {change.__name__: change for change in (priority, status, target, waive, comment, bulk)}
WITHOUT_REASON = {"comment", "bulk"}
"""Changes that say no reason; the ticket tells which request they are of."""


def work(request: HttpRequest, change: str, rid: str, pk: int) -> None:
    """Make the change, and break where the client says so."""
    fail = request.GET.get("fail")
    if fail == "before":
        raise BrokenView(rid)
    if fail == "inside":
        with transaction.atomic():
            CHANGES[change](request, rid, pk)
            dawdle()
            raise BrokenView(rid)
    CHANGES[change](request, rid, pk)
    dawdle()
    if fail == "after":
        raise BrokenView(rid)


@csrf_exempt
def in_sync(request: HttpRequest, **asked: Any) -> HttpResponse:
    work(request, **asked)
    return HttpResponse()


@csrf_exempt
async def in_async(request: HttpRequest, **asked: Any) -> HttpResponse:
    """An async view around what is not."""
    await asyncio.sleep(random.random() * PAUSE)
    await sync_to_async(work)(request, **asked)
    await asyncio.sleep(random.random() * PAUSE)
    return HttpResponse()


@csrf_exempt
async def in_a_pool(request: HttpRequest, **asked: Any) -> HttpResponse:
    """An async view that works on whichever thread of a pool is free."""

    def job() -> None:
        try:
            work(request, **asked)
        finally:
            connections.close_all()  # nobody else does on these threads

    await sync_to_async(job, thread_sensitive=False)()
    return HttpResponse()


@csrf_exempt
async def native(request: HttpRequest, change: str, rid: str, pk: int) -> HttpResponse:
    """Async from end to end, two changes at once; only where the ticket is saved or replied to."""
    if request.GET.get("fail") == "before":
        raise BrokenView(rid)
    user = await request.auser()
    ticket = await Ticket.objects.aget(pk=pk)
    ticket.priority, ticket._change_reason = "high", rid
    await asyncio.sleep(random.random() * PAUSE)
    await asyncio.gather(
        ticket.asave(),
        Comment.objects.acreate(ticket_id=pk, author=user, body=rid, created_at=timezone.now()),
    )
    await asyncio.sleep(random.random() * PAUSE)
    if request.GET.get("fail") == "after":
        raise BrokenView(rid)
    return HttpResponse()


STYLES = {"sync": in_sync, "async": in_async, "pool": in_a_pool, "native": native}

urlpatterns = [
    path(f"{style}/<str:change>/<str:rid>/<int:pk>/", view) for style, view in STYLES.items()
]
