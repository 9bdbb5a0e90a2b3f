"""Terms are written where they are pinned, in each schema that a connection is switched to."""

from typing import Any

import pytest
from django.db import connections

from django_sla.conf import settings
from django_sla.models import Terms
from django_sla.tables.terms import forget_committed, pin


@pytest.fixture
def become(monkeypatch: Any) -> Any:
    """Switch the connection to a tenant's schema, which has no terms yet."""
    forget_committed()

    def become(tenant: str) -> None:
        monkeypatch.setattr(connections["default"], "schema_name", tenant, raising=False)
        Terms.objects.all().delete()

    yield become
    forget_committed()


@pytest.mark.django_db
def test_what_one_tenant_has_the_next_one_gets_too(
    become: Any, django_capture_on_commit_callbacks: Any
) -> None:
    terms = settings.default_policy.terms
    for tenant in ("acme", "globex"):
        become(tenant)
        with django_capture_on_commit_callbacks(execute=True):
            assert Terms.objects.filter(pk=pin(terms, "default")).exists()


@pytest.mark.django_db
def test_what_is_committed_is_not_asked_for_again(
    become: Any, django_capture_on_commit_callbacks: Any, django_assert_num_queries: Any
) -> None:
    terms = settings.default_policy.terms
    become("acme")
    with django_capture_on_commit_callbacks(execute=True):
        pin(terms, "default")
    with django_assert_num_queries(0):
        pin(terms, "default")
