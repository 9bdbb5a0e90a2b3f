from django_sla.registry import watch_comments

watch_comments(
    "desk.Comment",
    ticket="ticket",
    author="author",
    public=lambda comment: not comment.internal,
    at="created_at",
)
