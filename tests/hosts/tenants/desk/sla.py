from django_sla.registry import watch_comments

watch_comments(
    "desk.Comment", ticket="ticket", author="author", public="is_public", at="created_at"
)
