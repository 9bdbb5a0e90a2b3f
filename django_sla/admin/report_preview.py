"""The mail of a report schedule, as a page that can do nothing."""

from base64 import b64encode
from datetime import datetime

from django.http import HttpResponse
from django.utils.html import format_html

from django_sla.exceptions import Undeliverable
from django_sla.models import ReportSchedule
from django_sla.reports.letter import write

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
)
"""Mails have their styles in them. Nothing is run and nothing is fetched."""


def mail(schedule: ReportSchedule, using: str, now: datetime) -> HttpResponse:
    """In the language of whoever asks; why there is none, where it cannot be made."""
    try:
        contents = write(schedule.order(now, void=False), using)
    except (Undeliverable, LookupError, ValueError, OSError) as error:
        response = HttpResponse(format_html("<!DOCTYPE html><title>—</title><p>{}</p>", error))
    else:
        html = contents.html
        for name, png in contents.images.items():
            data = b64encode(png).decode()
            html = html.replace(f'"cid:{name}"', f'"data:image/png;base64,{data}"')
        response = HttpResponse(html)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
