from django.contrib import admin
from django.urls import path
from helpline import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("calls/<int:pk>/", views.call, name="call"),
]
