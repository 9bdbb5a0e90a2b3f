"""The API for Django REST framework. Needs the extra ``api``.

``SLAViewSetMixin`` gives a host's viewset of tickets the addresses below ``{id}/sla/``,
``SLASerializerMixin`` its serializer a ``sla``, and the other views are reports.

Raises:
    APINotInstalled: imported where a package of the extra is not there.
"""

from django_sla.exceptions import APINotInstalled

try:
    import drf_spectacular
    import rest_framework
except ImportError:
    raise APINotInstalled from None
else:
    del drf_spectacular, rest_framework

from django_sla.api.filters import SLAFilter
from django_sla.api.limits import SLAPagination, SLAThrottle
from django_sla.api.reports import (
    ComplianceReportView,
    ComplianceTicketsView,
    TimeByDimensionView,
    TimeInStatusView,
)
from django_sla.api.serializer import SLASerializerMixin
from django_sla.api.viewset import SLAViewSetMixin

__all__ = [
    "ComplianceReportView",
    "ComplianceTicketsView",
    "SLAFilter",
    "SLAPagination",
    "SLASerializerMixin",
    "SLAThrottle",
    "SLAViewSetMixin",
    "TimeByDimensionView",
    "TimeInStatusView",
]
