"""How much can be asked for at once, and how often."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.throttling import ScopedRateThrottle


class SLAPagination(PageNumberPagination):
    """Pages of ``page_size`` by the parameter ``page``; more than ``max_page_size`` is refused."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_size(self, request: Any) -> int:
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not (given.isdecimal() and given.isascii() and 0 < _number(given) <= self.max_page_size):
            said = _("It must be a number from 1 to %(most)d.") % {"most": self.max_page_size}
            raise ValidationError({self.page_size_query_param: [said]})
        return int(given)

    def get_schema_operation_parameters(self, view: Any) -> Any:
        parameters = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            parameter["schema"]["minimum"] = 1
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"]["maximum"] = self.max_page_size
        return parameters


def _number(digits: str) -> int:
    """As many digits as no cap has are read no further."""
    return int(digits[:10])


class SLAThrottle(ScopedRateThrottle):
    """How often somebody may ask, by the scopes ``sla_read``, ``sla_write`` and ``sla_report`` of
    ``DEFAULT_THROTTLE_RATES``. A scope without a rate has no limit."""

    scope_attr = "sla_throttle_scope"

    def get_rate(self) -> str | None:
        return self.THROTTLE_RATES.get(self.scope)

    def allow_request(self, request: Any, view: Any) -> bool:
        self.scope = getattr(view, self.scope_attr, None)
        return self.get_rate() is None or super().allow_request(request, view)
