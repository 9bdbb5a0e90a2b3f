"""The setting: what it gives, and what it says of everything that is wrong."""

import pickle
import re
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from django_sla import conf
from django_sla.channels import Channel, Email, Webhook
from django_sla.conf import Problem, did_you_mean, problems, say, settings
from django_sla.core.calendar import ALWAYS, Calendar
from django_sla.core.condition import where
from django_sla.core.escalation import DEFAULT_ESCALATIONS, escalation
from django_sla.core.ip import parse_networks
from django_sla.core.policy import DEFAULT_GOALS, Policy, Reopening, Source
from django_sla.exceptions import InvalidSettings, SLAError

BUSINESS = {"tz": "Europe/Paris", "hours": {"mon-fri": [("09:00", "17:00")]}}
HOUR = timedelta(hours=1)
POLICY = {"name": "VIP", "goals": {}}


def with_sla(**keys: Any) -> Any:
    return override_settings(DJANGO_SLA=keys)


def yes(user: Any, ticket: Any) -> bool:
    return True


def no_ticket(user: Any) -> bool:
    return True


# What it gives


@pytest.mark.parametrize("given", [True, False], ids=["empty", "absent"])
def test_without_a_setting_the_defaults_hold(given: bool) -> None:
    with override_settings(DJANGO_SLA={}):
        if not given:
            del django_settings.DJANGO_SLA
            settings.forget()
        assert problems() == []
        assert settings.calendars == {"always": ALWAYS}
        assert settings.policies == ()
        assert settings.default_policy == Policy.build(
            "default", DEFAULT_GOALS, source=Source.DEFAULT
        )
        assert settings.priorities == {}
        assert settings.trusted_proxies == ()
        assert settings.responder is None
        assert settings.escalations == DEFAULT_ESCALATIONS
        assert settings.default_policy.terms.escalations == ()
        assert list(settings.channels) == ["email"]
        assert settings.digest_above == 5
        assert settings.objective == 95
        assert settings.base_url == ""
        assert settings.recipient_locale is None
        assert settings.metrics_token == ""
        assert settings.client_ip == "full"
        assert settings.retention_days == 180


def test_calendars_are_read_or_taken_as_they_are() -> None:
    own = Calendar("America/Toronto")
    with with_sla(CALENDARS={"business": BUSINESS, "toronto": own}):
        assert settings.calendars == {
            "always": ALWAYS,
            "business": Calendar(**BUSINESS),  # type: ignore[arg-type]
            "toronto": own,
        }
        with pytest.raises(TypeError):
            settings.calendars["mine"] = own  # type: ignore[index]


def test_a_calendar_may_be_open_on_special_days_alone() -> None:
    days = {"tz": "UTC", "hours": {}, "special_days": {"2026-12-24": [("09:00", "12:00")]}}
    with with_sla(CALENDARS={"christmas": days}):
        assert settings.calendars["christmas"].is_open(datetime(2026, 12, 24, 10, tzinfo=UTC))


def test_goals_are_merged_metric_by_metric() -> None:
    goals = {
        "Urgent": {"response": "30m"},
        "high": {"resolution": None},
        "planning": {"resolution": timedelta(days=10)},
    }
    with with_sla(GOALS=goals):
        policy = settings.default_policy
    goal = policy.terms.goal
    assert goal("response", "urgent") == HOUR / 2
    assert goal("resolution", "urgent") == 4 * HOUR, "what ships"
    assert goal("response", "high") == 4 * HOUR, "what ships"
    assert goal("resolution", "high") is None
    assert goal("resolution", "planning") == timedelta(days=10)
    assert goal("response", "planning") is None
    assert (policy.name, policy.source) == ("default", Source.DEFAULT)


def test_defaults_hold_for_the_default_policy_and_those_that_do_not_say() -> None:
    keys = {
        "CALENDARS": {"business": BUSINESS},
        "CALENDAR": "business",
        "AT_RISK": 60,
        "REOPENING": "restart",
    }
    silent = {"name": "silent", "goals": {}}
    says = silent | {"name": "says", "calendar": "always", "at_risk": 90, "reopening": "keep"}
    with with_sla(**keys, POLICIES=[silent, says]):
        business = settings.calendars["business"]
        for policy in (settings.default_policy, settings.policies[0]):
            terms = policy.terms
            assert (terms.calendar, terms.at_risk) == (business, 60)
            assert terms.reopening is Reopening.RESTART
        terms = settings.policies[1].terms
        assert (terms.calendar, terms.at_risk, terms.reopening) == (ALWAYS, 90, Reopening.KEEP)


