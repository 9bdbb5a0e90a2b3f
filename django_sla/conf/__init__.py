"""The ``DJANGO_SLA`` setting, typed, read on access::

    from django_sla.conf import settings

    settings.calendars["business"]

It is read once and kept until the setting changes. :func:`problems` tells what is wrong with it.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from django_sla.conf.callables import LOCALE, RESPONDER, Locale, Responder, imported
from django_sla.conf.channels import EMAIL, SIGNAL, Channel, made
from django_sla.conf.entry import NAME, Problem, did_you_mean
from django_sla.conf.policies import ALWAYS_NAME, DEFAULT_AT_RISK, DEFAULT_NAME, POLICY_KEYS
from django_sla.conf.reading import (
    CALENDAR_KEYS,
    KEYS,
    Addresses,
    Reading,
    read,
    unreadable,
)
from django_sla.core.calendar import Calendar
from django_sla.core.errors import say
from django_sla.core.ip import Network
from django_sla.core.policy import Policy
from django_sla.exceptions import InvalidSettings

__all__ = [
    "ALWAYS_NAME",
    "CALENDAR_KEYS",
    "DEFAULT_AT_RISK",
    "DEFAULT_NAME",
    "EMAIL",
    "KEYS",
    "NAME",
    "POLICY_KEYS",
    "SIGNAL",
    "Addresses",
    "Channel",
    "Problem",
    "Reading",
    "Responder",
    "Settings",
    "did_you_mean",
    "problems",
    "read",
    "say",
    "settings",
    "unreadable",
]


class Settings:
    """What the setting says.

    Raises:
        InvalidSettings: on access, where anything in the setting is wrong. It lists everything.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._reading: Reading | None = None
        self._made: dict[str, Any] = {}

    @property
    def calendars(self) -> Mapping[str, Calendar]:
        """By name; ``"always"`` is among them."""
        return self._valid().calendars

    @property
    def policies(self) -> tuple[Policy, ...]:
        """In the order of the setting."""
        return self._valid().policies

    @property
    def default_policy(self) -> Policy:
        """For tickets that no other policy is for."""
        return self._valid().default_policy

    @property
    def priorities(self) -> Mapping[str, str]:
        """The priority as policies name it, by ``str(value).casefold()`` of the host's value."""
        return self._valid().priorities

    @property
    def trusted_proxies(self) -> tuple[Network, ...]:
        return self._valid().trusted_proxies

    @property
    def responder(self) -> Responder | None:
        """None where the built-in rule decides."""
        responder: Responder | None = _usable(*imported(self._valid().responder, RESPONDER))
        return responder

    @property
    def escalations(self) -> tuple[Mapping[str, Any], ...]:
        """Of policies that do not say, as a document has them; those that are switched off are
        among them."""
        return self._valid().escalations

    @property
    def channels(self) -> Mapping[str, Channel]:
        """By name; ``"email"`` is among them."""
        return self._valid().channels

    def channel(self, name: str) -> Any:
        """The channel of this name, made once.

        Raises:
            LookupError: there is none.
            InvalidSettings: it cannot be made.
        """
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = _usable(*made(self.channels[name]))
        return found

    @property
    def digest_above(self) -> int:
        """Above how many notices to one recipient they are told together."""
        return self._valid().digest_above

    @property
    def objective(self) -> float:
        """Percent of promises that are to be kept."""
        return self._valid().objective

    @property
    def base_url(self) -> str:
        """Before the path of a page, where there is no request to tell; without a slash."""
        return self._valid().base_url

    @property
    def metrics_token(self) -> str:
        """The secret of whoever reads the metrics; empty: nobody but staff."""
        return self._valid().metrics_token

    @property
    def client_ip(self) -> Addresses:
        """How much of the addresses of people the changelog has."""
        return self._valid().client_ip

    @property
    def retention_days(self) -> int | None:
        """After how many days ``sla_privacy --purge`` takes addresses away; None: never."""
        return self._valid().retention_days

    @property
    def recipient_locale(self) -> Locale | None:
        """None where the attributes of users say."""
        locale: Locale | None = _usable(*imported(self._valid().recipient_locale, LOCALE))
        return locale

    def problems(self) -> list[Problem]:
        """Everything that is wrong. Never raises."""
        reading = self._read()
        return [
            *reading.problems,
            *imported(reading.responder, RESPONDER)[1],
            *imported(reading.recipient_locale, LOCALE)[1],
            *(
                problem
                for channel in reading.channels.values()
                if channel.backend
                for problem in made(channel)[1]
            ),
        ]

    def forget(self) -> None:
        """Read the setting again when next asked."""
        with self._lock:
            self._reading = None
            self._made = {}

    def _valid(self) -> Reading:
        reading = self._read()
        if reading.problems:
            raise InvalidSettings(reading.problems)
        return reading

    def _read(self) -> Reading:
        reading = self._reading
        if reading is None:
            # Also so that a reading of the old setting cannot be kept after forget().
            with self._lock:
                reading = self._reading
                if reading is None:
                    reading = self._reading = read(getattr(django_settings, NAME, {}))
        return reading


def _usable(found: Any, wrong: list[Problem]) -> Any:
    if wrong:
        raise InvalidSettings(wrong)
    return found


settings = Settings()


def problems() -> list[Problem]:
    """Everything that is wrong with the setting. Never raises."""
    return settings.problems()


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == NAME:
        settings.forget()


setting_changed.connect(_forget, dispatch_uid="django_sla.conf")
