from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render

from .models import Call


@login_required
def call(request, pk):
    """The page of a call, on which a note is written and the state is set."""
    call = get_object_or_404(Call, pk=pk)
    if request.method == "POST":
        with transaction.atomic():
            if text := request.POST.get("text"):
                call.notes.create(by=request.user, text=text, public="public" in request.POST)
            call.state = request.POST.get("state", call.state)
            call.save()
        return redirect("call", pk=pk)
    return render(request, "helpline/call.html", {"call": call})