def test_policies_keep_their_order_and_their_conditions() -> None:
    vip = {
        "name": "VIP",
        "goals": {"*": {"response": "1h", "next_response": "PT2H"}},
        "when": {"customer__vip": True, "kind__in": ["a", "b"]},
    }
    with with_sla(POLICIES=[vip, {"name": "Others", "goals": {}}]):
        assert settings.policies == (
            Policy.build(
                "VIP",
                {"*": {"response": "1h", "next_response": "2h"}},
                when=where(customer__vip=True, kind__in=["a", "b"]),
                source=Source.SETTINGS,
            ),
            Policy.build("Others", {}, source=Source.SETTINGS),
        )
        assert settings.policies[0].when.fields == {"customer__vip", "kind"}


def test_priorities_are_found_by_any_value_in_any_case() -> None:
    with with_sla(PRIORITIES={"P1": "Urgent", 2: "high", None: "low"}):
        assert settings.priorities == {"p1": "urgent", "2": "high", "none": "low"}


def test_trusted_proxies_are_networks() -> None:
    with with_sla(TRUSTED_PROXIES=["10.0.0.0/8", "::1", "unix"]):
        assert settings.trusted_proxies == parse_networks(["10.0.0.0/8", "::1", "unix"])


@pytest.mark.parametrize("responder", [yes, f"{__name__}.yes"], ids=["callable", "path"])
def test_a_responder_is_a_callable_or_its_path(responder: Any) -> None:
    with with_sla(RESPONDER=responder):
        assert settings.responder is yes
        assert problems() == []


def test_a_responder_that_cannot_tell_its_arguments_is_taken() -> None:
    with with_sla(RESPONDER=max):
        assert problems() == []


def test_the_responder_is_imported_late() -> None:
    """Its module may ask for the settings while it is imported: it registers policies."""
    with with_sla(RESPONDER="tests.not_there.yet"):
        assert settings.calendars
        module = ModuleType("tests.not_there")
        module.yet = yes  # type: ignore[attr-defined]
        with pytest.raises(InvalidSettings, match="cannot be imported"):
            _ = settings.responder
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "tests.not_there", module)
            assert settings.responder is yes


LATE = {"when": "1h after", "channel": "email", "to": ["lead"], "in_hours": True}
OFF = {"metric": "response", "when": "due", "channel": "email", "enabled": False}


def test_escalations_are_for_every_policy_that_does_not_say() -> None:
    silent, says = POLICY, POLICY | {"name": "says", "escalations": [OFF | {"enabled": True}]}
    none = POLICY | {"name": "none", "escalations": []}
    with with_sla(ESCALATIONS=[LATE, OFF], POLICIES=[silent, says, none]):
        assert settings.escalations == (LATE, OFF), "those that are switched off among them"
        for policy in (settings.default_policy, settings.policies[0]):
            assert policy.terms.escalations == (escalation(LATE),)
        assert [str(one.when) for one in settings.policies[1].terms.escalations] == ["due"]
        assert settings.policies[2].terms.escalations == ()
        assert settings.policies[0].origin("escalations") == Source.SETTINGS
    with with_sla(POLICIES=[silent]):
        assert settings.policies[0].origin("escalations") == Source.DEFAULT


SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = {"backend": "django_sla.channels.Webhook", "url": "https://example.com/", "secret": SECRET}


class Pager(Channel):
    made = 0

    def __init__(self, name: str, *, service: str, **options: Any):
        super().__init__(name, **options)
        self.service = service
        Pager.made += 1


class Stranger:
    """Takes anything, and is no channel."""

    def __init__(self, *args: Any, **options: Any):
        pass


def test_channels_are_made_once_with_their_names_and_options() -> None:
    pager = {"backend": f"{__name__}.Pager", "service": "desk"}
    with with_sla(CHANNELS={"ops": HOOK, "pager": pager}):
        assert problems() == []
        assert list(settings.channels) == ["email", "ops", "pager"]
        assert isinstance(settings.channel("ops"), Webhook)
        assert isinstance(settings.channel("email"), Email)
        Pager.made = 0
        found = settings.channel("pager")
        assert (found.name, found.service) == ("pager", "desk")
        assert settings.channel("pager") is found
        assert Pager.made == 1
        with pytest.raises(LookupError):
            settings.channel("fax")
    with with_sla(CHANNELS={"pager": pager | {"service": "other"}}):
        assert settings.channel("pager").service == "other"


def test_the_channel_that_is_there_may_be_another_one() -> None:
    email = {"backend": "django_sla.channels.Email", "from_email": "desk@example.com"}
    with with_sla(CHANNELS={"email": email}):
        assert settings.channel("email").from_email == "desk@example.com"


