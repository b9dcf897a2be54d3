"""What a run left goes to a branch of its own and to the registry; main is for people to change."""

import json
from pathlib import Path

import pytest

from library.in_process import another_model
from library.sandbox import Repository
from mlops_maturity.pipeline import publishing
from mlops_maturity.pipeline.publishing import in_words, told
from mlops_maturity.project import job
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import COMPARISON, METRICS, PULL_REQUEST
from mlops_maturity.project.repository import git
from mlops_maturity.registry import versions as registry


@pytest.fixture
def here(in_production: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A clone whose model is in production, as the current folder."""
    monkeypatch.chdir(in_production.path)
    monkeypatch.delenv("REASON", raising=False)
    return in_production


def remote(reference: str) -> str:
    return git("ls-remote", "origin", reference).partition("\t")[0]


@pytest.mark.guards("1-CD", "1-REG")
@pytest.mark.usefixtures("here")
def test_publish_of_a_new_model_leaves_main_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REASON", "drift: the bills are longer")
    monkeypatch.setenv(job.OUTPUTS, str(tmp_path / "outputs"))
    monkeypatch.setenv(job.SUMMARIES[0], str(tmp_path / "page.md"))
    main = remote("refs/heads/main")
    another_model()
    publishing.run()
    assert "registered model v2" in capsys.readouterr().out
    head = git("rev-parse", "HEAD")
    assert remote("refs/heads/main") == main != head
    assert remote("refs/heads/training/another") == head == registry.versions()[-1].commit
    assert git("log", "-1", "--format=%B") == "Train model another\n\ndrift: the bills are longer"
    assert (tmp_path / "outputs").read_text() == f"version=v2\nbranch=training/another\ncommit={head}\n"
    words = PULL_REQUEST.read_text()
    assert words.startswith("## Model v2\n\nTrained because of drift: the bills are longer.\n")
    assert "compared with v1 on its own:\n" in words
    assert "- PASS not_worse\n" in words
    assert (tmp_path / "page.md").read_text() == f"{words}\n"


@pytest.mark.guards("1-CD")
@pytest.mark.usefixtures("here")
def test_publish_of_the_model_of_the_commit_makes_no_branch(capsys: pytest.CaptureFixture[str]) -> None:
    publishing.run()
    printed = capsys.readouterr().out.splitlines()
    assert printed[-2:] == ["registered already: v1", f"v1 is on this commit; see {PULL_REQUEST}"]
    assert git("branch", "--format=%(refname:short)") == "main"


@pytest.mark.guards("1-CD", "1-GATE")
@pytest.mark.usefixtures("here")
def test_publish_of_a_model_that_is_worse_publishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def worse() -> None:
        raise ProjectError("v1 stays in production")

    monkeypatch.setattr(registry, "compare", worse)
    another_model()
    with pytest.raises(ProjectError, match="v1 stays in production"):
        publishing.run()
    assert git("ls-remote", "--heads", "origin").count("refs/heads/") == 1
    assert [version.name for version in registry.versions()] == ["v1"]


def test_propose_commits_changes_to_a_branch_for_people_to_merge(
    here: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    here.set("model.seed", 8)
    main = remote("refs/heads/main")
    publishing.propose("tuning/better", "Tune the model")
    assert git("log", "-1", "--format=%s") == "Tune the model"
    assert remote("refs/heads/tuning/better") == git("rev-parse", "HEAD")
    assert remote("refs/heads/main") == main
    words = PULL_REQUEST.read_text()
    assert words.startswith("## Tune the model\n\n| Path ")
    assert "model.seed" in words
    assert capsys.readouterr().out.endswith(f"committed to the branch tuning/better; see {PULL_REQUEST}\n")


@pytest.mark.usefixtures("here")
def test_propose_without_a_change_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    publishing.propose("tuning/better", "Tune the model")
    assert capsys.readouterr().out.endswith("nothing has changed\n")
    assert git("branch", "--format=%(refname:short)") == "main"


def test_told_of_a_first_model_compares_with_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    gates = [{"name": "beats_baseline", "passed": True}, {"name": "beats_simple", "passed": False}]
    scores = {"test": {"accuracy": 0.95, "log_loss": 0.1}}
    METRICS.write_text(json.dumps({"rows": {"test": 1000}, "scores": scores, "gates": gates}))
    assert list(told("v1", "")) == [
        "## Model v1",
        "",
        "On the test set, 1,000 rows:",
        "",
        "- accuracy: 0.95",
        "- log loss: 0.1",
        "",
        "Gates:",
        "",
        "- PASS beats_baseline",
        "- FAIL beats_simple",
        "",
        "Merging takes over `dvc.lock`, metrics and cards. `make lineage VERSION=v1` shows its origin.",
    ]
    assert not COMPARISON.exists()


@pytest.mark.parametrize(
    ("name", "value", "before", "words"),
    [
        ("log_loss", 0.045, 0.05, "log loss: 0.045, was 0.05: better by 10.0%"),
        ("log_loss", 0.06, 0.05, "log loss: 0.06, was 0.05: worse by 20.0%"),
        ("accuracy", 0.9, 0.8, "accuracy: 0.9, was 0.8: better by 12.5%"),
        ("accuracy", 0.5, 0.0, "accuracy: 0.5, was 0: better"),
        ("accuracy", 0.90001, 0.9, "accuracy: 0.9, as before"),
        ("accuracy", 0.9, None, "accuracy: 0.9"),
    ],
)
def test_score_in_words_says_whether_it_is_better(name: str, value: float, before: float | None, words: str) -> None:
    assert in_words(name, value, before) == words
