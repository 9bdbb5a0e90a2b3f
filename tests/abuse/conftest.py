import logging

import pytest


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Requests that are refused are meant to be."""
    caplog.set_level(logging.CRITICAL, logger="django")
