"""What the views for monitors share."""

from collections.abc import Callable
from typing import Any

from django.db import connections, transaction
from django.http import HttpResponseBase
from django.views import View


class Apart(View):
    """Read-only, and outside any transaction: with ``ATOMIC_REQUESTS`` one would begin before the
    view could answer for a database that is away."""

    http_method_names = ["get", "head", "options"]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        view = super().as_view(**initkwargs)
        for alias in connections:
            view = transaction.non_atomic_requests(alias)(view)
        return view
