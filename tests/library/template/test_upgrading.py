"""A project takes over a higher level, another answer or a newer template, and keeps what its team did."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from library.template.conftest import SmallTemplate, Team, git, write
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.template import upgrading
from mlops_maturity.template.origin import AGREED, KEY
from mlops_maturity.template.versions import Template

pytestmark = pytest.mark.guards("T-11")


def generated(template: SmallTemplate, tmp_path: Path, tag: str = "v1", **answers: str) -> dict[str, str]:
    """The files of a new project with these answers."""
    folder = tmp_path / "-".join((tag, *answers.values()))
    folder.mkdir()
    return template.generated(folder, tag, **answers).files()


@pytest.mark.parametrize("levels", [("2",), ("1", "2")], ids="-".join)
def test_level_up_gives_the_files_that_the_level_generates(
    levels: tuple[str, ...], team: Team, template: SmallTemplate, tmp_path: Path
) -> None:
    for level in levels:
        upgrading.level_up(level)
    assert team.files() == generated(template, tmp_path, maturity_level=levels[-1])
    assert team.git("log", "-1", "--format=%s").startswith("Raise the maturity level from ")


def test_names_that_a_person_ignores_everywhere_are_merged(
    team: Team, template: SmallTemplate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ignored").write_text("*.yaml\n*.whl\n")
    (tmp_path / "config").write_text(f"[core]\n\texcludesFile = {tmp_path}/ignored\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    upgrading.level_up("1", version="v2")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    assert team.files() == generated(template, tmp_path, "v2", maturity_level="1")


@pytest.mark.parametrize("level", ["0", "1"])
def test_update_gives_the_files_that_the_new_version_generates(
    level: str, team: Team, template: SmallTemplate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if level == "1":
        upgrading.level_up("1")
    upgrading.update()
    assert team.files() == generated(template, tmp_path, "v2", maturity_level=level)
    printed = capsys.readouterr().out
    assert ("the library's code of train has changed: make run" in printed) == (level == "1")
    upgrading.update()
    assert "nothing to take over" in capsys.readouterr().out


def test_version_is_chosen_by_its_name(team: Team, template: SmallTemplate, tmp_path: Path) -> None:
    upgrading.level_up("1", version="v2")
    assert team.files() == generated(template, tmp_path, "v2", maturity_level="1")
    assert json.loads(team.text(".template.json"))["commit"] == git(template.path, "rev-parse", "v2")


def test_change_gives_the_files_that_the_answers_generate(team: Team, template: SmallTemplate, tmp_path: Path) -> None:
    upgrading.change(ci_provider="gitlab", cloud="", deploy_target="kubernetes")
    assert team.files() == generated(template, tmp_path, ci_provider="gitlab", deploy_target="kubernetes")
    assert team.git("log", "-1", "--format=%s") == "Change ci_provider to gitlab, deploy_target to kubernetes"


@pytest.mark.usefixtures("team")
def test_new_targets_and_settings_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    upgrading.level_up("2")
    printed = capsys.readouterr().out
    targets, settings = printed.split("new targets of make:")[1].split("for a person to set")
    assert targets.split() == ["watch", "Watch", "it"]
    assert "a reviewer  the environments" in settings
    assert "a token" not in settings
    assert "the steps are a pipeline now: make run" in settings


def test_edits_of_the_team_survive(team: Team) -> None:
    team.edit("README.md", "First.", "First, and ours.")
    team.edit("Makefile", "PORT ?= 8000", "PORT ?= 9000")
    (team.path / "docs/setup.md").rename(team.path / "docs/ours.md")
    team.commit(**{"src/new.py": "X = 1\n"})
    upgrading.level_up("2")
    upgrading.update()
    assert "First, and ours." in team.text("README.md")
    assert "Third, level 2, fixed." in team.text("README.md")
    assert "PORT ?= 9000" in team.text("Makefile")
    assert "a reviewer" in team.text("docs/ours.md")
    assert team.text("src/new.py") == "X = 1\n"


def test_dependencies_of_the_team_survive_and_the_lock_is_resolved(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    # Beside the pin of the library, which the template changes, and in the lock.
    team.edit("pyproject.toml", '"mlops-maturity==1.0+ca"]', '"mlops-maturity==1.0+ca", "tabulate"]')
    team.edit("requirements.lock", "level-0==1\n", "level-0==1\ntabulate==2\n")
    upgrading.level_up("1", version="v2")
    assert 'dependencies = ["mlops-maturity==2.0+cb", "tabulate"]' in team.text("pyproject.toml")
    assert team.text("requirements.lock") == "level-1==1\nresolved==1\n"
    assert "resolving the locks with your own dependencies" in capsys.readouterr().out
    assert team.git("status", "--porcelain") == ""
    assert team.git("log", "-1", "--format=%s") == "Raise the maturity level from 0 to 1"


def test_lock_that_cannot_be_resolved_is_reported(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.edit("Makefile", "@echo 'resolved==1' >> requirements.lock", "@echo broken >&2; exit 1")
    team.edit("pyproject.toml", '  "pytest",', '  "pytest",\n  "hypothesis",')
    upgrading.level_up("1")
    assert "the locks could not be resolved: run `make lock`" in capsys.readouterr().out
    assert team.git("status", "--porcelain") == ""


def test_deleted_lock_comes_back_resolved(team: Team) -> None:
    (team.path / "requirements.lock").unlink()
    team.commit()
    upgrading.level_up("1")
    assert team.text("requirements.lock") == "level-1==1\nresolved==1\n"
    assert team.git("status", "--porcelain") == ""


def test_conflict_is_reported_and_can_be_undone(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.edit("README.md", "Third, level 0.", "Ours.")
    team.edit("requirements.lock", "level-0==1\n", "level-0==1\ntabulate==2\n")
    (team.path / "docs/setup.md").unlink()
    team.commit()
    head, before = team.git("rev-parse", "HEAD"), team.files()
    with pytest.raises(ProjectError, match="conflicts with changes of your own in 2 of the files"):
        upgrading.level_up("2", version="v2")
    lines = capsys.readouterr().out.splitlines()
    # What is new is printed now: nothing will say it after the conflict is resolved.
    assert "new targets of make:" in lines[: lines.index("the template and you have changed the same lines:")]
    assert (
        "  - the steps are a pipeline now: make run push, then commit what they leave"
        in lines[lines.index("and then:") :]
    )
    assert "  README.md      both changed it" in lines
    assert "  docs/setup.md  you deleted it, the template changes it" in lines
    assert "the locks are the template's until `make lock` resolves them" in "\n".join(lines)
    assert "<<<<<<< HEAD" in team.text("README.md")
    with pytest.raises(ProjectError, match="a merge has not ended"):
        upgrading.level_up("2")
    team.git("cherry-pick", "--abort")
    assert (team.git("rev-parse", "HEAD"), team.files()) == (head, before)


def test_conflict_that_is_resolved_ends_in_the_level(team: Team, template: SmallTemplate, tmp_path: Path) -> None:
    team.edit("README.md", "Third, level 0.", "Ours.")
    with pytest.raises(ProjectError, match="in 1 of the files"):
        upgrading.level_up("1")
    (team.path / "README.md").write_text("Ours, and theirs.\n")
    team.git("add", "README.md")
    team.git("-c", "core.editor=true", "cherry-pick", "--continue")
    expected = generated(template, tmp_path, maturity_level="1") | {"README.md": "Ours, and theirs.\n"}
    assert team.files() == expected


def test_pointer_of_the_model_leaves_with_level_0(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.commit(**{"models/model.zip.dvc": "outs: []\n", "models/.gitignore": "/model.zip\n/other\n"})
    upgrading.level_up("1")
    assert not (team.path / "models/model.zip.dvc").exists()
    assert team.text("models/.gitignore") == "/other\n"
    assert "dvc get . models/model.zip --rev" in capsys.readouterr().out


def test_pointer_of_the_model_stays_with_an_update(team: Team) -> None:
    team.commit(**{"models/model.zip.dvc": "outs: []\n", "models/.gitignore": "/model.zip\n"})
    upgrading.update()
    assert (team.path / "models/model.zip.dvc").exists()


def test_project_in_a_folder_of_a_larger_repository_is_raised(
    template: SmallTemplate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = tmp_path / "outer"
    (outer / "models").mkdir(parents=True)
    inner = template.generated(outer / "models")
    git(inner.path, "config", KEY, str(template.path))
    (inner.path / ".git").rename(outer / ".git")
    write(outer, {"README.md": "Many things.\n"})
    git(outer, "add", "--all")
    git(outer, "commit", "--quiet", "--message", "All")
    monkeypatch.chdir(inner.path)
    upgrading.level_up("1")
    assert inner.files() == generated(template, tmp_path, maturity_level="1")
    assert (outer / "README.md").read_text() == "Many things.\n"
    assert git(outer, "ls-files", ".template.json") == ""


def test_template_is_found_by_its_address(team: Team, template: SmallTemplate) -> None:
    team.git("config", "--unset", KEY)
    entry = json.loads(team.text(".template.json")) | {"template": f"file://{template.path}"}
    team.git("config", AGREED, entry["template"])
    team.commit(**{".template.json": json.dumps(entry, indent=2, sort_keys=True) + "\n"})
    upgrading.update()
    assert json.loads(team.text(".template.json")) == entry | {"commit": git(template.path, "rev-parse", "v2")}


def test_path_of_the_template_is_remembered_by_the_clone_only(team: Team, template: SmallTemplate) -> None:
    team.git("config", "--unset", KEY)
    with pytest.raises(ProjectError, match=r"has no address of the template; give its path or address: TEMPLATE="):
        upgrading.level_up("1")
    upgrading.level_up("1", template=str(template.path))
    assert team.git("config", "--get", KEY) == str(template.path)
    assert str(template.path) not in "".join(team.files().values())
    upgrading.level_up("2")


def test_template_without_a_history_can_raise_but_not_update(
    team: Team, template: SmallTemplate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upgrading.update()
    unpacked = template.path.rename(tmp_path / "unpacked")
    (unpacked / ".git").rename(tmp_path / "history")
    with pytest.raises(ProjectError, match="has no history to find version"):
        upgrading.level_up("1", template=str(unpacked))
    entry = json.loads(team.text(".template.json")) | {"commit": None}
    team.commit(**{".template.json": json.dumps(entry)})
    upgrading.level_up("1", template=str(unpacked))
    assert json.loads(team.text(".template.json"))["answers"]["maturity_level"] == "1"
    upgrading.update(template=str(unpacked))
    assert "nothing to take over: the project is at the version of the template" in capsys.readouterr().out
    (tmp_path / "history").rename(unpacked / ".git")
    with pytest.raises(ProjectError, match='put its commit into "commit" there'):
        upgrading.update(template=str(unpacked))


@pytest.mark.parametrize(
    ("level", "asked", "says"),
    [
        ("1", "1", "the project is at level 1, and 1 is not a higher level; give LEVEL=2"),
        ("1", "0", "and 0 is not a higher level; give LEVEL=2"),
        ("0", "", "and no level is given; give LEVEL=1 or LEVEL=2"),
        ("2", "2", "the project is at level 2, which is the highest"),
    ],
)
def test_level_that_is_not_higher_is_refused(level: str, asked: str, says: str, team: Team) -> None:
    entry = json.loads(team.text(".template.json"))
    entry["answers"]["maturity_level"] = level
    team.commit(**{".template.json": json.dumps(entry)})
    with pytest.raises(ProjectError, match=says):
        upgrading.level_up(asked)


def test_wrong_version_template_or_answer_is_refused_and_changes_nothing(team: Team, tmp_path: Path) -> None:
    head = team.git("rev-parse", "HEAD")
    with pytest.raises(ProjectError, match="has no version v9; give another: VERSION= or TEMPLATE="):
        upgrading.update(version="v9")
    with pytest.raises(ProjectError, match="the template cannot be reached at"):
        upgrading.update(template=str(tmp_path / "nowhere"))
    with pytest.raises(ProjectError, match="cloud: 'azure' is not allowed"):
        _change_without_storage(cloud="azure")
    with pytest.raises(ProjectError, match="no answer would change; the project has CLOUD=none"):
        upgrading.change(cloud="none")
    assert team.git("rev-parse", "HEAD") == head
    assert team.git("status", "--porcelain") == ""


def _change_without_storage(**answers: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upgrading, "_fetch_all_versions", lambda: None)
        upgrading.change(**answers)


def test_changes_that_are_not_committed_are_named(team: Team) -> None:
    write(team.path, {"README.md": "Changed.\n", "1.txt": "", "2.txt": "", "3.txt": ""})
    with pytest.raises(ProjectError, match=r"not committed: README\.md, 1\.txt, 2\.txt, \.\.\.; commit or stash"):
        upgrading.level_up("1")


def test_repository_without_a_commit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match="there is no git commit here"):
        upgrading.update()


@pytest.mark.parametrize(("content", "says"), [(None, "is missing: restore it"), ("{}", "is damaged")])
def test_missing_or_damaged_origin_is_refused(content: str | None, says: str, team: Team) -> None:
    file = team.path / ".template.json"
    file.unlink() if content is None else file.write_text(content)
    team.commit()
    with pytest.raises(ProjectError, match=says):
        upgrading.update()


# The storage of another cloud


DVC = '#!/bin/sh\necho "$*" >> asked\n{does}\n'


def dvc_that(does: str, monkeypatch: pytest.MonkeyPatch, team: Team) -> None:
    """Let Python be a command that does this; what it is asked for is in the file `asked`, which git ignores."""
    command = team.path.parent / "python"
    command.write_text(DVC.format(does=does))
    command.chmod(0o755)
    (team.path / ".git/info/exclude").write_text("asked\n")
    monkeypatch.setattr(sys, "executable", str(command))


def test_all_versions_are_fetched_before_the_cloud_changes(
    team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dvc_that("exit 0", monkeypatch, team)
    upgrading.change(cloud="aws")
    assert team.text("asked") == "-m dvc fetch --all-commits --all-tags\n"
    assert team.text(".dvc/config") == "remote = aws\n"
    assert "dvc push --all-commits" in capsys.readouterr().out


@pytest.mark.parametrize("does", ["exit 1", "echo 'WARNING: Missing cache files: x' >&2"])
def test_version_that_is_nowhere_keeps_the_cloud(does: str, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    dvc_that(does, monkeypatch, team)
    with pytest.raises(ProjectError, match="is in neither the cache nor the storage"):
        upgrading.change(cloud="aws")
    assert team.text(".dvc/config") == "remote = none\n"


# The environment


def test_environment_of_the_project_is_set_up_again(
    team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (team.path / ".git/info/exclude").write_text("ready\n")
    upgrading.level_up("1")
    assert "set up the environment again: make setup" in capsys.readouterr().out
    assert not (team.path / "ready").exists()
    monkeypatch.setattr(sys, "prefix", str(team.path / ".venv"))
    upgrading.level_up("2")
    assert (team.path / "ready").exists()


def test_environment_that_cannot_be_set_up_is_reported(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.edit("Makefile", "\t@touch ready", "\t@exit 1")
    monkeypatch.setattr(sys, "prefix", str(team.path / ".venv"))
    with pytest.raises(ProjectError, match="the merge is committed, but the environment could not be set up"):
        upgrading.level_up("1")
    assert team.git("log", "-1", "--format=%s") == "Raise the maturity level from 0 to 1"


# Git


@pytest.mark.parametrize("cause", ["a lock that another command left", "a hook"])
def test_refusal_of_git_changes_nothing(cause: str, team: Team) -> None:
    blocker = team.path / ".git" / ("hooks/prepare-commit-msg" if cause == "a hook" else "index.lock")
    write(blocker.parent, {blocker.name: "#!/bin/sh\necho no >&2\nexit 1\n"})
    blocker.chmod(0o755)
    head = team.git("rev-parse", "HEAD")
    with pytest.raises(ProjectError, match="git cherry-pick: "):
        upgrading.level_up("1")
    blocker.unlink()
    assert team.git("rev-parse", "HEAD") == head
    assert team.git("status", "--porcelain") == ""


# Cookiecutter


COOKIECUTTER = {
    "cookiecutter.json": json.dumps(
        {"slug": "sample", "dataset": "sample", "target": "species", "maturity_level": "0"}
    ),
    "{{cookiecutter.slug}}/level.txt": "{{ cookiecutter.maturity_level }} {{ cookiecutter.target }}\n",
    "hooks/post_gen_project.py": """import pathlib, shutil, subprocess
