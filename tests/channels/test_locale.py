"""In which language and time zone somebody is told."""

import logging
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings
from django.utils import timezone, translation

from django_sla.channels import locale
from django_sla.channels.locale import locale_of, speaking_to

ANN = SimpleNamespace(name="ann", language="fr", timezone="Asia/Tokyo")


@pytest.fixture(autouse=True)
def _nothing_said_yet() -> None:
    locale._warn.cache_clear()


def person(**fields: Any) -> Any:
    return SimpleNamespace(**fields)


def of_ann(user: Any) -> tuple[str | None, Any]:
    return ("de-ch", ZoneInfo("Europe/Zurich")) if user is ANN else (None, None)


def test_those_of_the_project_where_nobody_says() -> None:
    with override_settings(LANGUAGE_CODE="it", TIME_ZONE="Europe/Rome"), translation.override("fr"):
        for user in (None, person(), person(language=None, timezone="")):
            assert locale_of(user) == ("it", ZoneInfo("Europe/Rome"))


def test_the_attributes_of_the_user() -> None:
    assert locale_of(ANN) == ("fr", ZoneInfo("Asia/Tokyo"))
    user = person(language="pt-br", timezone=ZoneInfo("America/Sao_Paulo"))
    assert locale_of(user) == ("pt-br", ZoneInfo("America/Sao_Paulo"))


def test_the_setting_goes_before_them() -> None:
    with override_settings(DJANGO_SLA={"RECIPIENT_LOCALE": of_ann}):
        assert locale_of(ANN) == ("de", ZoneInfo("Europe/Zurich")), "what there is of de-ch"
        assert locale_of(person(language="fr")) == ("en-us", ZoneInfo("UTC"))


def test_inside_they_are_the_current_ones() -> None:
    with speaking_to(ANN):
        assert translation.get_language() == "fr"
        assert timezone.get_current_timezone_name() == "Asia/Tokyo"
    assert translation.get_language() == "en-us"
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (person(language="xx", timezone="Asia/Tokyo"), "'xx' is not among the LANGUAGES"),
        (person(language="fr", timezone="Mars/Olympus"), "'Mars/Olympus' is not the name of a"),
        (person(timezone="../etc/passwd"), "'../etc/passwd' is not the name of a"),
        (person(timezone="America"), "'America' is not the name of a time zone"),
        (person(timezone=5), "5 is not the name of a time zone"),
    ],
)
def test_what_is_unknown_is_logged_once(
    user: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        language, zone = locale_of(user)
    assert (language, str(zone)) in [("en-us", "Asia/Tokyo"), ("fr", "UTC"), ("en-us", "UTC")]
    [record] = caplog.records
    assert (record.name, record.levelno) == ("django_sla.channels", logging.WARNING)
    assert said in record.getMessage()


def test_a_setting_that_fails_keeps_nobody_from_being_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for wrong in (lambda user: user.missing, lambda user: None, lambda user: ("a", "b", "c")):
        with override_settings(DJANGO_SLA={"RECIPIENT_LOCALE": wrong}):
            assert locale_of(ANN) == ("en-us", ZoneInfo("UTC"))
    assert len(caplog.records) == 3
    assert "RECIPIENT_LOCALE failed: AttributeError" in caplog.text
