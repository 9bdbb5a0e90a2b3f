"""A report as a mail, as a real server receives it and takes it apart."""

import csv
import io
import re
from collections.abc import Iterator
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from PIL import Image

from django_sla.channels import Email
from django_sla.flow.message import Contents, Letter
from django_sla.reports import drawing, letter
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.format import to_csv
from django_sla.reports.letter import write
from django_sla.tables.schedule import Order
from tests.channels.servers import Post
from tests.conftest import after
from tests.hosts.desk.models import Department, Ticket
from tests.reports.desk import answered, moved, opened

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"
FORMULA = "=cmd|'/C calc'!A0"
FOLDED = "Sales\r\nBcc: everybody@example.com"
MATHS = r"$\frac{1$"
NOW = after(168).isoformat()


@pytest.fixture(autouse=True)
def host() -> Iterator[None]:
    with override_settings(
        DJANGO_SLA={"BASE_URL": "https://desk.example.com"}, ROOT_URLCONF="tests.views.urls"
    ):
        yield


@pytest.fixture
def desk(agent: Any) -> list[Department]:
    """A week of tickets in departments with hostile names."""
    names = (SCRIPT, FORMULA, FOLDED, MATHS, "Ärzte & Pflege")
    departments = [Department.objects.create(name=name) for name in names]
    for number, department in enumerate(departments):
        for hours in range(number + 1):
            ticket = opened(hours, department=department)
            answered(ticket, agent, hours + (1 if hours % 2 else 10))
            moved(ticket, "resolved", hours + 30 * (hours % 3))
    return departments


def order(**values: Any) -> Order:
    return Order(
        **{
            "name": "Weekly",
            "model": "desk.Ticket",
            "by": "department",
            "zone": "UTC",
            "period": "week",
            "day": "2026-03-09",
            "now": NOW,
            **values,
        }
    )


def received(post: Post, user: Any = None, **values: Any) -> EmailMessage:
    def written() -> Contents:
        return write(order(**values), "default")

    Email("email").post(Letter(key="5" * 40, user=user, address="boss@example.com", write=written))
    return post.received[-1]


