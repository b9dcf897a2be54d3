"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that must happen."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
