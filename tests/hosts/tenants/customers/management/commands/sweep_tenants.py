from customers.models import Company
from django.core.management import BaseCommand, CommandError, call_command
from django_tenants.utils import get_public_schema_name, tenant_context


class Command(BaseCommand):
    help = "Watches the deadlines of every tenant, and sends what there is to tell."

    def handle(self, **options):
        failed = []
        for company in Company.objects.exclude(schema_name=get_public_schema_name()):
            with tenant_context(company):
                try:
                    call_command("sla_sweep", "--deliver", verbosity=options["verbosity"])
                except CommandError:  # it has said why; the others shall not wait
                    failed.append(company.name)
        if failed:
            raise CommandError(f"Not everything went well: {', '.join(failed)}")
