"""A living project takes over a higher level, another answer or a newer template; what its team did stays.

Everything runs on a copy of this template with a history of its own: two versions, the second with some changes.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from conftest import SAMPLE_SLUG, Project, run, write_csv
from living import Team, Versions
from project_edits import EDITS

from hooks.answers import CHOICES
from hooks.record import KEY

PLACES = list(product(CHOICES["ci_provider"], CHOICES["cloud"], CHOICES["deploy_target"]))
# Each answer once; the others are of speed `deep`.
FEW = [("github", "none", "docker"), ("gitlab", "aws", "kubernetes"), ("jenkins", "gcp", "docker")]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return Versions(tmp_path_factory.mktemp("versions"))


Start = Callable[..., Team]


@pytest.fixture
def start(versions: Versions, tmp_path: Path) -> Start:
    """A fresh project in somebody's hands; the library is that of this template, not the wheel's."""
    python = Path(sys.executable)
    numbers: Iterator[int] = iter(range(100))

    def started(version: str = "v1", **answers: str) -> Team:
        folder = tmp_path / f"project-{next(numbers)}"
        folder.mkdir()
        return Team(versions.bake(folder, version, **answers), python, str(versions.path))

    return started


@pytest.mark.guards("T-11")
@pytest.mark.parametrize(
    "place",
    [pytest.param(place, marks=[] if place in FEW else pytest.mark.speed("deep")) for place in PLACES],
    ids="-".join,
)
def test_raised_project_is_the_one_that_the_level_generates(place: tuple[str, str, str], start: Start) -> None:
    answers = dict(zip(("ci_provider", "cloud", "deploy_target"), place, strict=True))
    one, two = (start(maturity_level=level, **answers).files() for level in "12")
    step_by_step = start(maturity_level="0", **answers)
    step_by_step.asks("level-up", "--level=1")
    assert step_by_step.files() == one
    step_by_step.asks("level-up", "--level=2")
    assert step_by_step.files() == two
    at_once = start(maturity_level="0", **answers)
    at_once.asks("level-up", "--level=2")
    assert at_once.files() == two
    assert at_once.git("log", "--format=%s").splitlines()[0] == "Raise the maturity level from 0 to 2"


@pytest.mark.parametrize("level", ["0", pytest.param("1", marks=pytest.mark.speed("deep")), "2"])
def test_updated_project_is_the_one_that_the_new_template_generates(level: str, start: Start) -> None:
    team = start(maturity_level=level)
    assert "Fixed" not in team.project.text("SECURITY.md")
    team.asks("update")
    assert team.files() == start("v2", maturity_level=level).files()
    assert "nothing to take over" in team.asks("update")


def test_version_is_chosen_and_found_again(start: Start, versions: Versions) -> None:
    team = start(maturity_level="0")
    assert "nothing to take over" in team.asks("update", "--version=v1")
    team.asks("level-up", "--level=1", "--version=v2")
    assert team.files() == start("v2", maturity_level="1").files()
    assert json.loads(team.project.text(".template.json"))["commit"] == versions.git("rev-parse", "v2")


@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        ({}, ["--ci-provider=gitlab"], {"ci_provider": "gitlab"}),
        pytest.param(
            *({"ci_provider": "gitlab"}, ["--ci-provider=jenkins"], {"ci_provider": "jenkins"}),
            marks=pytest.mark.speed("deep"),
        ),
        pytest.param(
            {}, ["--deploy-target=kubernetes"], {"deploy_target": "kubernetes"}, marks=pytest.mark.speed("deep")
        ),
        (
            {"cloud": "aws"},
            ["--ci-provider=jenkins", "--deploy-target=kubernetes"],
            {"cloud": "aws", "ci_provider": "jenkins", "deploy_target": "kubernetes"},
        ),
        ({}, ["--cloud=gcp"], {"cloud": "gcp"}),
    ],
)
def test_changed_project_is_the_one_that_the_answers_generate(
    before: dict[str, str], options: list[str], after: dict[str, str], start: Start
) -> None:
    team = start(maturity_level="2", **before)
    said = team.asks("change", *options)
    assert team.files() == start(maturity_level="2", **after).files()
    assert ("dvc push --all-commits" in said) == ("--cloud=gcp" in options)


def test_own_data_are_not_asked_for(start: Start, tmp_path: Path) -> None:
    answers = {"dataset": str(write_csv(tmp_path / "my data; new.csv", "x;y", "out, come")), "target": "out, come"}
    team = start(maturity_level="0", **answers)
    (team.path / "data" / "raw" / "my-data-new.csv").unlink()
    shutil.rmtree(team.path / ".dvc" / "cache")
    team.asks("level-up", "--level=2")
    assert team.files() == start(maturity_level="2", **answers).files()


@pytest.mark.guards("T-11")
def test_nothing_that_a_team_did_is_lost(start: Start, versions: Versions, tmp_path: Path) -> None:
    """The whole way by the targets, in a clone, on a branch, after a squash; and all suites are green after it."""
    team = start(maturity_level="0")
    team.step("ingest", "validate-data", "split", "train", "evaluate", "validate-model", "package")
    team.dvc("add", "--quiet", "models/model.zip")
    team.dvc("push", "--quiet")
    team.commit("Train")
    for edit in EDITS:
        edit.make(team.path)
        team.commit(edit.name)
    assert [edit.name for edit in EDITS if not edit.is_there(team.path)] == []
    team.git("branch", "work")
    team.git("reset", "--quiet", "--soft", "HEAD~20")
    team.git("commit", "--quiet", "--message", "Squashed")
    clone = tmp_path / "clone" / SAMPLE_SLUG
    run(["git", "clone", "--quiet", str(team.path), str(clone)], tmp_path)
    here = Project(clone)
    here.run("git", "switch", "--quiet", "--create", "raise")
    assert [edit.name for edit in EDITS if not edit.is_there(clone)] == []
    before = here.run("git", "rev-parse", "HEAD").stdout.strip()
    done = here.run("make", "level-up", "LEVEL=2", f"TEMPLATE={versions.path}", f"PYTHON={sys.executable}")
    assert [edit.name for edit in EDITS if not edit.is_there(clone)] == []
    assert "tabulate==" in here.text("requirements.lock")
    assert "Raise the maturity level from 0 to 2: done" in done.stdout
    assert "watch" in done.stdout.split("new targets of make:")[1].split("for a person to set")[0]
    assert "approval of production" in done.stdout.split("for a person to set")[1]
    assert " passed in " in done.stdout
    assert " failed" not in done.stdout
    # The model of level 0 is the pipeline's now, and its last version is still to be had.
    assert not (clone / "models" / "model.zip.dvc").exists()
    here.run(".venv/bin/dvc", "get", ".", "models/model.zip", "--rev", before, "--out", "old.zip")
    assert (clone / "old.zip").read_bytes() == (team.path / "models" / "model.zip").read_bytes()
    (clone / "old.zip").unlink()
    assert here.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.guards("T-11")
def test_conflict_is_told_and_can_be_taken_back(start: Start) -> None:
    team = start(maturity_level="0")
    for path, old, new in (
        ("Makefile", '\t@$(RUN) serve $${PORT:+--port "$$PORT"}\n', "\t@$(RUN) serve --port 9000\n"),
        ("SECURITY.md", "", "Ours.\n"),
    ):
        text = team.project.text(path)
        assert old in text
        (team.path / path).write_text(text.replace(old, new) if old else new)
    (team.path / "docs" / "github.md").unlink()
    team.commit()
    head, before = team.git("rev-parse", "HEAD"), team.files()
    code, said = team.answer("level-up", "--level=1")
    assert code == 1
    told = {line.split("  ")[1]: line.split("  ")[-1].strip() for line in said.splitlines() if line.startswith("  ")}
    assert told["Makefile"] == "both changed it"
    assert told["docs/github.md"] == "you deleted it, the template changes it"
    assert said.splitlines()[-1].startswith("level-up: conflicts with changes of your own in 3 of the files")
    assert "git cherry-pick --abort" in said
    assert "<<<<<<< HEAD" in team.project.text("Makefile")
    assert "a merge has not ended" in team.is_refused("level-up", "--level=1")
    team.git("cherry-pick", "--abort")
    assert (team.git("rev-parse", "HEAD"), team.files()) == (head, before)


def test_conflict_that_is_put_right_ends_in_the_level(start: Start) -> None:
    team = start(maturity_level="0")
    text = team.project.text("SECURITY.md")
    (team.path / "SECURITY.md").write_text("Ours.\n")
    team.commit()
    assert "conflicts with changes of your own in 1 of the files" in team.is_refused("level-up", "--level=1")
    (team.path / "SECURITY.md").write_text("Ours, and theirs.\n")
    team.git("add", "SECURITY.md")
    team.git("-c", "core.editor=true", "cherry-pick", "--continue")
    assert text != "Ours.\n"
    expected = start(maturity_level="1").files() | {"SECURITY.md": b"Ours, and theirs.\n"}
    assert team.files() == expected


@pytest.mark.speed("deep")
def test_project_in_a_folder_of_a_larger_repository(start: Start, tmp_path: Path) -> None:
    inner = start(maturity_level="0")
    shutil.rmtree(inner.path / ".git")
    outer = tmp_path / "outer"
    (outer / "models").mkdir(parents=True)
    shutil.move(inner.path, outer / "models" / SAMPLE_SLUG)
    (outer / "README.md").write_text("Many things.\n")
    run(["git", "init", "--quiet", "--initial-branch=main"], outer)
    run(["git", "add", "--all"], outer)
    run(["git", "commit", "--quiet", "--message", "All"], outer)
    team = Team(Project(outer / "models" / SAMPLE_SLUG), inner.python, inner.template)
    team.asks("level-up", "--level=1")
    assert team.files() == start(maturity_level="1").files()
    assert (outer / "README.md").read_text() == "Many things.\n"
    assert run(["git", "ls-files", "README.md", ".template.json"], outer).stdout == "README.md\n"


@pytest.mark.speed("deep")
def test_template_is_found_by_its_address(start: Start, versions: Versions) -> None:
    team = start(maturity_level="0")
    assert json.loads(team.project.text(".template.json"))["template"] is None
    team.asks("level-up", "--level=1", template=f"file://{versions.path}")
    assert team.files() == start(maturity_level="1").files()
    entry = json.loads(team.project.text(".template.json")) | {"template": f"file://{versions.path}"}
    (team.path / ".template.json").write_text(json.dumps(entry, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    team.commit()
    team.asks("update", template="")
    assert json.loads(team.project.text(".template.json")) == entry | {"commit": versions.git("rev-parse", "v2")}


def test_template_without_a_history_can_raise_but_not_update(start: Start, versions: Versions, tmp_path: Path) -> None:
    unpacked = shutil.copytree(versions.path, tmp_path / "unpacked", ignore=shutil.ignore_patterns(".git"))
    team = start("v2", maturity_level="0")
    assert "has no history to find version" in team.is_refused("level-up", "--level=1", template=str(unpacked))
    entry = json.loads(team.project.text(".template.json")) | {"commit": None}
    (team.path / ".template.json").write_text(json.dumps(entry))
    team.commit()
    assert 'put its commit into "commit" there' in team.is_refused("level-up", "--level=1")
    team.asks("level-up", "--level=1", template=str(unpacked))
    assert json.loads(team.project.text(".template.json"))["answers"]["maturity_level"] == "1"
    assert "nothing to take over" in team.asks("update", template=str(unpacked))


def test_what_cannot_be_done_is_refused_in_one_line_and_changes_nothing(start: Start, tmp_path: Path) -> None:
    team = start(maturity_level="1")
    team.git("config", "--unset", KEY)
    for arguments, template, said in (
        (
            ["level-up", "--level=1"],
            None,
            "level-up: the project is at level 1, and 1 is not a higher level; give LEVEL=2",
        ),
        (["level-up", "--level=0"], None, "and 0 is not a higher level; give LEVEL=2"),
        (["level-up", "--level="], None, "and no level is given; give LEVEL=2"),
        (["level-up", "--level=2"], "", ".template.json has no address of the template"),
        (["level-up", "--level=2"], str(tmp_path / "nowhere"), "the template cannot be reached at"),
        (["update", "--version=v9"], None, "has no version v9; give another: VERSION= or TEMPLATE="),
        (["change", "--cloud=azure"], None, "cloud: 'azure' is not allowed; answer none or aws or gcp"),
        (["change", "--cloud=none"], None, "no answer would change; the project has CI_PROVIDER=github, CLOUD=none"),
    ):
        assert said in team.is_refused(*arguments, template=template)
    (team.path / "README.md").write_text("Changed.\n")
    (team.path / "new.txt").write_text("New.\n")
    assert team.is_refused("level-up", "--level=2").endswith(
        "not committed: README.md, new.txt; commit or stash that first"
    )
    team.git("restore", "README.md")
    (team.path / "new.txt").unlink()
    assert team.git("status", "--porcelain") == ""
    assert team.git("log", "--format=%s") == "Start from the template"


def test_versions_that_only_the_storage_has_are_fetched_before_the_cloud_changes(start: Start) -> None:
    team = start(maturity_level="0")
    shutil.rmtree(team.path / ".dvc" / "cache")
    team.asks("change", "--cloud=aws")
    assert len(list((team.path / ".dvc" / "cache" / "files").rglob("??/*"))) == 1
    other = start(maturity_level="0")
    shutil.rmtree(other.path / ".dvc" / "cache")
    shutil.rmtree(other.path / "storage")
    other.commit()
    assert "is in neither the cache nor the storage" in other.is_refused("change", "--cloud=aws")


def test_environment_of_the_template_is_not_touched(start: Start) -> None:
    team = start(maturity_level="0")
    home = Path.home()
    before = set(home.iterdir())
    team.asks("level-up", "--level=1")
    assert set(home.iterdir()) == before
