from django_sla.registry import watch_comments

watch_comments(
    "service.Reply",
    ticket="ticket",
    author="author",
    public=lambda reply: not reply.internal,
    at="created_at",
)