def parts(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


class Page(HTMLParser):
    """What a mail's HTML has in it."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[str] = []
        self.images: dict[str, str] = {}
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        if tag == "img":
            self.images[found["src"]] = found["alt"]
        if tag == "a":
            self.links.append(found["href"])


def file(mail: EmailMessage) -> str:
    [attached] = [part for part in mail.iter_attachments() if part.get_filename()]
    return attached.get_content().replace("\r\n", "\n")


@pytest.mark.usefixtures("desk")
def test_its_parts(post: Post) -> None:
    mail = received(post)
    assert parts(mail) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
        "text/csv",
    ]
    assert mail["Subject"] == "Weekly: March 2, 2026 – March 8, 2026"
    assert mail["To"] == "boss@example.com"
    assert mail["Message-ID"] == f"<{'5' * 40}@desk.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    charsets = {
        part.get_content_charset() for part in mail.walk() if part.get_content_maintype() == "text"
    }
    assert charsets == {"utf-8"}
    assert "Ärzte & Pflege" in body(mail, "plain")
    assert "Ärzte &amp; Pflege" in body(mail, "html")


@pytest.mark.usefixtures("desk")
def test_each_image_is_there_decodes_and_is_told_in_words(post: Post) -> None:
    mail = received(post)
    page = Page(body(mail, "html"))
    there = {
        f"cid:{part['Content-ID'].strip('<>')}": part
        for part in mail.walk()
        if part.get_content_maintype() == "image"
    }
    assert set(page.images) == set(there) == {"cid:trend@report", "cid:groups@report"}
    for part in there.values():
        assert part.get_content_disposition() == "inline"
        with Image.open(io.BytesIO(part.get_content())) as image:
            image.load()
            assert (image.format, image.width) == ("PNG", 1104)
            assert len(set(image.convert("L").get_flattened_data())) > 20, "something is drawn"
    assert "W10: Response " in page.images["cid:trend@report"]
    assert "Ärzte & Pflege: Response " in page.images["cid:groups@report"]


@pytest.mark.usefixtures("desk")
def test_the_file_is_the_export_and_nothing_in_it_is_a_formula(post: Post) -> None:
    mail = received(post)
    report = ComplianceReport(
        Ticket.objects.all(), by="department", since=after(-9), until=after(159), now=after(168)
    )
    assert file(mail) == to_csv(report).replace("\r\n", "\n")
    found = [row["group"] for row in csv.DictReader(io.StringIO(file(mail), newline=""))]
    assert f"'{FORMULA}" in found
    assert not [name for name in found if name.startswith(("=", "+", "-", "@"))]


@pytest.mark.usefixtures("desk")
def test_hostile_names_do_nothing(post: Post) -> None:
    evil = f"{SCRIPT}\r\nBcc: everybody@example.com"
    mail = received(post, name=evil)
    assert mail["Bcc"] is None
    assert post.recipients[-1] == ["boss@example.com"]
    assert "\n" not in str(mail["Subject"])
    assert (
        str(mail["Subject"])
        .strip()
        .startswith("<script>alert(1)</script> Bcc: everybody@example.com:")
    )
    html = body(mail, "html")
    assert "script" not in Page(html).tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "Sales Bcc: everybody@example.com" in body(mail, "plain"), "on one line"
    [attached] = [part for part in mail.iter_attachments() if part.get_filename()]
    name = attached.get_filename()
    assert name is not None
    assert not re.search(r'[\r\n<>"/]', name)
    assert name.endswith(" March 2, 2026 – March 8, 2026.csv")


def test_the_figures_are_right(post: Post, agent: Any) -> None:
    """Counted by hand: of the week and of the week before."""
    # The week before: two responses, one late (goal 8 h); resolution goal 24 h.
    for hours, reply in ((-100, 1), (-90, 20)):
        answered(opened(hours), agent, hours + reply)
    # This week: three responses in time, one late, one that is owed and breached still.
    for hours, reply in ((0, 1), (5, 2), (10, 7.5), (15, 9)):
        moved(answered(opened(hours), agent, hours + reply), "resolved", hours + 10)
    opened(20)
    said = body(received(post, by="priority"), "plain")
    assert "Response in time: 60.0 %, 3 of 5 (+10.0 points)" in said
    # Resolutions due this week: 4 resolved in 10 h, 1 breached. Those of the week before were due
    # in it (at -76 and -66) and never came.
    assert "Resolution in time: 80.0 %, 4 of 5 (+80.0 points)" in said
    assert "Tickets opened: 5 (+3)" in said
    # Whatever the period: the one without any, and the two without a resolution.
    assert "Breached now: 3" in said
    assert "- W09: Response 50.0 %, Resolution 0.0 %" in said
    assert "- W10: Response 60.0 %, Resolution 80.0 %" in said
    assert "- Medium: 5 tickets; Response 60.0 %, Resolution 80.0 %; 1 breached now" in said


def test_a_period_in_which_nothing_happened_is_told_all_the_same(post: Post) -> None:
    mail = received(post)
    assert "Nothing happened in this period" in body(mail, "plain")
    assert "Nothing happened in this period" in body(mail, "html")
    assert "image/png" not in parts(mail)
    assert len(file(mail).splitlines()) == 2, "names, and the total"


@pytest.mark.usefixtures("desk")
def test_without_matplotlib_there_are_bars_and_nothing_is_missing(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib", "matplotlib.ft2font"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    mail = received(post)
    assert parts(mail) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/csv",
    ]
    html = body(mail, "html")
    assert "img" not in Page(html).tags
    assert "matplotlib" not in html
    assert html.count(f"background:{drawing.COLOURS[0]}") > 3


def test_names_that_the_font_lacks_are_bars(post: Post, agent: Any) -> None:
    for name in ("東京", "مكتب"):
        answered(opened(department=Department.objects.create(name=name)), agent, 1)
    page = Page(body(received(post), "html"))
    assert set(page.images) == {"cid:trend@report"}


def test_of_many_groups_the_mail_has_fifty_and_the_file_all(post: Post) -> None:
    departments = [Department.objects.create(name=f"D{number:03}") for number in range(70)]
    Ticket.objects.bulk_create([Ticket(department=one) for one in departments])
    wide = {"period": "", "since": after(-1000).isoformat(), "until": None, "now": None}
    mail = received(post, **wide)
    said = body(mail, "plain")
    assert said.count("\n- D") == 50
    assert "and 20 more groups" in said
    assert len(file(mail).splitlines()) == 72
    assert "and 20 more groups" in body(mail, "html")


def test_of_many_groups_the_chart_has_those_that_kept_fewest_promises(
    post: Post, agent: Any
) -> None:
    for number in range(20):
        department = Department.objects.create(name=f"D{number:03}")
        late = number in (3, 17)
        moved(answered(opened(department=department), agent, 20 if late else 1), "resolved", 21)
    page = Page(body(received(post), "html"))
    said = page.images["cid:groups@report"].split("; ")
    assert len(said) == letter.MOST_BARS
    assert [one.partition(":")[0] for one in said[:2]] == ["D003", "D017"]


@pytest.mark.usefixtures("desk")
def test_a_file_that_is_too_big_is_left_out_and_that_is_told(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letter, "MOST_BYTES", 100)
    mail = received(post)
    assert "text/csv" not in parts(mail)
    for kind in ("plain", "html"):
        assert "more than a mail can carry" in body(mail, kind)


@pytest.mark.usefixtures("desk")
def test_it_leads_to_the_dashboard_of_the_same(post: Post, desk: list[Department]) -> None:
    where = {"department": [desk[0].pk, None], "priority": "medium"}
    [link] = Page(body(received(post, where=where), "html")).links
    assert link == (
        "https://desk.example.com/sla/dashboard/?model=desk.ticket&since=2026-03-02"
        f"&until=2026-03-08&department={desk[0].pk}&department__isnull=True&priority=medium"
    )


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("lacks", ["the page", "the address of the host", "a period of days"])
def test_it_leads_nowhere_where_there_is_nothing(post: Post, lacks: str) -> None:
    changes: dict[str, Any] = {}
    values: dict[str, Any] = {}
    match lacks:
        case "the page":
            changes = {"ROOT_URLCONF": "django.contrib.auth.urls"}
        case "the address of the host":
            changes = {"DJANGO_SLA": {}}
        case _:
            values = {"period": "", "since": after(0).isoformat(), "until": None}
    with override_settings(**changes):
        mail = received(post, **values)
    assert Page(body(mail, "html")).links == []


@pytest.mark.usefixtures("desk")
def test_it_is_in_the_language_of_whoever_gets_it_and_in_the_zone_of_the_schedule(
    post: Post,
) -> None:
    hanna = get_user_model().objects.create_user("hanna")
    hanna.language, hanna.timezone = "de", "America/New_York"
    mail = received(post, user=hanna, zone="Europe/Berlin")
    assert 'lang="de"' in body(mail, "html")
    assert "2. März 2026" in str(mail["Subject"])
    assert "Europe/Berlin" in body(mail, "plain")
    hanna.language = "ar"
    assert 'dir="rtl"' in body(received(post, user=hanna), "html")


@pytest.mark.parametrize(
    ("since", "until", "title"),
    [
        (after(-9), after(15), "March 2, 2026"),
        (after(0), after(5), "March 2, 2026, 9 a.m. – March 2, 2026, 2 p.m."),
        (after(0), None, "since March 2, 2026, 9 a.m."),
        (None, after(0), "until March 2, 2026, 9 a.m."),
        (None, None, "all time"),
    ],
)
def test_any_period_has_a_name(since: Any, until: Any, title: str) -> None:
    since, until = (at.isoformat() if at else None for at in (since, until))
    contents = write(order(name="", period="", since=since, until=until), "default")
    assert contents.subject == f"Service levels of tickets: {title}"


@pytest.mark.usefixtures("agent")
def test_queries_depend_neither_on_tickets_nor_on_groups(desk: list[Department]) -> None:
    with CaptureQueriesContext(connection) as few:
        write(order(), "default")
    assert len(few) <= 20
    more = [Department.objects.create(name=f"D{number}") for number in range(30)]
    Ticket.objects.bulk_create([Ticket(department=one, created_at=after(1)) for one in more * 3])
    with CaptureQueriesContext(connection) as many:
        write(order(), "default")
    assert len(many) == len(few)


def test_a_year_is_a_trend_of_months(post: Post, agent: Any) -> None:
    answered(opened(40 * 24), agent, 40 * 24 + 1)
    year = {"since": after(-9).isoformat(), "until": after(365 * 24 - 9).isoformat()}
    mail = received(post, period="", now=after(365 * 24).isoformat(), **year)
    assert "- Apr 2026: Response 100.0 %" in body(mail, "plain")
    assert mail["Subject"] == "Weekly: March 2, 2026 – March 1, 2027"
