import pytest
@pytest.mark.parametrize("path", ["/", "/tickets/new/", "/tickets/INC0000001/", "/admin/", "/admin/django_sla/policy/", "/admin/django_sla/policy/add/", "/admin/django_sla/calendar/add/","/admin/desk/ticket/","/admin/desk/ticket/1/change/", "/admin/desk/ticket/1/history/","/admin/django_sla/policy/sources/","/admin/django_sla/recalculation/add/","/admin/desk/ticket/1/sla/set-target/", "/admin/desk/ticket/add/", "/admin/auth/user/", "/admin/auth/user/add/", "/admin/desk/department/add/", "/admin/django_sla/recalculation/"])
def test_x(admin, path):
    admin.open(path)
