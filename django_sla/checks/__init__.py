"""System checks, under the tag ``sla``: what is misconfigured is told before a ticket meets it.

An id keeps its meaning for ever, so that it can stand in ``SILENCED_SYSTEM_CHECKS``.

===================  =============================================================================
django_sla.E001      The setting has a key that does not exist.
django_sla.E002      The setting lacks a key that is needed.
django_sla.E003      The setting has a value of the wrong kind, or out of range.
django_sla.E004      The setting names a calendar that is not defined.
django_sla.E005      The setting gives a name twice, or one that is built in.
django_sla.E006      The setting has a calendar that cannot be read.
django_sla.E007      The setting has a goal that cannot be read.
django_sla.E008      The setting names a callable that cannot be imported or called.
django_sla.E009      The setting has an escalation that cannot be read.
django_sla.E010      ``USE_TZ`` is off.
django_sla.E011      ``simple_history`` is not among the installed apps.
django_sla.W010      The middleware of django-simple-history is missing.
django_sla.E020      Two policies have the same name.
django_sla.E021      A policy has a goal for a metric that does not exist.
django_sla.E022      An escalation is for a metric that does not exist.
django_sla.E023      An escalation of a policy in code is by a channel that is not defined.
django_sla.W020      A policy's condition reads a field that no ticket model has.
django_sla.W021      A policy is never asked, because one before it is for every ticket.
django_sla.W022      ``PRIORITIES`` leads to a priority for which no policy has a goal.
django_sla.W023      An escalation is to nobody, or to somebody whom nobody knows.
django_sla.E030      A field that ``SLA(...)`` names does not exist.
django_sla.E031      A status that ``SLA(...)`` names is not among the field's choices.
django_sla.W030      A status is mapped to no category.
django_sla.W031      A priority has no goals.
django_sla.W032      A policy for some tickets has no goals for a priority.
django_sla.W033      A field with the usual name does not exist, and no other was named.
django_sla.W034      The manager is not built on ``SLAQuerySet``.
django_sla.W035      The changelog has no client IP.
django_sla.E040      A watched comment model does not exist.
django_sla.E041      A field that ``watch_comments(...)`` names does not exist.
django_sla.E042      The ticket of a watched comment is not a ticket with an SLA.
django_sla.E050      The setting names a channel that is not defined.
django_sla.E051      The setting has a channel that cannot be used.
===================  =============================================================================
"""

from django.core.checks import register

from django_sla.checks.comments import check_comments
from django_sla.checks.policies import check_policies
from django_sla.checks.project import MIDDLEWARE, check_project, check_settings
from django_sla.checks.tickets import check_tickets

__all__ = [
    "MIDDLEWARE",
    "TAG",
    "check_comments",
    "check_policies",
    "check_project",
    "check_settings",
    "check_tickets",
]

TAG = "sla"

register(TAG)(check_settings)
register(TAG)(check_project)
register(TAG)(check_policies)
register(TAG)(check_tickets)
register(TAG)(check_comments)
