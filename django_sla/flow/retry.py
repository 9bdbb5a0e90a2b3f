"""Work that the database ends, because somebody else holds a lock, is begun again."""

import logging
from collections.abc import Callable
from random import random
from time import sleep
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connections

logger = logging.getLogger(__name__)

TRIES = 5
"""How often it is begun."""

WAIT = 0.1
"""Seconds before the second try; twice that before the third, and so on."""

Result = TypeVar("Result")


def patiently(work: Callable[[], Result], using: str) -> Result:
    """Do it, in a transaction of its own, and all over again where the database ended that.

    Raises:
        OperationalError: the last try was ended, too; or it is inside somebody else's
            transaction, which is over.
    """
    connection = connections[using]
    for tried in range(1, TRIES):
        try:
            return work()
        except (InterfaceError, OperationalError) as error:
            if connection.in_atomic_block:
                raise
            logger.info("Tried %d times: %s", tried, error)
            sleep(WAIT * 2 ** (tried - 1) * (0.5 + random()))  # nosec B311
            connection.close_if_unusable_or_obsolete()
    return work()