def test_what_the_other_settings_of_delivery_give() -> None:
    keys: dict[str, Any] = {
        "DIGEST_ABOVE": 1,
        "METRICS_TOKEN": "0123456789abcdef",
        "CLIENT_IP": "masked",
        "RETENTION_DAYS": None,
        "OBJECTIVE": 97.5,
    }
    for url, expected in {
        "https://desk.example.com": "https://desk.example.com",
        "http://localhost:8000/": "http://localhost:8000",
        "https://example.com/desk/": "https://example.com/desk",
    }.items():
        with with_sla(BASE_URL=url, **keys):
            assert settings.base_url == expected
            assert settings.digest_above == 1
            assert settings.objective == 97.5
            assert settings.metrics_token == "0123456789abcdef"
            assert settings.client_ip == "masked"
            assert settings.retention_days is None


def in_french(user: Any) -> tuple[str, str]:
    return "fr", "Europe/Paris"


@pytest.mark.parametrize("locale", [in_french, f"{__name__}.in_french"], ids=["callable", "path"])
def test_the_locale_is_a_callable_or_its_path(locale: Any) -> None:
    with with_sla(RECIPIENT_LOCALE=locale):
        assert settings.recipient_locale is in_french
        assert problems() == []


# Reading once


def test_it_is_read_once_until_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = []
    monkeypatch.setattr(conf, "read", lambda raw: readings.append(raw) or READ(raw))
    with with_sla(AT_RISK=50):
        assert settings.default_policy.terms.at_risk == 50
        assert settings.default_policy is settings.default_policy
        with with_sla(AT_RISK=60):
            assert settings.default_policy.terms.at_risk == 60
        with override_settings(LANGUAGE_CODE="fr"):
            assert settings.default_policy.terms.at_risk == 50
    assert [raw["AT_RISK"] for raw in readings] == [50, 60, 50]


READ = conf.read


def test_threads_share_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    readings, found = [], []
    together = threading.Barrier(8)

    def slowly(raw: object) -> Any:
        readings.append(raw)
        threading.Event().wait(0.05)
        return READ(raw)

    def ask() -> None:
        together.wait()
        found.append(settings.default_policy)

    monkeypatch.setattr(conf, "read", slowly)
    with with_sla():
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(readings) == 1
    assert len({id(policy) for policy in found}) == 1
    assert len(found) == 8


def test_a_reading_of_the_old_setting_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(raw: object) -> Any:
        begun.set()
        go_on.wait(5)
        return READ(raw)

    with with_sla(AT_RISK=50):
        monkeypatch.setattr(conf, "read", slowly)
        reader = threading.Thread(target=problems)
        reader.start()
        begun.wait(5)
        monkeypatch.setattr(conf, "read", READ)
        threading.Timer(0.05, go_on.set).start()
        with with_sla(AT_RISK=60):
            assert settings.default_policy.terms.at_risk == 60
        reader.join()


# What is wrong with it

