"""Searches of lists that a database can do."""

from itertools import islice
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import smart_split

MOST_WORDS = 100
"""Each is a condition more. Of some hundreds SQLite says that the expression is too deep."""


class SearchableAdmin(admin.ModelAdmin):
    """Looks for the first hundred words of what somebody pasted."""

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        words = " ".join(islice(smart_split(search_term), MOST_WORDS))
        return super().get_search_results(request, queryset, words)
