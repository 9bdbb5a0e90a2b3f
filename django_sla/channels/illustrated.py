"""Mails with images in their text."""

from collections.abc import Mapping
from email.message import Message
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from typing import Any

from django.core.mail import EmailMultiAlternatives


class IllustratedEmail(EmailMultiAlternatives):
    """A mail whose HTML shows images that come with it."""

    def __init__(self, *args: Any, images: Mapping[str, bytes], **options: Any):
        """
        Args:
            images: PNG by the name that follows ``cid:`` in the HTML.
        """
        super().__init__(*args, **options)
        self.images = images

    def message(self, *args: Any, **options: Any) -> Any:
        """As Django's, which knows no such images: the HTML and they are one part."""
        message = super().message(*args, **options)
        if self.images:
            for part in message.walk():
                if part.get_content_type() == "multipart/alternative":
                    parts: list[Message] = part.get_payload()  # type: ignore[assignment]
                    part.set_payload([*parts[:-1], _with_images(parts[-1], self.images)])
        return message


def _with_images(html: Message, images: Mapping[str, bytes]) -> Message:
    together = MIMEMultipart("related", type="text/html")
    together.attach(html)
    for name, png in images.items():
        image = MIMEImage(png, "png")
        image.add_header("Content-ID", f"<{name}>")
        image.add_header("Content-Disposition", "inline", filename=f"{name.partition('@')[0]}.png")
        together.attach(image)
    return together
