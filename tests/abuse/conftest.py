import logging

import pytest

from tests.abuse.inputs import THOUSANDS


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Requests that are refused are meant to be."""
    caplog.set_level(logging.CRITICAL, logger="django")


@pytest.fixture(params=range(THOUSANDS))
def thousand(request: pytest.FixtureRequest) -> int:
    """Which of the inputs."""
    found: int = request.param
    return found