WRONG: list[tuple[Any, str, str, str]] = [
    # The setting, and the id, path and words of the one problem with it.
    (5, "E003", "", "expected a table such as {"),
    ({"GOALZ": {}}, "E001", '["GOALZ"]', 'there is no such key. Did you mean "GOALS"?'),
    ({"calendars": {}}, "E001", '["calendars"]', 'Did you mean "CALENDARS"?'),
    ({"colour": "red"}, "E001", '["colour"]', "The keys are CALENDARS, CALENDAR, GOALS,"),
    ({7: 8}, "E001", "[7]", "there is no such key"),
    # CALENDARS
    ({"CALENDARS": ["b"]}, "E003", '["CALENDARS"]', "expected a table such as {"),
    ({"CALENDARS": {"b": "9-5"}}, "E003", '["CALENDARS"]["b"]', "got '9-5'"),
    ({"CALENDARS": {"b": {}}}, "E002", '["CALENDARS"]["b"]', '"tz" is missing'),
    (
        {"CALENDARS": {"b": {"tz": "UTC", "hour": {}}}},
        "E001",
        '["CALENDARS"]["b"]["hour"]',
        'Did you mean "hours"?',
    ),
    (
        {"CALENDARS": {"b": {"tz": "Europe/Pariss"}}},
        "E006",
        '["CALENDARS"]["b"]',
        "did you mean 'Europe/Paris'?",
    ),
    (
        {"CALENDARS": {"b": {"tz": "UTC", "hours": {"mo": []}}}},
        "E006",
        '["CALENDARS"]["b"]',
        "unknown weekday 'mo'",
    ),
    (
        {"CALENDARS": {"b": {"tz": "UTC", "holidays": ["25.12.2026"]}}},
        "E006",
        '["CALENDARS"]["b"]',
        "'25.12.2026' is not a date",
    ),
    (
        {"CALENDARS": {"b": {"tz": "UTC", "special_days": 5}}},
        "E006",
        '["CALENDARS"]["b"]',
        "special_days: expected",
    ),
    ({"CALENDARS": {"b": {"tz": "UTC", "hours": {}}}}, "E006", '["CALENDARS"]["b"]', "never open"),
    ({"CALENDARS": {5: BUSINESS}}, "E006", '["CALENDARS"][5]', "must be a text"),
    ({"CALENDARS": {"always": BUSINESS}}, "E005", '["CALENDARS"]["always"]', "built-in calendar"),
    # CALENDAR
    (
        {"CALENDARS": {"business": BUSINESS}, "CALENDAR": "busines"},
        "E004",
        '["CALENDAR"]',
        "expected the name of a calendar, got 'busines'. Did you mean \"business\"?",
    ),
    ({"CALENDAR": "mine"}, "E004", '["CALENDAR"]', "There is always."),
    ({"CALENDAR": ["always"]}, "E004", '["CALENDAR"]', "got ['always']"),
    # GOALS
    ({"GOALS": "4h"}, "E003", '["GOALS"]', "expected a table such as {"),
    ({"GOALS": {"high": "4h"}}, "E003", '["GOALS"]["high"]', "got '4h'"),
    ({"GOALS": {"high": {"response": "4 ours"}}}, "E007", '["GOALS"]["high"]["response"]', "4h"),
    ({"GOALS": {"high": {"response": 4}}}, "E007", '["GOALS"]["high"]["response"]', "no unit"),
    ({"GOALS": {"high": {"response": "0h"}}}, "E007", '["GOALS"]["high"]["response"]', "longer"),
    ({"GOALS": {"high": {"response": "-1h"}}}, "E007", '["GOALS"]["high"]["response"]', "longer"),
    ({"GOALS": {"high": {5: "4h"}}}, "E007", '["GOALS"]["high"][5]', "a metric must be a text"),
    ({"GOALS": {None: {}}}, "E007", '["GOALS"][None]', "must be a text or a number"),
    ({"GOALS": {10**5000: {}}}, "E007", '["GOALS"][a value of type int]', "must be a text"),
    ({"GOALS": {"High": {}, "high": {}}}, "E005", '["GOALS"]["high"]', "'high' is given twice"),
    # AT_RISK
    ({"AT_RISK": 0}, "E003", '["AT_RISK"]', "a whole percentage from 1 to 100, got 0"),
    ({"AT_RISK": 101}, "E003", '["AT_RISK"]', "got 101"),
    ({"AT_RISK": 0.75}, "E003", '["AT_RISK"]', "got 0.75"),
    ({"AT_RISK": "75"}, "E003", '["AT_RISK"]', "got '75'"),
    ({"AT_RISK": True}, "E003", '["AT_RISK"]', "got True"),
    # REOPENING
    (
        {"REOPENING": "restrat"},
        "E003",
        '["REOPENING"]',
        'one of "resume", "restart", "keep", got \'restrat\'. Did you mean "restart"?',
    ),
    ({"REOPENING": ["keep"]}, "E003", '["REOPENING"]', "got ['keep']"),
    # POLICIES
    ({"POLICIES": POLICY}, "E003", '["POLICIES"]', "expected a list such as ["),
    ({"POLICIES": ["VIP"]}, "E003", '["POLICIES"][0]', "got 'VIP'"),
    ({"POLICIES": [{"goals": {}}]}, "E002", '["POLICIES"][0]', '"name" is missing'),
    ({"POLICIES": [{"name": "VIP"}]}, "E002", '["POLICIES"][0]', '"goals" is missing'),
    ({"POLICIES": [POLICY | {"name": " "}]}, "E003", '["POLICIES"][0]["name"]', "got ' '"),
    ({"POLICIES": [POLICY | {"name": ["a"]}]}, "E003", '["POLICIES"][0]["name"]', "a text"),
    ({"POLICIES": [POLICY, POLICY]}, "E005", '["POLICIES"][1]["name"]', "second policy"),
    (
        {"POLICIES": [POLICY | {"name": "default"}]},
        "E005",
        '["POLICIES"][0]["name"]',
        'belongs to the built-in policy. DJANGO_SLA["GOALS"] changes',
    ),
    (
        {"POLICIES": [POLICY | {"wen": {}}]},
        "E001",
        '["POLICIES"][0]["wen"]',
        'Did you mean "when"?',
    ),
    (
        {"POLICIES": [POLICY | {"goals": {"urgent": {"response": "1x"}}}]},
        "E007",
        '["POLICIES"][0]["goals"]["urgent"]["response"]',
        "'1x' is not a duration",
    ),
    (
        {"POLICIES": [POLICY | {"goals": {"urgent": {"response": None}}}]},
        "E007",
        '["POLICIES"][0]["goals"]["urgent"]["response"]',
        "None is not a duration",
    ),
    ({"POLICIES": [POLICY | {"when": "vip"}]}, "E003", '["POLICIES"][0]["when"]', "got 'vip'"),
    (
        {"POLICIES": [POLICY | {"when": {"a b": 1}}]},
        "E003",
        '["POLICIES"][0]["when"]["a b"]',
        "expected a field path",
    ),
    (
        {"POLICIES": [POLICY | {"when": {5: 1}}]},
        "E003",
        '["POLICIES"][0]["when"][5]',
        "expected a field path",
    ),
    (
        {"POLICIES": [POLICY | {"when": {"kind__in": "ab"}}]},
        "E003",
        '["POLICIES"][0]["when"]["kind__in"]',
        "expected a list of values, got 'ab'",
    ),
    (
        {"POLICIES": [POLICY | {"calendar": "alway"}]},
        "E004",
        '["POLICIES"][0]["calendar"]',
        'Did you mean "always"?',
    ),
    ({"POLICIES": [POLICY | {"at_risk": 0}]}, "E003", '["POLICIES"][0]["at_risk"]', "got 0"),
    ({"POLICIES": [POLICY | {"reopening": 1}]}, "E003", '["POLICIES"][0]["reopening"]', "got 1"),
    # PRIORITIES
    ({"PRIORITIES": ["P1"]}, "E003", '["PRIORITIES"]', "expected a table such as {"),
    ({"PRIORITIES": {"P1": 1}}, "E003", '["PRIORITIES"]["P1"]', "the name of a priority"),
    ({"PRIORITIES": {"P1": ""}}, "E003", '["PRIORITIES"]["P1"]', "got ''"),
    (
        {"PRIORITIES": {"P1": "high", "p1": "low"}},
        "E005",
        '["PRIORITIES"]["p1"]',
        "'p1' is given twice",
    ),
    # TRUSTED_PROXIES
    ({"TRUSTED_PROXIES": "::1"}, "E003", '["TRUSTED_PROXIES"]', "a list such as"),
    (
        {"TRUSTED_PROXIES": ["::1", "10.0.0.1/8"]},
        "E003",
        '["TRUSTED_PROXIES"][1]',
        "did you mean '10.0.0.0/8'?",
    ),
    # RESPONDER
    ({"RESPONDER": 5}, "E008", '["RESPONDER"]', "expected a callable"),
    ({"RESPONDER": "yes"}, "E008", '["RESPONDER"]', "'yes' cannot be imported"),
    ({"RESPONDER": "tests.nowhere.yes"}, "E008", '["RESPONDER"]', "No module named"),
    ({"RESPONDER": f"{__name__}.HOUR"}, "E008", '["RESPONDER"]', "expected a callable"),
    ({"RESPONDER": no_ticket}, "E008", '["RESPONDER"]', "cannot be called with (user, ticket)"),
    ({"RESPONDER": f"{__name__}.no_ticket"}, "E008", '["RESPONDER"]', "cannot be called with"),
    # ESCALATIONS
    ({"ESCALATIONS": LATE}, "E003", '["ESCALATIONS"]', "expected a list such as ["),
    ({"ESCALATIONS": ["due"]}, "E003", '["ESCALATIONS"][0]', "got 'due'"),
    ({"ESCALATIONS": [{"when": "due"}]}, "E009", '["ESCALATIONS"][0]', "channel: expected a name"),
    ({"ESCALATIONS": [LATE | {"wen": 1}]}, "E009", '["ESCALATIONS"][0]', "wen: there is no such"),
    (
        {"ESCALATIONS": [LATE, LATE | {"when": "soon"}]},
        "E009",
        '["ESCALATIONS"][1]',
        'when: expected "at_risk", "due",',
    ),
    (
        {"ESCALATIONS": [LATE | {"channel": "emial"}]},
        "E050",
        '["ESCALATIONS"][0]["channel"]',
        "expected the name of a channel, got 'emial'. Did you mean \"email\"?",
    ),
    (
        {"ESCALATIONS": [LATE | {"channel": "signal"}]},
        "E050",
        '["ESCALATIONS"][0]["channel"]',
        "There is email.",
    ),
    (
        {"POLICIES": [POLICY | {"escalations": [LATE | {"channel": "fax"}]}]},
        "E050",
        '["POLICIES"][0]["escalations"][0]["channel"]',
        "got 'fax'",
    ),
    # CHANNELS
    ({"CHANNELS": ["ops"]}, "E003", '["CHANNELS"]', "expected a table such as {"),
    ({"CHANNELS": {"ops": "Webhook"}}, "E003", '["CHANNELS"]["ops"]', "got 'Webhook'"),
    ({"CHANNELS": {"ops": {"url": "x"}}}, "E002", '["CHANNELS"]["ops"]', '"backend" is missing'),
    ({"CHANNELS": {"ops": {"backend": 5}}}, "E003", '["CHANNELS"]["ops"]["backend"]', "got 5"),
    ({"CHANNELS": {" ops": HOOK}}, "E003", '["CHANNELS"][" ops"]', "without spaces around it"),
    ({"CHANNELS": {5: HOOK}}, "E003", '["CHANNELS"][5]', "must be a text of at most 80"),
    ({"CHANNELS": {"signal": HOOK}}, "E005", '["CHANNELS"]["signal"]', "built-in channel"),
    # DIGEST_ABOVE
    ({"DIGEST_ABOVE": 0}, "E003", '["DIGEST_ABOVE"]', "a whole number from 1 on, got 0"),
    ({"DIGEST_ABOVE": True}, "E003", '["DIGEST_ABOVE"]', "got True"),
    ({"DIGEST_ABOVE": 2.5}, "E003", '["DIGEST_ABOVE"]', "got 2.5"),
    # OBJECTIVE
    ({"OBJECTIVE": 0}, "E003", '["OBJECTIVE"]', "percent between 0 and 100, such as 95, got 0"),
    ({"OBJECTIVE": 100}, "E003", '["OBJECTIVE"]', "got 100"),
    ({"OBJECTIVE": True}, "E003", '["OBJECTIVE"]', "got True"),
    ({"OBJECTIVE": "95"}, "E003", '["OBJECTIVE"]', "got '95'"),
    ({"OBJECTIVE": float("nan")}, "E003", '["OBJECTIVE"]', "got nan"),
    # BASE_URL
    ({"BASE_URL": "desk.example.com"}, "E003", '["BASE_URL"]', "expected an address such as"),
    ({"BASE_URL": "ftp://example.com"}, "E003", '["BASE_URL"]', "got 'ftp://example.com'"),
    ({"BASE_URL": "https://a.b/?c"}, "E003", '["BASE_URL"]', "expected an address"),
    ({"BASE_URL": "https://a@b.c"}, "E003", '["BASE_URL"]', "expected an address"),
    ({"BASE_URL": None}, "E003", '["BASE_URL"]', "got None"),
    # RECIPIENT_LOCALE
    ({"RECIPIENT_LOCALE": 5}, "E008", '["RECIPIENT_LOCALE"]', "expected a callable (user) -> (la"),
    ({"RECIPIENT_LOCALE": yes}, "E008", '["RECIPIENT_LOCALE"]', "cannot be called with (user)"),
    # METRICS_TOKEN
    ({"METRICS_TOKEN": "hunter2"}, "E003", '["METRICS_TOKEN"]', "at least 16 characters"),
    ({"METRICS_TOKEN": None}, "E003", '["METRICS_TOKEN"]', "at least 16 characters"),
    # CLIENT_IP and RETENTION_DAYS
    ({"CLIENT_IP": "hashed"}, "E003", '["CLIENT_IP"]', '"full", "masked", "none"'),
    ({"CLIENT_IP": []}, "E003", '["CLIENT_IP"]', '"full", "masked", "none"'),
    ({"RETENTION_DAYS": -1}, "E003", '["RETENTION_DAYS"]', "a whole number of days"),
    ({"RETENTION_DAYS": True}, "E003", '["RETENTION_DAYS"]', "a whole number of days"),
    ({"RETENTION_DAYS": 10**9}, "E003", '["RETENTION_DAYS"]', "a whole number of days"),
]


