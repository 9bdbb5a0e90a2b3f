from django_sla.registry import watch_comments

watch_comments("helpline.Note", ticket="call", author="by", public="public", at="written_at")
