from django_sla.registry import watch_comments

watch_comments("vendor.VendorFollowUp", ticket="ticket", author="user", public="public", at="date")