dataset = "{{ cookiecutter.dataset }}"
if "{{ cookiecutter.maturity_level }}" == "7":
    raise SystemExit("maturity_level: 7 is not allowed")
if dataset != "sample":
    shutil.copy(dataset, "data")
subprocess.run(["git", "init", "--quiet"], check=True)
""",
}


def test_rendering_is_what_cookiecutter_makes_of_the_answers(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    write(source, COOKIECUTTER)
    template = Template(str(source), tmp_path)
    answers = {"maturity_level": "1", "dataset": "my.csv", "target": "out, come", "not asked any more": "x"}
    rendered = template.render(template.commit(None), answers, "rendered")
    assert (rendered / "level.txt").read_text() == "1 out, come\n"
    header, *rows = (rendered / "data").read_text().splitlines()
    assert header.startswith('"out, come",,')
    assert len(rows) >= 30
    assert not (rendered / ".git").exists()
    with pytest.raises(ProjectError, match=r"Hook script failed|maturity_level: 7 is not allowed"):
        template.render(None, {"maturity_level": "7"}, "refused")


def test_stand_in_of_a_parquet_file_has_its_mark(tmp_path: Path) -> None:
    write(tmp_path / "source", COOKIECUTTER)
    template = Template(str(tmp_path / "source"), tmp_path)
    assert template._stand_in("table.parquet", "target").read_bytes() == b"PAR1"


def test_abbreviation_of_an_address_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(*arguments: str, **_: object) -> str:
        asked.extend(arguments)
        raise ProjectError("git clone: no")

    monkeypatch.setattr("mlops_maturity.template.versions.git", refuse)
    with pytest.raises(ProjectError, match="the template cannot be reached at gh:team/name"):
        Template("gh:team/name", tmp_path)
    assert "https://github.com/team/name.git" in asked


def test_command_line_reaches_level_up(team: Team) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mlops_maturity", "level-up", "--level="],
        cwd=team.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        "level-up: the project is at level 0, and no level is given; give LEVEL=1 or LEVEL=2",
    )
