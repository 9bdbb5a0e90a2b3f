"""What listens to the outside: comments, statuses, the request being served, task queues."""
