"""What a channel is."""

from typing import Any, ClassVar

from django_sla.exceptions import Undeliverable
from django_sla.flow.message import Letter, Message


class Channel:
    """A way to tell somebody. A host adds one as a subclass with :meth:`send`::

        DJANGO_SLA = {"CHANNELS": {"pager": {"backend": "desk.pager.Pager", "service": "desk"}}}

    It is made once in a process, with its name and the options of the setting, and must not keep
    anything between messages that one thread could spoil for another.
    """

    addressed: ClassVar[bool] = False
    """Whether a message is for somebody: an escalation then says whom, and each gets one."""
    for_people: ClassVar[bool] = True
    """Whether what has been resolved, paused or excused in the meantime is left out. Programs are
    told all the same, so that what they know adds up."""
    digests: ClassVar[bool] = True
    """Whether many notices at once are told as one message."""

    def __init__(self, name: str, **options: Any):
        """
        Raises:
            TypeError, ValueError: an option is unknown, missing or wrong; the message names it. A
                system check tells it.
        """
        self.name = name
        if options:
            names = ", ".join(sorted(options))
            raise TypeError(f"{type(self).__name__} has no option {names}")

    def send(self, message: Message) -> None:
        """Tell it, within a time that has a limit.

        Called outside any transaction, at least once for each ``message.key``.

        Raises:
            Undeliverable: it will not work another time either; it is given up.
            Exception: it did not work; it is tried again later, with the same key.
        """
        raise NotImplementedError

    def post(self, letter: Letter) -> None:
        """Send a report, the same way. A channel that carries none need not have this.

        Raises:
            Undeliverable, Exception: as above.
        """
        raise Undeliverable(f"The channel {self.name!r} carries no reports; an Email does.")
