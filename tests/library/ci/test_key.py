"""The key that CI signs with is believed only once every environment has it."""

from pathlib import Path

import pytest

from mlops_maturity.ci.key import provide_key
from mlops_maturity.ci.settings import Setting
from mlops_maturity.project import signing
from mlops_maturity.project.errors import ProjectError

# git signs with ssh-keygen, which not every machine has.
pytestmark = pytest.mark.speed("all")

SETTING = Setting(signing.KEY, "what CI signs with", secret=True, environments=("staging", "production"), made=True)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a key."""
    monkeypatch.chdir(tmp_path)


def test_key_that_is_refused_halfway_is_not_believed_and_made_again() -> None:
    given: dict[str, str] = {}

    def give(environment: str, key: str, refused: str = "") -> None:
        if environment == refused:
            raise ProjectError(f"{environment} is refused")
        given[environment] = key

    with pytest.raises(ProjectError, match="production is refused"):
        provide_key(SETTING, lambda environment, key: give(environment, key, "production"), show=False)
    assert not signing.is_required()
    first = given["staging"]
    provide_key(SETTING, give, show=False)
    assert signing.is_required()
    assert set(given) == {"staging", "production"}
    assert len({*given.values(), first}) == 2, "both environments have the new key"


def test_key_that_is_only_shown_is_neither_given_nor_believed(capsys: pytest.CaptureFixture[str]) -> None:
    provide_key(SETTING, lambda environment, _: pytest.fail(environment), show=True)
    assert capsys.readouterr().out == f"would make {signing.KEY} for staging, production: commit {signing.SIGNERS}\n"
    assert not signing.is_required()
