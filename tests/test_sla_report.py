"""``manage.py sla_report``: its options, and what it says of wrong ones."""

# ruff: noqa: F811  fixtures that are imported

import csv
import io
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_sla import registry
from django_sla.flow.deliver import deliver
from django_sla.flow.schedules import put
from django_sla.models import Notice, ReportSchedule
from django_sla.moment import as_of
from django_sla.tables.schedule import Order
from tests.channels.conftest import post, sending_to  # noqa: F401
from tests.channels.servers import Post
from tests.conftest import after
from tests.hosts.desk.models import Ticket
from tests.reports.desk import answered, moved, opened

pytestmark = pytest.mark.django_db

NOW = after(40).isoformat()

Run = Callable[..., str]


@pytest.fixture
def sla_report(monkeypatch: Any) -> Run:
    """Run the command where the desk's is the only ticket model."""
    monkeypatch.setattr(registry, "tickets", {Ticket: Ticket.sla})

    def run(*arguments: str) -> str:
        output = io.StringIO()
        call_command("sla_report", *arguments, stdout=output)
        return output.getvalue()

    return run


def document(sla_report: Run, *arguments: str) -> Any:
    return json.loads(sla_report("--format", "json", *arguments))


def test_without_options_a_table_by_priority(sla_report: Run, agent: Any) -> None:
    moved(answered(opened(), agent, 2), "resolved", 10)
    moved(answered(opened(priority="urgent"), agent, 2), "resolved", 3)
    opened(20, priority="low")
    said = sla_report("--now", NOW)
    lines = [line.split() for line in said.splitlines()]
    assert lines[0][0] == "Priority"
    assert [line[0] for line in lines[3:6]] == ["Urgent", "Medium", "Low"]
    urgent = ["Urgent", "1", "3h", "0.0", "%", "0.0", "%", "2h", "2h"]
    assert lines[3] == [*urgent, "100.0", "%", "100.0", "%", "3h", "3h", "0", "0"]
    assert lines[5] == ["Low", "1", "20h", *"————————", "0", "1"]
    assert lines[-1][:2] == ["Total", "3"]


def test_by_a_dimension_as_csv(sla_report: Run, agent: Any) -> None:
    agent.first_name = "=cmd"
    agent.save()
    opened(assignee=agent)
    found = list(csv.DictReader(io.StringIO(sla_report("--by", "agent", "--format", "csv"))))
    assert [row["group"] for row in found] == ["'=cmd", "Total"]
    assert [row["tickets"] for row in found] == ["1", "1"]


def test_by_status(sla_report: Run) -> None:
    moved(opened(), "pending", 10)
    found = document(sla_report, "--by", "status", "--now", NOW)
    assert [(row["group"], row["average_hours"]) for row in found["rows"]] == [
        ("Open", 10.0),
        ("Pending", 30.0),
    ]
    assert found["total"]["total_hours"] == 40.0


def test_by_month_and_none(sla_report: Run) -> None:
    opened()
    assert [row["group"] for row in document(sla_report, "--by", "month")["rows"]] == ["2026-03"]
    assert document(sla_report, "--by", "none")["rows"] == []


def test_by_two_names(sla_report: Run) -> None:
    opened(priority="low")
    found = document(sla_report, "--by", "priority,week")
    assert found["by"] == "priority,week"
    assert [(row["group"], row["subgroup"]) for row in found["rows"]] == [("Low", "2026-W10")]
    assert (found["total"]["group"], found["total"]["subgroup"]) == ("Total", "")
    assert sla_report("--by", "policy").splitlines()[3].split()[0] == "default"


def test_programs_get_everything_and_people_who_ask_for_it(sla_report: Run, agent: Any) -> None:
    answered(opened(), agent, 2)
    figures = document(sla_report)["total"]
    assert figures["response_p95_hours"] == figures["response_wall_p90_hours"] == 2.0
    assert (figures["open"], figures["reopened"], figures["without_policy"]) == (1, 0, 0)
    assert "wall" not in sla_report()
    assert "wall" in sla_report("--detail")
    width = [len(line) for line in sla_report("--detail").splitlines()]
    assert width[2] == max(width)


def test_only_some_of_the_tickets(sla_report: Run, agent: Any) -> None:
    opened(priority="low", assignee=agent)
    opened(priority="high")

    def tickets(*conditions: str) -> int:
        options = [part for condition in conditions for part in ("--where", condition)]
        count: int = document(sla_report, *options)["total"]["tickets"]
        return count

    assert tickets("priority=low") == tickets(f"agent={agent.pk}") == tickets("agent=") == 1
    assert tickets("priority=low", "priority=high") == 2
    assert tickets("priority=low", "agent=") == 0
    found = document(sla_report, "--by", "status", "--where", "priority=low")
    assert found["total"]["tickets"] == 1


