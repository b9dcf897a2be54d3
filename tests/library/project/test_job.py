"""A job hands values and pages to the CI system that runs it, through the files that the system names."""

from pathlib import Path

import pytest

from mlops_maturity.project import job


@pytest.fixture(autouse=True)
def _no_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (job.OUTPUTS, job.VARIABLES, *job.SUMMARIES):
        monkeypatch.delenv(name, raising=False)


def test_output_is_written_as_each_system_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(job.OUTPUTS, str(tmp_path / "outputs"))
    monkeypatch.setenv(job.VARIABLES, str(tmp_path / "new" / "variables"))
    job.output(train="true", reason="new\ndata")
    job.output(version="v1")
    assert (tmp_path / "outputs").read_text() == "train=true\nreason=new data\nversion=v1\n"
    assert (tmp_path / "new" / "variables").read_text() == "TRAIN=true\nREASON=new data\nVERSION=v1\n"


@pytest.mark.parametrize("variable", job.SUMMARIES)
def test_summary_is_added_to_the_page_of_the_run(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "page.md"))
    job.summary("first")
    job.summary("second")
    assert (tmp_path / "page.md").read_text() == "first\nsecond\n"


def test_output_on_a_persons_machine_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job.output(train="true")
    job.summary("text")
    assert list(tmp_path.iterdir()) == []
