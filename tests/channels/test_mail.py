"""Mail, as a real server receives it."""

import re
import socket
import threading
import time
from datetime import timedelta
from email.message import EmailMessage
from smtplib import SMTPServerDisconnected
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import django
import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.test import override_settings

from django_sla.channels import Email
from django_sla.core.calendar import Calendar
from django_sla.core.policy import Policy
from django_sla.exceptions import Undeliverable
from django_sla.moment import as_of
from django_sla.registry import register_policy, unregister_policy
from tests.channels.conftest import sending_to
from tests.channels.messages import item, message, opened
from tests.channels.servers import Post, silence
from tests.conftest import after

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"
TO = "ann@example.com"


def channel(**options: Any) -> Email:
    return Email("email", **options)


def text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def subject_of(mail: EmailMessage) -> str:
    """Where it is folded right at its begin, that leaves a space."""
    return str(mail["Subject"]).strip()


def html(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return part.get_content()


def words(mail: EmailMessage) -> str:
    """What the HTML of a mail reads like."""
    body = html(mail).partition("<body")[2].partition(">")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


@pytest.fixture
def office() -> Any:
    """A policy of eight hours, from nine to five in Paris."""
    hours = {"mon-fri": [("09:00", "17:00")]}
    calendar = Calendar("Europe/Paris", hours=hours, holidays=["2026-03-03"])
    policy = Policy.build(
        f"Office {EVIL}",
        {"*": {"resolution": "8h"}},
        calendar=calendar,
        escalations=[{"when": "1h after", "channel": "email", "to": ["assignee"]}],
    )
    register_policy(policy)
    yield policy
    unregister_policy(policy.name)


# What it says


def test_it_says_what_happened_to_which_ticket_and_until_when(post: Post) -> None:
    channel().send(message(address=TO))
    [mail] = post.received
    assert post.recipients == [[TO]]
    assert subject_of(mail) == "Breached: No mail (Resolution)"
    assert mail["To"] == TO
    assert mail["From"] == "webmaster@localhost"
    for said in (text(mail), words(mail)):
        assert "Breached" in said
        assert "No mail" in said
        assert "Resolution: Breached, 1h over" in said
        assert "Due March 3, 2026, 9 a.m. UTC" in said
    assert "https://desk.example.com/tickets/7/" in text(mail)
    assert '<a class="link" href="https://desk.example.com/tickets/7/"' in html(mail)


@pytest.mark.parametrize("url", ["", "/tickets/7/", "javascript:alert(1)"])
def test_without_a_place_on_the_web_there_is_no_link(post: Post, url: str) -> None:
    channel().send(message(item(opened(), now=after(25), url=url), address=TO))
    assert "tickets/7" not in text(post.received[0])
    assert "alert(1)" not in text(post.received[0]) + html(post.received[0])
    assert "<a " not in html(post.received[0])


@pytest.mark.parametrize(
    ("when", "hours", "subject", "state"),
    [
        ("at_risk", 19, "At risk: No mail (Resolution)", "At risk, 5h left"),
        ("due", 24.5, "Breached: No mail (Resolution)", "Breached, 30m over"),
        ("1h after", 26, "1h after it was due: No mail (Resolution)", "Breached, 2h over"),
        ("30m before", 23.75, "30m before it is due: No mail (Resolution)", "At risk, 15m left"),
        ("50%", 13, "50% of the time used: No mail (Resolution)", "On track, 11h left"),
    ],
)
def test_each_kind_of_instant(
    post: Post, when: str, hours: float, subject: str, state: str
) -> None:
    rows = [{"when": when, "channel": "email", "to": ["assignee"]}]
    policy = Policy.build("All day", {"*": {"resolution": "24h"}}, escalations=rows)
    register_policy(policy)
    try:
        channel().send(message(item(opened(), when=when, now=after(hours)), address=TO))
    finally:
        unregister_policy(policy.name)
    assert subject_of(post.received[0]) == subject
    assert f"Resolution: {state}" in text(post.received[0])
    assert f"Resolution: {state}" in words(post.received[0])


def test_it_explains_the_deadline(post: Post, office: Policy) -> None:
    ticket = opened()  # at ten in Paris; Tuesday is a holiday, so it is due on Wednesday at ten
    with as_of(after(1)):
        ticket.status = "pending"
        ticket.save()
    with as_of(after(2)):
        ticket.status = "open"
        ticket.save()
    channel().send(message(item(ticket, when="1h after", now=after(52)), address=TO, now=after(52)))
    [mail] = post.received
    assert subject_of(mail) == "1h after it was due: No mail (Resolution)"
    for said in (text(mail), words(mail)):
        assert "Resolution: Breached, 3h over" in said
        assert "Due March 4, 2026, 10 a.m. UTC" in said
        assert "11h counted of 8h allowed." in " ".join(said.split())
        assert "priority medium" in said
        assert "1h paused" in " ".join(said.split())
        assert "8h holiday" in " ".join(said.split())
        assert "1d 8h outside opening hours" in " ".join(said.split()), "two nights"
    assert "\n- March 2, 2026, 10 a.m.: 1h paused\n" in text(mail)
    assert "\n- March 3, 2026, 8 a.m.: 8h holiday\n" in text(mail)
    assert f"Policy “Office {EVIL}”" in text(mail)


def test_a_long_life_is_told_by_its_end_and_the_sums_of_what_was_before(
    post: Post, office: Policy
) -> None:
    now = after(24 * 14 + 2)
    channel().send(message(item(opened(), now=now), address=TO, now=now))
    [mail] = post.received
    lines = [line for line in text(mail).splitlines() if re.match(r"- .*\d, 2026, ", line)]
    assert len(lines) == 12
    assert lines[-1] == "- March 16, 2026, 8 a.m.: 3h counted"
    [earlier] = [line for line in text(mail).splitlines() if line.startswith("- earlier")]
    assert earlier.endswith(" outside opening hours, 8h holiday")
    assert words(mail).count("2026") == 1 + 12
    assert "earlier : " in words(mail) or "earlier: " in words(mail)


def test_a_target_set_by_hand_is_told_as_such(post: Post) -> None:
    ticket = opened()
    with as_of(after(1)):
        ticket.sla.set_target("resolution", after(3), "promised")
    channel().send(message(item(ticket, now=after(4)), address=TO))
    for said in (text(post.received[0]), words(post.received[0])):
        assert "The target was set by hand." in said
        assert "Due March 2, 2026, noon UTC" in said


def test_several_things_are_told_as_one_mail(post: Post) -> None:
    items = [item(opened(title=f"Ticket {number}"), now=after(25)) for number in (1, 2)]
    items.append(item(opened(title="Third"), when="at_risk", now=after(25)))
    channel().send(message(*items, address=TO))
    [mail] = post.received
    assert subject_of(mail) == "3 deadlines: 2 breached, 1 at risk"
    for said in (text(mail), words(mail)):
        assert said.count("Resolution: Breached, 1h over") == 3
        assert [said.index(title) for title in ("Ticket 1", "Ticket 2", "Third")] == sorted(
            said.index(title) for title in ("Ticket 1", "Ticket 2", "Third")
        )
    assert mail["References"] is None


def test_of_very_many_things_the_first_are_told_and_how_many_more(post: Post) -> None:
    told = item(opened(), now=after(25))
    channel().send(message(*[told] * 53, address=TO))
    [mail] = post.received
    assert subject_of(mail) == "53 deadlines: 53 breached"
    for said in (text(mail), words(mail)):
        assert said.count("No mail") == 50
        assert "and 3 more" in said


def test_templates_can_be_overridden(post: Post, tmp_path: Any) -> None:
    folder = tmp_path / "django_sla" / "mail"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("Ours:\n{{ item.title }}\r\nBcc: mallory@example.com\n")
    (folder / "notice.txt").write_text("{{ item.item.ticket.pk }} {{ zone }} {{ direction }}")
    from django.conf import settings

    [engine] = settings.TEMPLATES
    with override_settings(TEMPLATES=[{**engine, "DIRS": [tmp_path]}]):
        found = message(address=TO)
        channel().send(found)
    [mail] = post.received
    assert subject_of(mail) == "Ours: No mail Bcc: mallory@example.com"
    assert mail["Bcc"] is None
    assert text(mail).strip() == f"{found.items[0].ticket.pk} UTC ltr"


# To whom


def test_it_is_in_the_language_and_the_time_zone_of_the_recipient(post: Post) -> None:
    user = SimpleNamespace(language="de", timezone="America/Toronto")
    channel().send(message(address=TO, user=user))
    assert "3. März 2026 04:00 EST" in text(post.received[0])
    assert "3. März 2026 04:00 EST" in words(post.received[0])
    assert "Zeiten in America/Toronto." in text(post.received[0])
    assert '<html lang="de" dir="ltr">' in html(post.received[0])


@override_settings(LANGUAGE_CODE="de", TIME_ZONE="Asia/Tokyo")
def test_an_address_is_told_in_those_of_the_project(post: Post) -> None:
    channel().send(message(address=TO))
    assert "3. März 2026 18:00 JST" in text(post.received[0])


def test_a_language_that_is_read_from_the_right(post: Post) -> None:
    user = SimpleNamespace(language="ar", timezone=ZoneInfo("Asia/Riyadh"))
    channel().send(message(address=TO, user=user))
    assert '<html lang="ar" dir="rtl">' in html(post.received[0])
    assert "\u2068No mail\u2069" in text(post.received[0]), "its letters are of the left"


def test_a_person_without_an_address_is_given_up(post: Post, agent: Any) -> None:
    with pytest.raises(Undeliverable, match=r"^agent has no e-mail address\.$"):
        channel().send(message(user=agent))
    assert post.received == []


def test_nobody_without_an_address_is_given_up(post: Post) -> None:
    with pytest.raises(Undeliverable, match=r"^There is no e-mail address\.$"):
        channel().send(message())
    assert post.received == []


@pytest.mark.parametrize(
    "address",
    [
        "nobody",
        "a b@example.com",
        "ü@example.com",
        "ann@example.com\nBcc: mallory@example.com",
        "ann@example.com, mallory@example.com",
        "Ann <ann@example.com>",
    ],
)
def test_an_address_is_one_and_nothing_else(post: Post, address: str) -> None:
    with pytest.raises(Undeliverable, match="is no e-mail address: "):
        channel().send(message(address=address))
    assert post.received == []


# What people wrote


def test_a_title_cannot_add_headers_or_lines(post: Post) -> None:
    title = "A\r\nBcc: mallory@example.com\n\nB\u2028C\x00\x1b[0m"
    ticket = opened()
    ticket.title = title
    channel().send(message(item(ticket, now=after(25)), address=TO))
    [mail] = post.received
    assert mail["Bcc"] is None
    assert post.recipients == [[TO]]
    assert subject_of(mail) == "Breached: A Bcc: mallory@example.com B C [0m (Resolution)"
    assert text(mail).startswith("Breached: A Bcc: mallory@example.com B C [0m\n")


def test_html_is_escaped_and_text_is_not(post: Post, office: Policy) -> None:
    url = "https://desk.example.com/?a=1&b=%22"
    channel().send(message(item(opened(title=EVIL), now=after(52), url=url), address=TO))
    [mail] = post.received
    assert subject_of(mail) == f"Breached: {EVIL} (Resolution)"
    assert f"Breached: {EVIL}\n{url}\n" in text(mail)
    assert "<script" not in html(mail)
    assert html(mail).count("&lt;script&gt;") == 3, "the subject, the title and the policy"
    assert 'href="https://desk.example.com/?a=1&amp;b=%22"' in html(mail)


def test_a_name_of_the_other_direction_turns_nothing_around_but_itself(post: Post) -> None:
    title = "\u202eعطل\u2067 42"
    channel().send(message(item(opened(title=title), now=after(25)), address=TO))
    [mail] = post.received
    assert subject_of(mail) == "Breached: \u2068عطل 42\u2069 (Resolution)"
    assert "Breached: \u2068عطل 42\u2069\n" in text(mail)
    assert "\u2068عطل 42\u2069" in html(mail)


def test_a_title_is_not_endless(post: Post) -> None:
    ticket = opened()
    ticket.title = "é" * 10_000
    channel().send(message(item(ticket, now=after(25)), address=TO))
    [mail] = post.received
    assert subject_of(mail) == f"Breached: {'é' * 149}… (Resolution)"


# Headers


def test_the_message_id_is_that_of_the_message(post: Post) -> None:
    with override_settings(DJANGO_SLA={"BASE_URL": "https://desk.example.com:8443/x"}):
        found = message(address=TO)
        channel().send(found)
        channel().send(found)
    first, again = post.received
    assert first["Message-ID"] == again["Message-ID"] == f"<{found.key}@desk.example.com>"
    assert first["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("base_url", "from_email", "domain"),
    [
        ("", "Desk <desk@mail.example.com>", "mail.example.com"),
        ("", "desk@bücher.example", "xn--bcher-kva.example"),
        ("https://[2001:db8::1]", "desk@mail.example.com", "mail.example.com"),
        ("https://bücher.example", "desk@mail.example.com", "xn--bcher-kva.example"),
        (f"https://{'long.' * 20}example.com", "a@b.c", f"ong.{'long.' * 7}example.com"),
    ],
)
def test_the_domain_of_ids(post: Post, base_url: str, from_email: str, domain: str) -> None:
    with override_settings(DJANGO_SLA={"BASE_URL": base_url}):
        channel(from_email=from_email).send(message(address=TO))
    [mail] = post.received
    assert mail["Message-ID"].endswith(f"@{domain}>")
    assert re.fullmatch(rf"<[0-9a-f]{{24}}@{re.escape(domain)}>", mail["References"].strip())


def test_mails_about_one_metric_of_one_ticket_are_one_thread(post: Post) -> None:
    ticket, other = opened(), opened()
    for told in (
        item(ticket, when="at_risk", now=after(25)),
        item(ticket, now=after(25)),
        item(ticket, metric="response", now=after(25)),
        item(other, now=after(25)),
    ):
        channel().send(message(told, address=TO))
    warned, breached, response, another = (mail["References"] for mail in post.received)
    assert warned == breached
    assert len({breached, response, another}) == 3
    assert [f"<{mail['X-Entity-Ref-ID']}@localhost>" for mail in post.received] == [
        mail["References"] for mail in post.received
    ]


# Options


def test_sender_and_where_answers_go(post: Post) -> None:
    channel(from_email="Desk <desk@example.com>", reply_to="help@example.com").send(
        message(address=TO)
    )
    [mail] = post.received
    assert mail["From"] == "Desk <desk@example.com>"
    assert mail["Reply-To"] == "help@example.com"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"form_email": "a@b.c"}, "Email has no option form_email"),
        ({"timeout": 0}, "timeout: expected seconds"),
        ({"timeout": "10"}, "timeout: expected seconds"),
        ({"using": "other"}, "using: "),
    ],
)
def test_wrong_options(post: Post, options: Any, problem: str) -> None:
    with pytest.raises((TypeError, ValueError), match=problem):
        channel(**options)


