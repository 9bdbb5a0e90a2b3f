from django.contrib import admin
from django.urls import path
from intake import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("tickets/", views.tickets),
    path("tickets/export/", views.export),
    path("tickets/<int:pk>/move/", views.move),
    path("tickets/<int:pk>/comment/", views.comment),
]
