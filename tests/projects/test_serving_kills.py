"""What `kill -9` takes from the prediction log: nothing in the durable setting, else no more than the log says.

`benchmarks/kills.py` kills a hundred times.
"""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Project
from killing import Killed, kill, promised
from served import packaged

# How often, at a speed.
KILLS = [3, pytest.param(12, marks=pytest.mark.speed("deep"))]
SEED = 7
# One write, on a machine that is busy with other tests.
ONE_WRITE = 3


@pytest.fixture(scope="module")
def python(environment: Callable[..., Path]) -> Path:
    return environment("none", "1")


@pytest.fixture(scope="module")
def project(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return packaged(tmp_path_factory.mktemp("project"), python)


def kills(project: Project, python: Path, log: Path, times: int, *, durable: bool) -> list[Killed]:
    generator = random.Random(SEED)  # noqa: S311 - chance that comes again, no secret
    found = [kill(project, python, log, generator.uniform(0, 0.5), durable=durable) for _ in range(times)]
    assert sum(each.answered for each in found) > 10 * times
    return found


@pytest.mark.guards("MON-01")
@pytest.mark.parametrize("times", KILLS)
def test_durable_log_loses_nothing(times: int, project: Project, python: Path, tmp_path: Path) -> None:
    assert [each.lost for each in kills(project, python, tmp_path / "log.sqlite", times, durable=True)] == [[]] * times


@pytest.mark.parametrize("times", KILLS)
def test_default_log_loses_the_newest_within_its_bound(
    times: int, project: Project, python: Path, tmp_path: Path
) -> None:
    seconds, most = promised(project, python)
    found = kills(project, python, tmp_path / "log.sqlite", times, durable=False)
    assert all(each.newest_only for each in found)
    assert max((age for each in found for age in each.lost), default=0) <= seconds + ONE_WRITE
    assert max(len(each.lost) for each in found) <= most


def test_log_that_holds_back_is_seen(project: Project, python: Path, tmp_path: Path) -> None:
    """A log that writes once a minute loses more than it says, so the other tests would be red."""
    seconds, _ = promised(project, python)
    source = project.path / "src" / project.package / "serving" / "log.py"
    text = source.read_text()
    slow, count = re.subn(r"(?m)^PAUSE = .*$", "PAUSE = 60", text)
    assert count == 1
    try:
        source.write_text(slow)
        killed = kill(project, python, tmp_path / "log.sqlite", seconds + 2 * ONE_WRITE, durable=False)
    finally:
        source.write_text(text)
    assert max(killed.lost) > seconds + ONE_WRITE
