"""Commands of DVC run in this process."""

import pytest

from library import in_process


@pytest.fixture(autouse=True)
def _dvc_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    in_process.use(monkeypatch)
