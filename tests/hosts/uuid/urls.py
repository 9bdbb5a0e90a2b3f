from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import SimpleRouter
from service.api import TicketViewSet

router = SimpleRouter()
router.register("tickets", TicketViewSet)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
]
