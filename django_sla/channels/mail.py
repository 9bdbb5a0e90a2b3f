"""E-mail."""

import hashlib
from collections.abc import Iterable
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from smtplib import SMTPRecipientsRefused
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.encoding import punycode
from django.utils.translation import gettext as _

from django_sla.channels.base import Channel
from django_sla.channels.illustrated import IllustratedEmail
from django_sla.channels.locale import speaking_to
from django_sla.channels.options import seconds
from django_sla.channels.wording import in_words, one_line
from django_sla.conf import settings
from django_sla.exceptions import Undeliverable
from django_sla.flow.message import Contents, Item, Letter, Message

LONGEST_DOMAIN = 50
"""Headers that are longer than a line would be encoded, and no id any more."""


class Email(Channel):
    """A mail to one person or address, as text and HTML, in their language and time zone.

    Rendered from ``django_sla/mail/notice.txt``, ``notice.html`` and ``subject.txt``; of several
    things at once, from ``digest.txt`` and ``digest.html``.
    """

    addressed: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        *,
        from_email: str | None = None,
        reply_to: str | Iterable[str] = (),
        using: str | None = None,
        timeout: float = 10,
        **options: Any,
    ):
        """
        Args:
            from_email: the sender; that of the project (``DEFAULT_FROM_EMAIL``) by default.
            reply_to: one address, or several.
            using: an alias of ``MAILERS``, from Django 6.1 on.
            timeout: seconds to wait for the mail server, where the project does not say.
        """
        super().__init__(name, **options)
        self.from_email = from_email
        self.reply_to = [reply_to] if isinstance(reply_to, str) else list(reply_to)
        self.using = _alias(using)
        self.timeout = seconds("timeout", timeout)

    def send(self, message: Message) -> None:
        address = _checked(message)
        with speaking_to(message.user):
            email = self._email(message, address)
        self._send(email, address)

    def post(self, letter: Letter) -> None:
        address = _checked(letter)
        with speaking_to(letter.user):
            contents = letter.write()
        self._send(self._letter(letter.key, contents, address), address)

    def _send(self, email: EmailMultiAlternatives, address: str) -> None:
        connection = self._connection()
        if getattr(connection, "timeout", 0) is None:
            connection.timeout = self.timeout
        try:
            sent = connection.send_messages([email])
        except SMTPRecipientsRefused as error:
            for code, said in error.recipients.values():
                if 500 <= code <= 599:
                    text = said.decode(errors="replace") if isinstance(said, bytes) else said
                    raise Undeliverable(
                        _("%(address)s was refused: %(code)s %(text)s")
                        % {"address": address, "code": code, "text": text}
                    ) from error
            raise
        if sent == 0:  # a backend that fails silently
            raise ConnectionError(_("The mail backend sent nothing, and does not say why."))

    def _email(self, message: Message, address: str) -> EmailMultiAlternatives:
        kind = "digest" if message.is_digest else "notice"
        context = in_words(message)
        subject = one_line(render_to_string("django_sla/mail/subject.txt", context))
        context["subject"] = subject
        email = EmailMultiAlternatives(
            subject=subject,
            body=render_to_string(f"django_sla/mail/{kind}.txt", context),
            from_email=self.from_email,
            to=[address],
            reply_to=self.reply_to,
            headers=_headers(message, self.from_email or django_settings.DEFAULT_FROM_EMAIL),
        )
        html = render_to_string(f"django_sla/mail/{kind}.html", context)
        email.attach_alternative(html, "text/html")
        return email

    def _letter(self, key: str, contents: Contents, address: str) -> EmailMultiAlternatives:
        from_email = self.from_email or django_settings.DEFAULT_FROM_EMAIL
        email = IllustratedEmail(
            images=contents.images,
            subject=one_line(contents.subject),
            body=contents.text,
            from_email=self.from_email,
            to=[address],
            reply_to=self.reply_to,
            headers=_common(key, _domain(from_email)),
        )
        email.attach_alternative(contents.html, "text/html")
        for file in contents.files:
            email.attach(file.name, file.content, file.content_type)
        return email

    def _connection(self) -> Any:
        mailers = getattr(mail, "mailers", None)
        # Before Django 6.1 there is but one. From then on, where the project has no MAILERS, the
        # default one is made of the settings of before.
        return mail.get_connection() if mailers is None else mailers[self.using]


def _alias(using: str | None) -> str:
    if using is None:
        return "default"
    if using not in getattr(mail, "mailers", ()):
        raise ValueError(f"using: {using!r} is not among the MAILERS, of Django 6.1 and later")
    return using


def _checked(message: Message | Letter) -> str:
    """The address, provided that it is a single one and nothing besides."""
    if not message.address:
        if not message.user:
            raise Undeliverable(_("There is no e-mail address."))
        raise Undeliverable(_("%(user)s has no e-mail address.") % {"user": message.user})
    try:
        return Address(addr_spec=message.address).addr_spec
    except (ValueError, IndexError, MessageError) as error:  # all that the parser raises
        raise Undeliverable(
            _("%(address)r is no e-mail address: %(error)s")
            % {"address": message.address, "error": error}
        ) from None


def _headers(message: Message, from_email: str) -> dict[str, str]:
    domain = _domain(from_email)
    headers = _common(message.key, domain)
    if not message.is_digest:
        thread = _thread(message.items[0])
        headers |= {"References": f"<{thread}@{domain}>", "X-Entity-Ref-ID": thread}
    return headers


def _common(key: str, domain: str) -> dict[str, str]:
    return {"Message-ID": f"<{key}@{domain}>", "Auto-Submitted": "auto-generated"}


def _thread(item: Item) -> str:
    """Of all mails about one metric of one ticket: 24 hexadecimal digits."""
    about = (item.ticket._meta.label_lower, str(item.ticket.pk), item.metric)
    return hashlib.sha256("\0".join(about).encode()).hexdigest()[:24]


def _domain(from_email: str) -> str:
    """Of this project, for ids."""
    host = urlsplit(settings.base_url).hostname or ""
    if not host or ":" in host:
        host = parseaddr(from_email)[1].rpartition("@")[2]
    return punycode(host)[-LONGEST_DOMAIN:].lstrip(".-") or "localhost"
