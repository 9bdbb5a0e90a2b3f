"""helpdesk at its usual place, the admin, and the pages of django_sla."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("helpdesk/", include("helpdesk.urls")),
    path("sla/", include("django_sla.urls")),
    path("admin/", admin.site.urls),
]
