from django.urls import path

from . import views

app_name = "desk"
urlpatterns = [
    path("", views.ticket_list, name="list"),
    path("zone/", views.zone, name="zone"),
    path("tickets/new/", views.ticket_new, name="new"),
    path("tickets/<str:number>/", views.ticket_detail, name="detail"),
    path("tickets/<str:number>/comment/", views.comment, name="comment"),
    path("tickets/<str:number>/move/", views.move, name="move"),
    path("tickets/<str:number>/assign/", views.assign, name="assign"),
]