@pytest.mark.skipif(django.VERSION < (6, 1), reason="there are no MAILERS before Django 6.1")
def test_another_mailer(post: Post) -> None:
    from django.conf import settings

    mailers = {"default": {"BACKEND": "nowhere.Backend"}, "desk": settings.MAILERS["default"]}
    with override_settings(MAILERS=mailers):
        channel(using="desk").send(message(address=TO))
    assert len(post.received) == 1


# What can fail


def test_a_recipient_who_is_refused_for_good_is_given_up(post: Post) -> None:
    with pytest.raises(Undeliverable) as raised:
        channel().send(message(address="gone@example.com"))
    assert str(raised.value) == "gone@example.com was refused: 550 5.1.1 no such user here"


def test_a_recipient_who_is_refused_for_now_is_tried_again(post: Post) -> None:
    with pytest.raises(Exception, match="greylisted") as raised:
        channel().send(message(address="later@example.com"))
    assert not isinstance(raised.value, Undeliverable)


def test_a_server_that_is_away_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with sending_to(port), pytest.raises(ConnectionRefusedError):
        channel().send(message(address=TO))


class Careless(BaseEmailBackend):
    """Keeps to itself that it could not send anything."""

    def send_messages(self, messages: Any) -> int:
        return 0


def test_what_a_backend_did_not_send_is_tried_again() -> None:
    name = f"{__name__}.Careless"
    careless = override_settings(EMAIL_BACKEND=name)
    if django.VERSION >= (6, 1):
        careless = override_settings(MAILERS={"default": {"BACKEND": name}})
    with careless, pytest.raises(ConnectionError, match="sent nothing, and does not say why"):
        channel().send(message(address=TO))


def test_a_silent_server_is_not_waited_for_long() -> None:
    begin = time.monotonic()
    late = pytest.raises(SMTPServerDisconnected, match="timed out")
    with silence() as port, sending_to(port), late:
        channel(timeout=0.3).send(message(address=TO))
    assert time.monotonic() - begin < 5


def test_what_the_project_says_of_time_goes_first() -> None:
    begin = time.monotonic()
    late = pytest.raises(SMTPServerDisconnected, match="timed out")
    with silence() as port, sending_to(port, timeout=0.3), late:
        channel(timeout=60).send(message(address=TO))
    assert time.monotonic() - begin < 5


def test_several_threads_share_a_channel(post: Post) -> None:
    shared, found = channel(), message(address=TO)
    people = [SimpleNamespace(language=language, timezone=None) for language in ("de", "fr")] * 4
    messages = [message(*found.items, address=TO, user=user) for user in people]
    threads = [threading.Thread(target=shared.send, args=(one,)) for one in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timedelta(seconds=30).total_seconds())
    said = [html(mail) for mail in post.received]
    assert sum('<html lang="de"' in page and "3. März" in page for page in said) == 4
    assert sum('<html lang="fr"' in page and "3 mars" in page for page in said) == 4
