"""Bodies that are made to bring down whoever reads them."""

from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError


class Guard:
    """Before a parser: what is nested too deeply for it is refused, and not a server error."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)  # type: ignore[misc]
        except RecursionError:
            raise ParseError(_("It is nested too deeply.")) from None


@cache
def guarded(parser: type) -> type:
    """The same parser, guarded."""
    return type(parser.__name__, (Guard, parser), {})
