"""The desk before anybody wrote the migration that brings the SLA along."""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    operations = []
