import asyncio

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from django_sla.reports.export import streamed
from django_sla.reports.tickets import TicketList

from .models import Ticket


async def tickets(request):
    """All tickets with how they stand; a POST opens one."""
    if request.method == "POST":
        await _spam_filter()
        requester = await request.auser()
        await Ticket.objects.acreate(title=request.POST["title"], requester=requester)
        return HttpResponse(status=201)
    found = [ticket async for ticket in Ticket.objects.with_verdicts().order_by("pk")]
    states = [
        {"id": one.pk, "response": one.sla.response.state, "resolution": one.sla.resolution.state}
        for one in found
    ]
    return JsonResponse({"tickets": states})


@require_POST
async def move(request, pk):
    ticket = await Ticket.objects.aget(pk=pk)
    await _spam_filter()
    ticket.status = request.POST["status"]
    await ticket.asave()
    return HttpResponse(status=204)


@require_POST
async def comment(request, pk):
    ticket = await Ticket.objects.aget(pk=pk)
    await _spam_filter()
    await ticket.comments.acreate(author=await request.auser(), text=request.POST["text"])
    return HttpResponse(status=204)


def export(request):
    return streamed(TicketList(Ticket.objects.all()), "tickets", "csv")


async def _spam_filter():
    """Stands for a call of another service, during which other requests are served."""
    await asyncio.sleep(0.1)
