"""All that the examples of the documentation ask of a desk."""

from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import models

from django_sla.models import SLA, SLAMixin
from django_sla.moment import now

DIMENSIONS = {
    "agent": "assignee",
    "department": "department",
    "division": "department__division",
}


class Row(models.Model):
    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"


class Division(models.Model):
    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Department(models.Model):
    name = models.CharField(max_length=50)
    division = models.ForeignKey(Division, models.SET_NULL, null=True)
    lead = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    members = models.ManyToManyField(User)

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    key = models.CharField(max_length=10, unique=True)

    def __str__(self) -> str:
        return self.key


class Customer(models.Model):
    name = models.CharField(max_length=50)
    vip = models.BooleanField(default=False)
    plan = models.CharField(max_length=10, default="standard")

    def __str__(self) -> str:
        return self.name


class System(Row):
    critical = models.BooleanField(default=False)


class Ticket(SLAMixin, models.Model):
    title = models.CharField(max_length=100, default="No mail")
    kind = models.CharField(max_length=20, default="incident")
    priority = models.CharField(max_length=10, default="medium")
    status = models.CharField(max_length=10, default="open")
    requester = models.ForeignKey(User, models.SET_NULL, null=True, related_name="requested")
    assignee = models.ForeignKey(User, models.SET_NULL, null=True, related_name="assigned")
    department = models.ForeignKey(Department, models.SET_NULL, null=True)
    project = models.ForeignKey(Project, models.SET_NULL, null=True)
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True)
    system = models.ForeignKey(System, models.SET_NULL, null=True)
    watchers = models.ManyToManyField(User, related_name="watched")
    opened_on = models.DateTimeField(null=True)
    solved_on = models.DateTimeField(null=True)

    sla = SLA(dimensions=DIMENSIONS)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/tickets/{self.pk}/"


class Message(Row):
    ticket = models.ForeignKey(Ticket, models.CASCADE)
    body = models.TextField(default="Since when?")

    class Meta:
        abstract = True


class Comment(Message):
    author = models.ForeignKey(User, models.SET_NULL, null=True)
    is_public = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now)


class Mail(Message):
    sender = models.ForeignKey(User, models.SET_NULL, null=True)


class Profile(Row):
    user = models.OneToOneField(User, models.CASCADE)
    language = models.CharField(max_length=10, default="fr")
    time_zone = models.CharField(max_length=50, default="Europe/Paris")


class Shifts(models.Manager[Any]):
    def current(self) -> Any:
        return self.get()


class Shift(Row):
    members = models.ManyToManyField(User)

    objects: ClassVar[Any] = Shifts()