@pytest.mark.parametrize(("setting", "id", "path", "words"), WRONG)
def test_each_wrong_setting(setting: Any, id: str, path: str, words: str) -> None:
    with override_settings(DJANGO_SLA=setting):
        [problem] = problems()
        assert problem.id == f"django_sla.{id}"
        assert problem.path == f"DJANGO_SLA{path}"
        assert words in str(problem)
        assert str(problem).endswith((".", "?"))
        with pytest.raises(InvalidSettings) as raised:
            _ = settings.responder
        assert raised.value.problems == (problem,)
        assert str(problem) in str(raised.value)


LATER: list[tuple[Any, str, str, str]] = [
    # The same of what is imported or made when it is needed.
    ({"RECIPIENT_LOCALE": "yes"}, "E008", '["RECIPIENT_LOCALE"]', "'yes' cannot be imported"),
    ({"RECIPIENT_LOCALE": f"{__name__}.yes"}, "E008", '["RECIPIENT_LOCALE"]', "called with (user)"),
    (
        {"CHANNELS": {"ops": {"backend": "desk.Pager"}}},
        "E051",
        '["CHANNELS"]["ops"]',
        "'desk.Pager' cannot be used: No module named 'desk'",
    ),
    (
        {"CHANNELS": {"ops": {"backend": f"{__name__}.Stranger"}}},
        "E051",
        '["CHANNELS"]["ops"]',
        "it is no subclass of django_sla.channels.Channel",
    ),
    (
        {"CHANNELS": {"ops": HOOK | {"url": "http://example.com/"}}},
        "E051",
        '["CHANNELS"]["ops"]',
        "cannot be used: url: expected https://",
    ),
    (
        {"CHANNELS": {"ops": HOOK | {"colour": "red"}}},
        "E051",
        '["CHANNELS"]["ops"]',
        "Webhook has no option colour",
    ),
    (
        {"CHANNELS": {"email": {"backend": "django_sla.channels.Email", "timeout": 0}}},
        "E051",
        '["CHANNELS"]["email"]',
        "timeout: expected seconds",
    ),
]