def test_beside_the_period_before(sla_report: Run) -> None:
    opened(-40)
    opened(-35)
    opened(0)
    options = ("--since", "2026-03-02", "--until", "2026-03-03", "--compare")
    found = document(sla_report, *options)["total"]
    assert (found["tickets"], found["tickets_previous"], found["tickets_change"]) == (1, 0, 1)
    options = ("--since", "2026-03-01", "--until", "2026-03-03", "--compare")
    found = document(sla_report, *options)["total"]
    assert (found["tickets"], found["tickets_previous"], found["tickets_change"]) == (1, 2, -1)
    assert "-1" in sla_report(*options).split()
    # By month there is no group to compare with, but there is the total.
    row = document(sla_report, "--by", "month", *options)["rows"][0]
    assert (row["tickets"], row["tickets_previous"], row["tickets_change"]) == (1, None, None)


def test_time_with_each_agent(sla_report: Run, agent: Any) -> None:
    opened(10, assignee=agent)
    found = document(sla_report, "--time-with", "agent", "--now", NOW)
    assert [(row["group"], row["total_hours"]) for row in found["rows"]] == [("agent", 30.0)]


def test_a_period_of_days(sla_report: Run) -> None:
    for hours in (-9.1, -9, 14.9, 15):  # Monday is from hour -9 to hour 15
        opened(hours)
    found = document(sla_report, "--since", "2026-03-02", "--until", "2026-03-03")
    assert found["total"]["tickets"] == 2
    assert (found["since"], found["until"]) == (
        "2026-03-02T00:00:00+00:00",
        "2026-03-03T00:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02", datetime(2026, 3, 2, 3, tzinfo=UTC)),
        ("2026-03-02T09:30", datetime(2026, 3, 2, 12, 30, tzinfo=UTC)),
        ("2026-03-02 09:30:01", datetime(2026, 3, 2, 12, 30, 1, tzinfo=UTC)),
        ("2026-03-02T09:30+02:00", datetime(2026, 3, 2, 7, 30, tzinfo=UTC)),
        ("2026-03-02T09:30Z", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        # Its first hour was skipped.
        ("2016-10-16", datetime(2016, 10, 16, 3, tzinfo=UTC)),
    ],
)
def test_what_has_no_offset_is_local(sla_report: Run, text: str, instant: datetime) -> None:
    with timezone.override(ZoneInfo("America/Sao_Paulo")):
        found = document(sla_report, "--since", text)
    assert datetime.fromisoformat(found["since"]) == instant


