from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("sla/", include("django_sla.urls")),
    path("api/", include("tests.api.urls")),
]