@pytest.mark.parametrize(("setting", "id", "path", "words"), LATER)
def test_each_wrong_callable_and_channel(setting: Any, id: str, path: str, words: str) -> None:
    with override_settings(DJANGO_SLA=setting):
        [problem] = problems()
        assert problem.id == f"django_sla.{id}"
        assert problem.path == f"DJANGO_SLA{path}"
        assert words in str(problem)
        assert settings.policies == (), "which needs neither"
        channels = setting.get("CHANNELS", {})
        with pytest.raises(InvalidSettings) as raised:
            _ = [settings.channel(name) for name in channels] or settings.recipient_locale
        assert raised.value.problems == (problem,)


def test_secrets_are_not_told() -> None:
    ops = HOOK | {"secret": "whsec_hunter2"}
    with with_sla(METRICS_TOKEN="hunter2", CHANNELS={"ops": ops}):
        found = problems()
    assert [problem.id for problem in found] == ["django_sla.E003", "django_sla.E051"]
    assert "hunter2" not in " ".join(map(str, found))


@pytest.mark.parametrize(
    "name",
    [
        "calendars",
        "policies",
        "default_policy",
        "priorities",
        "trusted_proxies",
        "responder",
        "escalations",
        "channels",
        "digest_above",
        "objective",
        "base_url",
        "recipient_locale",
        "metrics_token",
        "client_ip",
        "retention_days",
    ],
)
def test_every_access_raises_where_anything_is_wrong(name: str) -> None:
    with with_sla(AT_RISK=0), pytest.raises(InvalidSettings, match="AT_RISK"):
        getattr(settings, name)


