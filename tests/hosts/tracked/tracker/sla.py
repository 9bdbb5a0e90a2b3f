from django_sla.registry import watch_comments

watch_comments("tracker.Comment", ticket="bug", author="author", public="public", at="written_at")