def test_the_model_asked_for(sla_report: Run) -> None:
    assert document(sla_report, "--model", "desk.ticket")["total"]["tickets"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--by", "colour"],
            "--by: 'colour' is nothing to group by; "
            "there is priority, agent, department, policy, day, week, month, quarter, status, none",
        ),
        (
            ["--model", "auth.User"],
            "--model: 'auth.User' is not a ticket model; there is desk.Ticket",
        ),
        (["--since", "yesterday"], "--since: 'yesterday' is not a date; write it as 2026-03-31"),
        (["--until", "2026-02-30"], "--until: '2026-02-30' is not a date; write it as"),
        (["--until", "2026-02-03T25:00"], "--until: '2026-02-03T25:00' is not a date"),
        (["--since", ""], "--since: '' is not a date"),
        (
            ["--since", "2026-03-02", "--until", "2026-03-02"],
            "--since: 2026-03-02 00:00:00+00:00 is not before --until, 2026-03-02 00:00:00+00:00",
        ),
        (["--by", "agent,agent"], "--by: agent, agent do not go together"),
        (["--where", "low"], "--where: 'low' is no NAME=VALUE"),
        (["--where", "title=x"], "--where: 'title' is nothing to filter by; there is agent"),
        (["--where", "agent=Ann"], "--where: agent: 'Ann' is none"),
        (["--compare"], "--compare: there is no period before one that has no beginning"),
        (["--compare", "--by", "status"], "--compare: times in places are not compared"),
        (["--time-with", "month"], "--time-with: 'month' is no dimension"),
        (["--time-with", "agent", "--by", "month"], "--time-with: is a report of its own"),
        (["--format", "xml"], "--format: invalid choice: 'xml'"),
    ],
)
def test_wrong_options(sla_report: Run, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as raised:
        sla_report(*arguments)
    assert message in str(raised.value)


def test_several_models() -> None:
    with pytest.raises(CommandError, match=r"--model: there are several .* choose one of .*desk\."):
        call_command("sla_report")


def test_no_model(monkeypatch: Any) -> None:
    monkeypatch.setattr(registry, "tickets", {})
    with pytest.raises(CommandError, match="no installed app has a subclass of SLAMixin"):
        call_command("sla_report")


def test_a_model_without_priorities(sla_report: Run, monkeypatch: Any) -> None:
    from tests.hosts.variety.models import BareTicket

    monkeypatch.setattr(registry, "tickets", {BareTicket: BareTicket.sla})
    assert document(sla_report)["by"] == "none"


def test_now_is_hidden_from_help(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        call_command("sla_report", "--help")
    assert "--now" not in capsys.readouterr().out


# As a mail

BOSS = "boss@example.com"


def attached(sent: EmailMessage) -> str:
    [file] = sent.iter_attachments()
    return file.get_content().replace("\r\n", "\n")


def test_it_is_mailed_at_once(post: Post, sla_report: Run, agent: Any) -> None:
    agent.email = "agent@example.com"
    agent.save()
    Group.objects.create(name="Managers").user_set.add(agent)
    moved(answered(opened(), agent, 2), "resolved", 10)
    options = ("--since", "2026-03-02", "--until", "2026-03-09", "--where", "priority=medium")
    said = sla_report(*options, "--now", NOW, "--email", BOSS, "--email", "group:Managers")
    assert said.splitlines() == [f"Sent to {BOSS}.", "Sent to agent."]
    assert post.recipients == [[BOSS], ["agent@example.com"]]
    [sent, _other] = post.received
    assert (
        str(sent["Subject"]).strip() == "Service levels of tickets: March 2, 2026 – March 8, 2026"
    )
    content = attached(sent)
    expected = sla_report(*options, "--now", NOW, "--format", "csv")
    assert content == expected.replace("\r\n", "\n")
    assert set(Notice.objects.values_list("standing", flat=True)) == {"sent"}


def test_a_mail_compares_where_it_is_asked_to(post: Post, sla_report: Run) -> None:
    opened()
    sla_report("--since", "2026-03-02", "--compare", "--email", BOSS)
    assert "tickets_previous" in attached(post.received[0])


def test_a_server_that_is_away_loses_none(post: Post, sla_report: Run) -> None:
    opened()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with sending_to(port):
        said = sla_report("--email", BOSS)
    assert said.startswith(f"Waits for {BOSS}, and goes out with a later sla_deliver: Connection")
    notice = Notice.objects.get()
    assert (notice.standing, notice.tries) == ("waiting", 1)
    with as_of(notice.try_at):
        assert deliver(using="default").sent == 1
    assert post.recipients == [[BOSS]]


def test_somebody_without_an_address_is_told(post: Post, sla_report: Run, agent: Any) -> None:
    with pytest.raises(CommandError, match="Not everybody was reached"):
        sla_report("--email", "user:agent", "--email", BOSS)
    assert post.recipients == [[BOSS]]


def test_only_that_mail_is_sent(post: Post, sla_report: Run) -> None:
    put(Order(model="desk.Ticket", zone="UTC"), ["other@example.com"], "default")
    sla_report("--email", BOSS)
    assert post.recipients == [[BOSS]]


def test_the_report_of_a_schedule(post: Post, sla_report: Run) -> None:
    ReportSchedule.objects.create(
        name="Weekly", model="desk.Ticket", weekday=0, enabled=False, recipients=[BOSS]
    )
    assert sla_report("--schedule", "Weekly") == f"Sent to {BOSS}.\n"
    assert sla_report("--schedule", "Weekly", "--email", "me@example.com") == (
        "Sent to me@example.com.\n"
    )
    assert str(post.received[0]["Subject"]).startswith("Weekly: ")


def test_a_schedule_that_was_written_past_its_validation(post: Post, sla_report: Run) -> None:
    ReportSchedule.objects.create(name="Weekly", model="desk.Ticket", weekday=0, recipients=[BOSS])
    ReportSchedule.objects.update(zone="Mars/Olympus")
    with pytest.raises(CommandError, match=r"--schedule: 'Weekly' cannot be read: .*Mars/Olympus"):
        sla_report("--schedule", "Weekly")
    assert post.received == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--email", "assignee"), "--email: “assignee” is somebody of a ticket"),
        (("--email", "nobody"), "--email: Nobody knows “nobody”; name user:ada, group:Managers"),
        (("--email", "group:Empty"), "--email: nobody who is active is among them"),
        (("--email", BOSS, "--by", "gone"), "--by: 'gone' is nothing to group by"),
        (("--email", BOSS, "--by", "status"), "--by status: times in places are not mailed"),
        (("--email", BOSS, "--time-with", "agent"), "--time-with: times in places are not mailed"),
        (("--email", BOSS, "--output", "x.csv"), "--output: leave it out; a mail has all of it"),
        (("--email", BOSS, "--format", "json"), "--format: leave it out; a mail has all of it"),
        (("--email", BOSS, "--compare"), "--compare: there is no period before"),
        (("--email", BOSS, "--since", "x"), "--since: 'x' is not a date"),
        (("--schedule", "gone"), "--schedule: 'gone' is none; there is Weekly"),
        (("--schedule", "Weekly", "--by", "agent"), "--by: leave it out; a schedule says that"),
        (("--schedule", "Weekly", "--compare"), "--compare: leave it out; a schedule says that"),
    ],
)
def test_wrong_options_of_a_mail(
    post: Post, sla_report: Run, arguments: tuple[str, ...], said: str
) -> None:
    Group.objects.create(name="Empty")
    ReportSchedule.objects.create(name="Weekly", model="desk.Ticket", weekday=0, recipients=[BOSS])
    with pytest.raises(CommandError) as error:
        sla_report(*arguments)
    assert str(error.value).startswith(said)
    assert post.received == []
    assert not Notice.objects.filter(standing="sent").exists()