def test_everything_is_told_at_once() -> None:
    setting = {
        "GOALS": {"urgent": {"response": "1x", "resolution": "2x"}, "high": 5},
        "CALENDARS": {"b": {"tz": "Mars", "hours": 5, "holidays": 5, "special_days": 5, "x": 1}},
        "POLICIES": [{}, {"name": "a", "goals": [], "when": [], "calendar": "b"}],
        "TRUSTED_PROXIES": ["a", "b"],
        "RESPONDER": "a.b",
    }
    with override_settings(DJANGO_SLA=setting):
        found = problems()
        with pytest.raises(InvalidSettings) as raised:
            _ = settings.policies
    lines = str(raised.value).splitlines()
    assert lines[0] == "The setting DJANGO_SLA is wrong:"
    assert len(found) == 15
    assert lines[1:] == [f"  {problem}" for problem in found[:-1]], "but for what is imported late"


def test_a_wrong_default_is_told_once_and_not_for_each_policy() -> None:
    with with_sla(CALENDAR="mine", AT_RISK=0, REOPENING="no", POLICIES=[POLICY]):
        assert [problem.path for problem in problems()] == [
            f'DJANGO_SLA["{key}"]' for key in ("CALENDAR", "AT_RISK", "REOPENING")
        ]


def test_a_calendar_that_cannot_be_read_is_not_unknown_as_well() -> None:
    with with_sla(CALENDARS={"b": {"tz": "Mars"}}, CALENDAR="b"):
        assert [problem.id for problem in problems()] == ["django_sla.E006"]


