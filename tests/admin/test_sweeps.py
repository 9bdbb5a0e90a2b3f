"""The list of sweeps, and the banner that says whether deadlines are watched."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client, override_settings
from django.urls import reverse

from django_sla.admin import sweeps
from django_sla.admin.sweeps import notes
from django_sla.models import Notice, Sweep
from django_sla.tables.watching import watching
from tests.conftest import after
from tests.flow.watching import CHANNELS, at, opened, policy, swept

pytestmark = pytest.mark.django_db

LIST = "/admin/django_sla/sweep/"
OPS = {"metric": "resolution", "when": "due", "channel": "note", "to": ["ops@example.com"]}
RESOLUTION = {"*": {"resolution": "8h"}}
COMMAND = "python manage.py sla_sweep --loop 30"


@pytest.fixture(autouse=True)
def channels() -> Iterator[None]:
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS}):
        yield


def banner(hours: float) -> list[tuple[str, str, str]]:
    found = watching("default", after(hours))
    return [(note.level, note.text, note.command) for note in notes(found)]


def page(client: Client, path: str = LIST, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def client_with(*codenames: str) -> Client:
    user = get_user_model().objects.create_user("person", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


# The banner


def test_nobody_has_ever_swept(admin_client: Client) -> None:
    said = page(admin_client)
    assert '<li class="error">No sweep has ever finished: nobody is told of breaches.' in said
    assert f"<code>{COMMAND}</code>" in said


def test_all_is_well() -> None:
    policy()
    opened()
    swept(1)
    assert banner(1 + 40 / 3600) == [("success", "Last sweep 40s ago, nothing late.", "")]


def test_nobody_sweeps_any_more() -> None:
    swept(1)
    assert banner(3) == [
        ("error", "No sweep for 2h: nobody is told of breaches.", COMMAND),
    ]


def test_sweeps_do_not_keep_up() -> None:
    policy(goals=RESOLUTION)
    opened()
    opened()
    Sweep.objects.create(started_at=after(7), finished_at=after(7))
    [(level, text, _command)] = banner(7)
    assert level == "error"
    assert text.startswith("Last sweep 0s ago, and 2 clocks are due, the oldest for 1h")


def test_a_ticket_that_no_sweep_can_look_at() -> None:
    policy(goals=RESOLUTION)
    opened().sla_clocks.update(pauses=["<b>forged</b>"])
    swept(7)
    [_first, (level, text, command)] = banner(7)
    assert (level, command) == ("error", "python manage.py sla_doctor")
    assert text.startswith("1 ticket could not be looked at lately: ")


def test_a_problem_is_shown_as_it_is(admin_client: Client) -> None:
    with at(1):
        Sweep.objects.create(finished_at=after(1), failed=1, problem="<b>forged</b>")
        assert "&lt;b&gt;forged" in page(admin_client)


def test_nobody_delivers_and_what_was_given_up() -> None:
    policy(OPS, goals=RESOLUTION)
    for _number in range(3):
        opened()
    swept(0)
    swept(9)
    Notice.objects.filter(pk=Notice.objects.first().pk).update(standing="dead")
    swept(9.5)
    assert banner(9.5) == [
        ("success", "Last sweep 0s ago, nothing late.", ""),
        (
            "error",
            "2 notices wait to be sent, the oldest for 30m: nobody delivers them.",
            COMMAND,
        ),
        ("warning", "1 notice was given up: whom it is for was not told.", ""),
    ]


def test_the_banner_leads_to_what_was_given_up() -> None:
    Notice.objects.create(key="k", kind="target_breached", at=after(0), standing="dead")
    notices = "/admin/django_sla/notice/?standing__exact=dead"
    assert f'<a href="{notices}">' in page(client_with("view_sweep", "view_notice"))


def test_those_who_may_not_see_notices_get_no_link() -> None:
    Notice.objects.create(key="k", kind="target_breached", at=after(0), standing="dead")
    said = page(client_with("view_sweep"))
    assert "1 notice was given up" in said
    assert "/admin/django_sla/notice/" not in said


# The list


def test_what_a_sweep_did_in_words(admin_client: Client) -> None:
    policy(goals=RESOLUTION)
    opened()
    Sweep.objects.create(started_at=after(0), host="killed-one")
    swept(8.5)
    Sweep.objects.filter(due=1).update(finished_at=after(8.5) + timedelta(seconds=1.25))
    with at(8.6):
        Sweep.objects.create(host="running-one", started_at=after(8.55))
        said = page(admin_client)
    assert '<td class="field-took">1.25 s</td>' in said
    assert '<td class="field-late">2h 30m</td>' in said
    assert "did not finish" in said
    assert "not finished yet" in said


def test_sweeps_by_what_came_of_them(admin_client: Client) -> None:
    for name, values in {
        "quiet": {"finished_at": after(1)},
        "busy": {"finished_at": after(1), "recorded": 3},
        "failing": {"finished_at": after(1), "failed": 1},
        "killed": {},
    }.items():
        Sweep.objects.create(host=f"{name}-host", **values)

    def hosts(found: str) -> set[str]:
        said = page(admin_client, found=found)
        return {name for name in ("quiet", "busy", "failing", "killed") if f"{name}-host" in said}

    assert hosts("recorded") == {"busy"}
    assert hosts("failed") == {"failing"}
    assert hosts("unfinished") == {"killed"}
    assert hosts("anything else") == {"quiet", "busy", "failing", "killed"}


def test_it_is_only_read(admin_client: Client) -> None:
    run = Sweep.objects.create(finished_at=after(1), failed=1, problem="17: KeyError")
    change = reverse("admin:django_sla_sweep_change", args=[run.pk])
    assert "17: KeyError" in page(admin_client, change)
    assert admin_client.post(change, {"problem": ""}).status_code == 403
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{run.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Sweep.objects.get().problem == "17: KeyError"


def test_who_may_see_it() -> None:
    assert client_with("view_notice").get(LIST).status_code == 403


def test_of_several_databases_each_is_told_by_its_name(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "default: No sweep" not in page(admin_client)
    monkeypatch.setattr(sweeps, "databases", lambda: ["default", "default"])
    assert page(admin_client).count("default: No sweep") == 2
