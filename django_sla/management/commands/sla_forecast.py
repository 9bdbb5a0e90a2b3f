"""``manage.py sla_forecast``: what the next weeks will keep, and which open tickets will not."""

from argparse import SUPPRESS, ArgumentParser
from typing import Any

from django.core.management import CommandError

from django_sla import registry
from django_sla.exceptions import ForecastNotInstalled, NotEnoughHistory
from django_sla.management.arguments import add_model, declaration, instant, where, zone
from django_sla.management.forecast_text import FORECAST, Told
from django_sla.management.printing import PrintingCommand
from django_sla.management.running import Meter
from django_sla.moment import now as read_now
from django_sla.reports.chances import LIKELIEST, Chances
from django_sla.reports.forecast import INTERVAL, WEEKS, Forecast, forecast


class Command(PrintingCommand):
    help = (
        "Say how many promises the next weeks are likely to keep, and which open tickets are the "
        "likeliest to breach, each beside how far off that was before. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_model(parser)
        parser.add_argument(
            "--metric",
            metavar="NAME",
            default="resolution",
            help="response, resolution or another (default: resolution)",
        )
        parser.add_argument(
            "--weeks",
            type=int,
            default=WEEKS,
            metavar="N",
            help=f"how many weeks ahead (default: {WEEKS}); 0: no forecast, which takes no extra",
        )
        parser.add_argument(
            "--interval",
            type=int,
            default=INTERVAL,
            metavar="PERCENT",
            help="in how many cases of 100 a week is to be within what is told (default: "
            f"{INTERVAL})",
        )
        parser.add_argument(
            "--adjusted", action="store_true", help="forecast without excused breaches"
        )
        parser.add_argument(
            "--open",
            type=int,
            default=LIKELIEST,
            metavar="N",
            help=f"how many open tickets (default: {LIKELIEST}); 0: none, and no chances",
        )
        parser.add_argument(
            "--where",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help="only tickets of this priority, status or dimension, as of sla_report",
        )
        parser.add_argument(
            "--tz", metavar="ZONE", help="where weeks begin (default: in TIME_ZONE)"
        )
        parser.add_argument("--format", choices=FORECAST, default="text")
        parser.add_argument("--now", help=SUPPRESS)

    def handle(self, **options: Any) -> None:
        sla, metric = declaration(options["model"]), options["metric"]
        known = [metric.name for metric in registry.metrics()]
        if metric not in known:
            raise CommandError(f"--metric: there is no {metric!r}; there is {', '.join(known)}")
        if options["open"] < 0:
            raise CommandError("--open: expected a number from 0 on")
        if options["weeks"] == options["open"] == 0:
            raise CommandError("--weeks 0 and --open 0 leave nothing to say")
        tickets = sla.model._default_manager.all()
        now = instant("--now", options["now"]) or read_now()
        shared: dict[str, Any] = {
            "now": now,
            "tz": zone("--tz", options["tz"]),
            "where": where(options["where"]),
        }
        chances, likeliest, calibration = None, None, None
        try:
            expected = self._forecast(tickets, options, shared)
            if options["open"]:
                chances = Chances(tickets, **shared)
        except (ValueError, ForecastNotInstalled) as error:
            separator = "" if isinstance(error, ForecastNotInstalled) else "--"
            raise CommandError(f"{separator}{error}") from None
        if chances is not None:
            likeliest = self._likeliest(chances, options)
            calibration = chances.calibration(metric)
        told = Told(
            model=sla.model._meta.label,
            metric=metric,
            now=now,
            forecast=expected,
            likeliest=likeliest,
            calibration=calibration,
        )
        self.stdout.write(FORECAST[options["format"]](told), ending="")

    def _forecast(
        self, tickets: Any, options: Any, shared: Any
    ) -> Forecast | NotEnoughHistory | None:
        """Too little history is no error: there may be open tickets to tell of."""
        if options["weeks"] == 0:
            return None
        try:
            return forecast(
                tickets,
                options["metric"],
                weeks=options["weeks"],
                interval=options["interval"],
                adjusted=options["adjusted"],
                **shared,
            )
        except NotEnoughHistory as error:
            return error

    def _likeliest(self, chances: Chances, options: Any) -> Any:
        metric = options["metric"]
        quiet = options["verbosity"] == 0
        meter = Meter(self.stderr, chances.count(metric), "open clocks", quiet=quiet)
        try:
            return chances.likeliest(options["open"], metric, meter.advance)
        finally:
            meter.clear()