def test_a_channel_that_cannot_be_read_is_not_unknown_as_well() -> None:
    with with_sla(CHANNELS={"ops": {}}, ESCALATIONS=[LATE | {"channel": "ops"}]):
        assert [problem.id for problem in problems()] == ["django_sla.E002"]


def test_the_exception_is_both_of_ours_and_of_django() -> None:
    problem = Problem(id="x", path="p", message="m.", hint="h.")
    error = InvalidSettings([problem])
    assert isinstance(error, SLAError)
    assert isinstance(error, ImproperlyConfigured)
    assert str(error) == "The setting DJANGO_SLA is wrong:\n  p: m. h."
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_message_is_the_first_paragraph_of_a_docstring() -> None:
    class TooEarly(SLAError):
        """{0} is before
        {1!r}.

        Not {0}.
        """

    assert str(TooEarly("Monday", "now")) == "Monday is before 'now'."
    assert TooEarly("Monday", "now").args == ("Monday", "now")
    with pytest.MonkeyPatch.context() as patch:  # as under python -OO
        patch.setattr(TooEarly, "__doc__", None)
        assert str(TooEarly("Monday", "now")) == "('Monday', 'now')"


# Rubbish

KEYS = st.sampled_from(
    [*conf.KEYS, *conf.CALENDAR_KEYS, *conf.POLICY_KEYS, "always", "b", "*", "urgent", "response"]
) | st.text(max_size=5)
WORDS = st.sampled_from(
    ["UTC", "always", "b", "resume", "4h", "09:00", "24:00", "2026-12-24", "::1", "x__in", "a.b"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
RUBBISH = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=30,
)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "CALENDARS": st.dictionaries(
            KEYS,
            st.dictionaries(st.sampled_from(conf.CALENDAR_KEYS), RUBBISH) | RUBBISH,
            max_size=3,
        ),
        "POLICIES": st.lists(
            st.dictionaries(st.sampled_from(conf.POLICY_KEYS), RUBBISH) | RUBBISH, max_size=3
        ),
        **{key: RUBBISH for key in conf.KEYS if key not in ("CALENDARS", "POLICIES")},
    },
)


@given(RUBBISH | LIKELY)
@example({"AT_RISK": 10**5000})
@example({"x" * 10_000: 1})
@example({"CALENDARS": {"b": {"tz": "\ud800"}}})
def test_no_rubbish_makes_it_raise(setting: Any) -> None:
    with override_settings(DJANGO_SLA=setting):
        found = problems()
        for problem in found:
            assert problem.path.startswith("DJANGO_SLA")
            assert len(problem.path) < 500
            assert str(problem)
        if found:
            with pytest.raises(InvalidSettings):
                _ = settings.responder
        else:
            assert settings.default_policy.name == "default"
            assert isinstance(settings.policies, tuple)


# Words


def test_did_you_mean() -> None:
    known = ["GOALS", "CALENDARS"]
    assert did_you_mean("goal", known) == 'Did you mean "GOALS"?'
    assert did_you_mean("goal", iter(known)) == 'Did you mean "GOALS"?'
    assert did_you_mean("colour", known) == ""
    assert did_you_mean(5, known) == ""
    assert did_you_mean("x" * 10**6, known) == ""


def test_say_is_never_long_and_never_raises() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert say("x" * 70) == repr("x" * 70)
    for value in ("x" * 10_000, ["x" * 1000] * 1000, 10**5000, Broken()):
        assert len(say(value)) < 700


# Documentation

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"


def test_every_key_is_documented() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    sections = [line.strip("# `") for line in lines if line.startswith("## ")]
    assert sections == list(conf.KEYS)
    rows = [line.partition("`")[2].partition("`")[0] for line in lines if line.startswith("| ")]
    for key in (*conf.KEYS, *conf.CALENDAR_KEYS, *conf.POLICY_KEYS):
        assert key in rows


def test_the_examples_are_right() -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) > len(conf.KEYS)
    for code in examples:
        names: dict[str, Any] = {}
        exec(code, names)
        with override_settings(DJANGO_SLA=names["DJANGO_SLA"]):
            assert [p for p in problems() if "desk.sla" not in p.message] == []
