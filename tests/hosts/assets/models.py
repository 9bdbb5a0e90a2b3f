"""A ticket model with a field of every type that conditions may ask, and rows it points to whose
keys are no integers."""

import uuid

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models

from django_sla.models import SLA, SLAMixin


class Site(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=50)
    code = models.SlugField(blank=True)
    password = models.CharField(max_length=50, blank=True)
    vip = models.BooleanField(default=False)
    opened_on = models.DateField(null=True, blank=True)
    manager = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = "site"

    def __str__(self) -> str:
        return f"Site {self.name}"


class Country(models.Model):
    """What points here does so by its code."""

    code = models.CharField(max_length=2, unique=True)

    def __str__(self) -> str:
        return self.code


class AssetTicket(SLAMixin, models.Model):
    class Category(models.IntegerChoices):
        HARDWARE = 1, "Hardware"
        SOFTWARE = 2, "Software"

    sort = models.IntegerField(choices=Category, default=Category.HARDWARE)
    site = models.ForeignKey(Site, models.SET_NULL, null=True, blank=True)
    country = models.ForeignKey(Country, models.SET_NULL, to_field="code", null=True, blank=True)
    archived_site = models.ForeignKey(
        Site, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="+"
    )
    model_number = models.CharField(max_length=8, blank=True)
    serial_number = models.IntegerField(default=0)
    cost = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    weight = models.FloatField(null=True, blank=True)
    pieces = models.PositiveIntegerField(null=True, validators=[MinValueValidator(1)])
    leased = models.BooleanField(default=False)
    insured = models.BooleanField(null=True)
    bought_on = models.DateField(null=True, blank=True)
    needed_at = models.DateTimeField(null=True, blank=True)
    effort = models.DurationField(null=True, blank=True)
    tag = models.UUIDField(null=True, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    notes = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)

    sla = SLA(status=None, priority=None, requester=None)

    def __str__(self) -> str:
        return f"Asset {self.pk}"
