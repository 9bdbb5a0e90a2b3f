"""Chat systems, and whatever else Apprise knows of."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from django_sla.channels.base import Channel
from django_sla.channels.locale import speaking_to
from django_sla.channels.wording import in_words, one_line
from django_sla.exceptions import AppriseNotInstalled
from django_sla.flow.message import Message


class Apprise(Channel):
    """A message to the services behind URLs of Apprise, ``"slack://…"``, in the language and time
    zone of the project. Needs the extra ``apprise``.

    Rendered from ``django_sla/chat/title.txt`` and ``django_sla/chat/body.txt``.
    """

    addressed: ClassVar[bool] = False

    def __init__(self, name: str, *, urls: str | Iterable[str], **options: Any):
        """
        Args:
            urls: one, or several. All are told, and told again where one of them fails.
        """
        super().__init__(name, **options)
        self.urls = [urls] if isinstance(urls, str) else list(urls)
        self._services()

    def send(self, message: Message) -> None:
        with speaking_to(None):
            context = in_words(message)
            title = one_line(render_to_string("django_sla/chat/title.txt", context))
            body = render_to_string("django_sla/chat/body.txt", context).strip()
        if not self._services().notify(body=body, title=title, body_format="text"):
            raise ConnectionError(_('Apprise could not tell it; its log, "apprise", says why.'))

    def _services(self) -> Any:
        """Made anew for each message, so that threads share nothing."""
        try:
            import apprise
        except ImportError:
            raise AppriseNotInstalled from None
        if not self.urls:
            raise ValueError("urls: there is none")
        services = apprise.Apprise()
        for number, url in enumerate(self.urls, start=1):
            if not services.add(url):
                # By its number, because there are secrets in it.
                raise ValueError(f"urls: Apprise cannot read number {number}")
        return services
